import type { Socket } from "node:net";
import type { Chunk } from "../gateway/types.ts";

/** Up to here pieces are copied into one buffer, which costs less than handing several to the kernel. */
const COALESCE_BYTES = 16_384;

/** What waits to be written of a response that goes over its connection as it is; a small one leaves in one piece. */
export class PendingResponse {
  /** With text of one byte a letter behind it. */
  #head = "";
  #chunks: Chunk[] = [];
  #size = 0;

  /** One code point is one byte. */
  addHead(head: string): void {
    this.#head = head;
    this.#size += head.length;
  }

  /** A piece of the body, `size` bytes long. */
  add(chunk: Chunk, size: number): void {
    // One string more costs less than one more piece to encode.
    if (typeof chunk === "string" && chunk.length === size && this.#chunks.length === 0) this.#head += chunk;
    else this.#chunks.push(chunk);
    this.#size += size;
  }

  /** Writes what waits. */
  writeTo(socket: Socket): void {
    if (this.#size === 0) return;
    if (this.#size <= COALESCE_BYTES) {
      socket.write(this.#copy());
    } else {
      socket.cork();
      if (this.#head !== "") socket.write(this.#head, "latin1");
      for (const chunk of this.#chunks) socket.write(chunk);
      socket.uncork();
    }
    this.#head = "";
    this.#chunks = [];
    this.#size = 0;
  }

  #copy(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#size);
    let at = bytes.write(this.#head, "latin1");
    for (const chunk of this.#chunks) {
      if (typeof chunk === "string") {
        at += bytes.write(chunk, at);
      } else {
        bytes.set(chunk, at);
        at += chunk.length;
      }
    }
    return bytes;
  }
}
