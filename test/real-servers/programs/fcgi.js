#!/usr/bin/env node

import { WSGIServer } from "postern/server/fcgi";
import { app } from "./application.js";

await new WSGIServer(app).run();
