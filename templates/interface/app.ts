// The gateway interface alone, with no framework: PEP 3333 in TypeScript. Importing this file starts nothing.

import type { Environ, StartResponse } from "postern/gateway";

export async function* app(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  yield `Hello World! You asked for ${environ.PATH_INFO || "/"}\n`;

  // The body of the request is a Node stream: read it as far as you need it.
  let bytes = 0;
  for await (const chunk of environ["wsgi.input"]) bytes += chunk.length;
  if (bytes > 0) yield `You sent ${bytes} bytes.\n`;
}
