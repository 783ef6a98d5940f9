// uwsgi, the protocol of uWSGI's documentation; what a connection does is in single-request-connection.ts.

import { UwsgiRequestDecoder } from "../protocols/uwsgi/request-decoder.ts";
import { encodeUwsgiResponseHead } from "../protocols/uwsgi/response-head.ts";
import { singleRequestServer } from "./single-request-server.ts";

/** A uwsgi server that nobody has told to listen yet. */
export const createServer = singleRequestServer({
  name: "a uwsgi",
  createDecoder: (maxBytes, names, pairs) => new UwsgiRequestDecoder(maxBytes, names, pairs),
  encodeHead: encodeUwsgiResponseHead,
});
