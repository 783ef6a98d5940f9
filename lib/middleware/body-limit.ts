// Refuses request bodies that are too long: those that say so at once, others when they have come that far.

import { Readable } from "node:stream";
import { GatewayError, ProtocolError } from "../errors.ts";
import { contentLengthOf } from "../gateway/environ.ts";
import { LazyKey } from "../gateway/lazy-key.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { answerPlainly } from "../gateway/plain-answer.ts";
import type { Middleware } from "../gateway/types.ts";

export interface BodyLimitOptions {
  /** The longest body, in bytes; 0 is none at all. */
  maxBytes: number;
}

/**
 * Answers 413 to a request whose body is longer than `maxBytes`. Where its length is not known before, as with HTTP's
 * chunked coding, the application reads as much as is allowed, and then gets a `ProtocolError` of code `BODY_TOO_LARGE`:
 * let it pass, and the server answers 413.
 *
 * For parts of a site; `maxBodyBytes` of the server is for the whole. A body that is not read costs no memory.
 *
 * @example
 * const form = bodyLimit({ maxBytes: 65_536 })(application);
 *
 * @throws {GatewayError} `OPTION` when the limit is no number, or negative
 */
export function bodyLimit(options: BodyLimitOptions): Middleware {
  checkOptions("bodyLimit()", options, { maxBytes: true });
  const { maxBytes } = options;
  if (typeof maxBytes !== "number" || !(maxBytes >= 0))
    throw new GatewayError("OPTION", `option "maxBytes" is ${maxBytes}; give a number of bytes from 0 on`);
  return (application) => {
    const input = new LazyKey("wsgi.input");
    return (environ, startResponse) => {
      const length = contentLengthOf(environ);
      if (length === undefined) input.define(environ, (body) => limited(body, maxBytes));
      else if (length > maxBytes) return answerPlainly(startResponse, "413 Content Too Large");
      return application(environ, startResponse);
    };
  };
}

function limited(body: Readable, maxBytes: number): Readable {
  const readable = Readable.from(counted(body, maxBytes), { objectMode: false });
  // As the server's own: an application that does not listen is not ended by its client.
  return readable.on("error", () => {});
}

async function* counted(body: Readable, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes)
      throw new ProtocolError("BODY_TOO_LARGE", `the request body is longer than ${maxBytes} bytes`);
    yield chunk;
  }
}
