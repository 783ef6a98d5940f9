import { Readable } from "node:stream";
import type { Application, Chunk, Environ, Header } from "../../gateway/types.ts";
import { closeOf, iteratorOf } from "../response-filter/body-kinds.ts";
import type { Content } from "./source.ts";

/** What the request had that is about its own body and its own copy of the response. */
const OWN = [
  "CONTENT_LENGTH",
  "CONTENT_TYPE",
  "REQUEST_URI",
  "HTTP_RANGE",
  "HTTP_IF_MATCH",
  "HTTP_IF_NONE_MATCH",
  "HTTP_IF_MODIFIED_SINCE",
  "HTTP_IF_UNMODIFIED_SINCE",
  "HTTP_IF_RANGE",
] as const;

/**
 * Asks an application for another path, as the same client; it finds the status that it is about in
 * `postern.error_status`. Undefined when it has no page there: when the answer's status is not 200.
 */
export async function subRequest(
  application: Application,
  outer: Environ,
  path: string,
  status: number,
): Promise<Content | undefined> {
  const environ: Environ = {
    ...outer,
    REQUEST_METHOD: "GET",
    PATH_INFO: path,
    QUERY_STRING: "",
    "wsgi.input": Readable.from([], { objectMode: false }),
    "postern.error_status": status,
  };
  for (const name of OWN) delete environ[name];
  let line = "";
  let sent: readonly Header[] = [];
  const chunks: Chunk[] = [];
  const body = await application(environ, (status, headers) => {
    line = status;
    sent = [...headers];
    return (chunk) => {
      chunks.push(chunk);
      return Promise.resolve();
    };
  });
  try {
    const iterator = iteratorOf(body);
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
      chunks.push(step.value);
    }
  } finally {
    closeOf(body)?.();
  }
  const type = sent.find(([name]) => name.toLowerCase() === "content-type")?.[1];
  return line.startsWith("200") && type !== undefined ? { type, chunks } : undefined;
}
