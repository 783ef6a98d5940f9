// Serves the application on several sockets at once: one server for each set of options in a JSON array on the command
// line. Prints their addresses when all of them listen.

import { serve } from "postern/server";
import { app } from "./application.js";

const servers = JSON.parse(process.argv[2]).map((options) => serve(app, options));
process.once("SIGTERM", () =>
  Promise.all(servers.map((server) => server.close())).then(() => process.exit()),
);
console.log(JSON.stringify(await Promise.all(servers.map((server) => server.listening))));
