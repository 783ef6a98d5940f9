// STDIN of FastCGI requests, whose records are shorter than what one read of a socket brings.

/** Up to here a content is moved to the end of the one in front of it, which costs less than one more chunk. */
const MOVED_BYTES = 16_384;

/**
 * Contents of records that follow each other in the same bytes, made into one chunk there. A chunk costs more on its way to the
 * application than to move 8 KB, which is what nginx puts into a record, or 16 KB, as lighttpd does.
 */
export class InputRun<Request> {
  readonly #give: (request: Request, bytes: Buffer) => void;
  #request: Request | undefined;
  #bytes: Buffer | undefined;
  #start = 0;
  #end = 0;

  /** @param give takes what has been gathered for a request */
  constructor(give: (request: Request, bytes: Buffer) => void) {
    this.#give = give;
  }

  /** Takes the next content. What lies between it and the one in front of it, its record's header, is written over. */
  add(request: Request, bytes: Buffer, start: number, end: number): void {
    if (request === this.#request && bytes === this.#bytes && end - start <= MOVED_BYTES) {
      bytes.copyWithin(this.#end, start, end);
      this.#end += end - start;
      return;
    }
    this.end();
    this.#request = request;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Gives what was gathered: before a record that is no content of STDIN, and behind the last one of the bytes. */
  end(): void {
    const request = this.#request;
    const bytes = this.#bytes;
    if (request === undefined || bytes === undefined) return;
    this.#request = undefined;
    this.#bytes = undefined;
    this.#give(request, bytes.subarray(this.#start, this.#end));
  }
}
