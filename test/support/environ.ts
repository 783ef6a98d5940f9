// The environ of a request as a server makes it, typed by hand and not through lib's own.

import { createReadStream } from "node:fs";
import { Readable, Writable } from "node:stream";
import type { Environ } from "../../lib/gateway/types.ts";

export interface TestEnviron {
  readonly environ: Environ;
  /** What was written to `wsgi.errors`. */
  readonly errors: string[];
}

/** `GET /` with `changes` over it; a change to `undefined` takes the key away. */
export function testEnviron(changes: Readonly<Record<string | symbol, unknown>> = {}): TestEnviron {
  const errors: string[] = [];
  const values: Record<string | symbol, unknown> = {
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: "/",
    QUERY_STRING: "",
    SERVER_NAME: "localhost",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "http",
    "wsgi.input": Readable.from([], { objectMode: false }),
    "wsgi.errors": new Writable({
      decodeStrings: false,
      write(chunk, _encoding, done) {
        errors.push(String(chunk));
        done();
      },
    }),
    "wsgi.multithread": true,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "postern.signal": new AbortController().signal,
    "postern.file_wrapper": (path: string, range = {}) => ({
      path,
      range,
      [Symbol.asyncIterator]: () => createReadStream(path, range)[Symbol.asyncIterator](),
    }),
    ...changes,
  };
  for (const key of Object.keys(values)) if (values[key] === undefined) delete values[key];
  return { environ: values as unknown as Environ, errors };
}
