// Runs the site, whatever started it: a web server that hands over a socket, or you with `node main.js`.

import { app } from "./app.ts";

app.run(import.meta);
