// An Express application as a CGI script.

import { fromNode } from "postern/bridge/node";
import { WSGIServer } from "postern/server/cgi";
import express from "../../test/node_modules/express/index.js";

const app = express();
app.get("/", (_request, response) => {
  response.type("text/plain").send("Hello, World!");
});

void new WSGIServer(fromNode(app)).run();
