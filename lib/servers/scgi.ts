// SCGI, https://python.ca/scgi/protocol.txt; what a connection does is in single-request-connection.ts.

import { encodeResponseHead } from "../protocols/cgi/response-head.ts";
import { ScgiRequestDecoder } from "../protocols/scgi/request-decoder.ts";
import { singleRequestServer } from "./single-request-server.ts";

/** An SCGI server that nobody has told to listen yet. */
export const createServer = singleRequestServer({
  name: "an SCGI",
  createDecoder: (maxBytes, names, pairs) => new ScgiRequestDecoder(maxBytes, names, pairs),
  encodeHead: encodeResponseHead,
});
