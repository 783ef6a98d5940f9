// The gateway interface alone, as FastCGI on the listening socket that lighttpd (bin-path) or spawn-fcgi hands over:
//   npm run build && spawn-fcgi -n -s /tmp/hello.sock -- /usr/bin/env node examples/hello/hello.js
// Another server is another import: postern/server/http, postern/server/cgi.
import { WSGIServer } from "postern/server/fcgi";

await new WSGIServer((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`Hello World! You asked for ${environ.PATH_INFO}\n`];
}).run();
