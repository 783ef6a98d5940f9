#!/usr/bin/env node
// The same application as a plain CGI script: a web server starts it anew for every request. Build first.
Promise.all([import("../app.js"), import("postern/server/cgi")]).then(([{ app }, { WSGIServer }]) =>
  new WSGIServer(app).run(),
);
