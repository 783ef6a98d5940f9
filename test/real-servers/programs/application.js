// What the tests put behind a real web server, as a module that any process can serve.

import { createHash } from "node:crypto";
import { validate } from "postern/middleware/validate";

export const app = validate(answer);

async function* answer(environ, startResponse) {
  const query = new URLSearchParams(environ.QUERY_STRING);
  const json = ["Content-Type", "application/json"];
  switch (environ.PATH_INFO) {
    case "/digest": {
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const chunk of environ["wsgi.input"]) {
        hash.update(chunk);
        bytes += chunk.length;
      }
      startResponse("200 OK", [json]);
      yield JSON.stringify({ bytes, digest: hash.digest("hex"), peakBytes: peakBytes() });
      return;
    }
    case "/bytes": {
      const total = Number(query.get("n"));
      startResponse("200 OK", [
        ["Content-Type", "text/plain"],
        ["Content-Length", String(total)],
      ]);
      const chunk = Buffer.alloc(65_536, "postern ");
      for (let left = total; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
      return;
    }
    default: {
      const { SCRIPT_NAME, PATH_INFO, QUERY_STRING, REQUEST_METHOD, HTTP_X_TEST, CONTENT_LENGTH } = environ;
      startResponse("200 OK", [json]);
      yield JSON.stringify({
        SCRIPT_NAME,
        PATH_INFO,
        QUERY_STRING,
        REQUEST_METHOD,
        HTTP_X_TEST,
        CONTENT_LENGTH,
        pid: process.pid,
        peakBytes: peakBytes(),
      });
    }
  }
}

/** The most memory that this process had in RAM. */
function peakBytes() {
  return process.resourceUsage().maxRSS * 1024;
}
