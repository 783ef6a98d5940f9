#!/usr/bin/env node
// A plain CGI script: executable, in a folder where the web server runs scripts. In lighttpd:
//   server.modules += ("mod_cgi")   cgi.assign = (".cgi" => "")
// Node takes a file that ends in .cgi for CommonJS, which package.json next to it says too.
import("postern/server/cgi").then(({ WSGIServer }) =>
  new WSGIServer((environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [`Hello World! You asked for ${environ.PATH_INFO}\n`];
  }).run(),
);
