// Serves FastCGI on the socket that a web server hands over. Another server is another import, such as
// postern/server/http or postern/server/cgi.

import { WSGIServer } from "postern/server/fcgi";
import { app } from "./app.ts";

await new WSGIServer(app).run();
