import type { ResponseHead } from "./head.ts";
import type { Chunk } from "./types.ts";

/** What a sink holds back until it is flushed, for sinks that hand it on in pieces: the head, and bytes of the body. */
export class HeldResponse {
  #head: ResponseHead | undefined;
  #chunks: Uint8Array[] = [];

  head(head: ResponseHead): void {
    this.#head = head;
  }

  /** Bytes only: node:http writes a head as UTF-8 when the first piece behind it is a string. */
  write(chunk: Chunk): void {
    this.#chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  }

  /** The head, once. */
  protected takeHead(): ResponseHead | undefined {
    const head = this.#head;
    this.#head = undefined;
    return head;
  }

  protected takeChunks(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }
}
