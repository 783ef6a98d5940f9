// multipart/form-data (RFC 7578) through busboy, as parts in the order in which they arrive. Loaded by the first
// request that has such a body.

import { Buffer } from "node:buffer";
import { PassThrough, type Readable } from "node:stream";
import busboy from "busboy";
import type { InputLimits } from "./limits.ts";
import { badRequest, contentTooLarge, unsupportedMediaType } from "./responses.ts";

/** A field of a form. */
export interface FieldPart {
  readonly kind: "field";
  readonly name: string;
  readonly value: string;
}

/** A file of a form, while it arrives. What is not read of `stream` is passed over. */
export interface FilePart {
  readonly kind: "file";
  readonly name: string;
  /** As the client sent it, without folders; empty when it sent none. */
  readonly filename: string;
  readonly type: string;
  readonly stream: Readable;
}

export type Part = FieldPart | FilePart;

const UNKNOWN_CHARSET = "unsupported media type: a field of the form is in a charset that is not known";

/** More than a part's head and the boundary around it: busboy ends at 16 KiB of headers. */
const MAX_HEAD_BYTES = 32_768;

/**
 * The parts of a body. The next part is read when it is asked for, so a slow consumer slows the client down.
 *
 * @throws HttpResponse 400: broken, or cut short; 413: past a limit; 415: a field in a charset that busboy does not know
 */
export async function* readParts(
  input: AsyncIterable<Uint8Array>,
  contentType: string,
  limits: Readonly<Required<InputLimits>>,
): AsyncGenerator<Part, void, undefined> {
  const reader = new PartReader(contentType, limits);
  reader.feed(input);
  try {
    for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
      yield part;
      if (part.kind === "file") part.stream.resume();
    }
  } finally {
    reader.close();
  }
}

/** Turns busboy's events into parts that are waited for. */
class PartReader {
  readonly #parser: busboy.Busboy;
  readonly #limits: Readonly<Required<InputLimits>>;
  readonly #queue: Part[] = [];
  #file: Readable | undefined;
  #files = 0;
  #fields = 0;
  #isFileOpen = false;
  /** Bytes since a field or a file was last seen. */
  #quietBytes = 0;
  #failure: unknown;
  #ended = false;
  #wake = (): void => {};

  constructor(contentType: string, limits: Readonly<Required<InputLimits>>) {
    this.#limits = limits;
    // busboy marks what reaches a limit, so each is one more than what we allow; it counts the closing
    // boundary as a part.
    this.#parser = createParser({
      headers: { "content-type": contentType },
      defParamCharset: "utf8",
      limits: {
        fieldSize: limits.maxFieldBytes + 1,
        fileSize: limits.maxFileBytes + 1,
        parts: limits.maxParts + 1,
      },
    });
    this.#parser
      .on("field", (name, value, info) => this.#onField(name, value, info.valueTruncated))
      .on("file", (name, stream, info) => this.#onFile(name, stream, info))
      .on("partsLimit", () => this.#fail(contentTooLarge()))
      .on("error", () => this.#fail(badRequest()))
      .on("close", () => this.#end());
  }

  feed(input: AsyncIterable<Uint8Array>): void {
    this.#pump(input).catch((error: unknown) => this.#fail(error));
  }

  async next(): Promise<Part | undefined> {
    for (;;) {
      const part = this.#queue.shift();
      if (part !== undefined) return part;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#file?.destroy();
    this.#parser.destroy();
  }

  // The iterator is not closed when reading stops early: what is left of the body is the server's affair.
  async #pump(input: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks = input[Symbol.asyncIterator]();
    let size = 0;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      if (this.#parser.destroyed) return;
      size += next.value.length;
      if (size > this.#limits.maxFormBytes) throw contentTooLarge();
      this.#quietBytes += next.value.length;
      await this.#write(next.value);
      // busboy would read a field that is too long to its end, and a part that it passes over.
      if (this.#isFileOpen) this.#quietBytes = 0;
      if (this.#quietBytes > this.#limits.maxFieldBytes + MAX_HEAD_BYTES) throw contentTooLarge();
    }
    this.#parser.end();
  }

  #write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#parser.write(chunk, () => resolve());
    });
  }

  // The types of busboy do not know that it gives no value where it cannot decode one.
  #onField(name: string | undefined, value: string | undefined, truncated: boolean): void {
    this.#quietBytes = 0;
    if (name === undefined) this.#fail(badRequest());
    else if (value === undefined) this.#fail(unsupportedMediaType(UNKNOWN_CHARSET));
    else if (truncated || ++this.#fields > this.#limits.maxFields || this.#isTooLong(name)) {
      this.#fail(contentTooLarge());
    } else this.#add({ kind: "field", name, value });
  }

  #onFile(name: string | undefined, stream: Readable, info: busboy.FileInfo): void {
    // Without a listener an error that nobody is there to read would end the process.
    stream.on("error", () => {});
    stream.on("limit", () => this.#fail(contentTooLarge()));
    this.#file = stream;
    this.#isFileOpen = true;
    stream.on("close", () => {
      this.#isFileOpen = false;
    });
    if (name === undefined) this.#fail(badRequest());
    else if (++this.#files > this.#limits.maxFiles || this.#isTooLong(name)) this.#fail(contentTooLarge());
    else {
      const { filename = "", mimeType: type } = info;
      this.#add({ kind: "file", name, filename, type, stream: this.#detached(stream) });
    }
  }

  #isTooLong(name: string): boolean {
    return Buffer.byteLength(name) > this.#limits.maxNameBytes;
  }

  // busboy stops at a file that is not read to its end, and a consumer that leaves a loop destroys its stream.
  #detached(stream: Readable): Readable {
    const outlet = new PassThrough();
    outlet.on("error", () => {});
    outlet.on("close", () => stream.unpipe(outlet).resume());
    // What busboy itself complains of is a form that is cut short.
    stream.on("error", () => {
      outlet.destroy(this.#failure instanceof Error ? this.#failure : badRequest());
    });
    return stream.pipe(outlet);
  }

  #add(part: Part): void {
    if (this.#failure !== undefined) return;
    this.#queue.push(part);
    this.#wake();
  }

  // busboy goes on using its streams after an event, so they are destroyed a moment later.
  #fail(failure: unknown): void {
    if (this.#failure !== undefined || this.#ended) return;
    this.#failure = failure;
    process.nextTick(() => {
      this.#file?.destroy(failure instanceof Error ? failure : undefined);
      this.#parser.destroy();
      this.#wake();
    });
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}

function createParser(config: busboy.BusboyConfig): busboy.Busboy {
  try {
    return busboy(config);
  } catch {
    // No boundary, or a content type that cannot be read.
    throw badRequest();
  }
}
