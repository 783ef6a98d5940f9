import type { Body, Chunk } from "../../gateway/types.ts";
import { iteratorOf } from "../response-filter/body-kinds.ts";
import type { HeaderList } from "../response-filter/header-list.ts";

/** The longest plain text that a page takes the place of, in bytes; a longer one is a page of its own. */
const MAX_BYTES = 4_096;

/** What a head says of its body: nothing that anybody has written a page for. */
export type Plainness = "text" | "html" | undefined;

/** HTML may be a line of text all the same, as web.py's pages are. */
export function plainnessOf(headers: HeaderList): Plainness {
  if (headers.has("Content-Encoding")) return undefined;
  const type = headers.get("Content-Type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "text/plain";
  if (type === "text/plain") return "text";
  return type === "text/html" ? "html" : undefined;
}

/** Whether there is markup in HTML, which somebody has written then. */
export function hasMarkup(text: string): boolean {
  return /[<&]/.test(text);
}

/** Whether a body in whole is short enough for a page to take its place. */
export function isShort(chunks: readonly Chunk[]): boolean {
  let size = 0;
  for (const chunk of chunks) size += typeof chunk === "string" ? Buffer.byteLength(chunk) : chunk.byteLength;
  return size <= MAX_BYTES;
}

export function textOf(chunks: readonly Chunk[]): string {
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as Uint8Array)))
    .toString()
    .trim();
}

/** A body that streams, as its chunks if it is short; else what stands in its place, of which nothing is missing. */
export async function readShort(body: Body): Promise<Chunk[] | AsyncIterable<Chunk>> {
  const iterator = iteratorOf(body);
  const chunks: Chunk[] = [];
  while (isShort(chunks)) {
    const step = await iterator.next();
    if (step.done === true) return chunks;
    chunks.push(step.value);
  }
  return withRest(chunks, iterator);
}

async function* withRest(
  chunks: readonly Chunk[],
  iterator: Iterator<Chunk> | AsyncIterator<Chunk>,
): AsyncGenerator<Chunk> {
  yield* chunks;
  for (;;) {
    const step = await iterator.next();
    if (step.done === true) return;
    yield step.value;
  }
}
