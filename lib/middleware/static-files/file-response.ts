import type { Chunk, Environ, FileBody, FileRange, Header, StartResponse } from "../../gateway/types.ts";

/** What is answered in a file's place when it cannot be opened, by the reason. */
const UNREADABLE: Readonly<Record<string, string>> = {
  EACCES: "403 Forbidden",
  EPERM: "403 Forbidden",
  ENOENT: "404 Not Found",
};

/** An answer without a file. */
export function plainAnswer(
  startResponse: StartResponse,
  status: string,
  headers: readonly Header[] = [],
  error?: unknown,
): Chunk[] {
  startResponse(status, [["Content-Type", "text/plain; charset=utf-8"], ...headers], error);
  return [`${status.slice(4)}\n`];
}

/**
 * A file as body: one for HEAD gives no chunk and so is not opened, and one that cannot be opened still has time to say so.
 */
export class FileResponse implements FileBody {
  readonly path: string;
  readonly range: FileRange;
  /** What the file has to be in when it is opened; undefined where links may lead anywhere. */
  readonly #folder: string | undefined;
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;

  constructor(
    path: string,
    range: FileRange,
    folder: string | undefined,
    environ: Environ,
    startResponse: StartResponse,
  ) {
    this.path = path;
    this.range = range;
    this.#folder = folder;
    this.#environ = environ;
    this.#startResponse = startResponse;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#environ.REQUEST_METHOD === "HEAD") return;
    const body = this.#environ["postern.file_wrapper"](this.path, this.range, this.#folder);
    let isOpen = false;
    try {
      for await (const chunk of body) {
        isOpen = true;
        yield chunk;
      }
    } catch (error) {
      const status = UNREADABLE[(error as NodeJS.ErrnoException).code ?? ""];
      if (isOpen || status === undefined) throw error;
      for (const chunk of plainAnswer(this.#startResponse, status, [], error))
        yield Buffer.from(chunk as string);
    }
  }
}
