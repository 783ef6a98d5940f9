// Serves the application, whatever started it: a web server that hands over a socket, or you with `node main.js`. One
// server and no other is another import, such as postern/server/fcgi or postern/server/cgi.

import { run } from "postern/server";
import { app } from "./app.ts";

// Not awaited: web servers that load this file with require() refuse a module that waits at its top level.
void run(app);
