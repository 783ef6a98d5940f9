import { ProtocolError } from "../../errors.ts";
import { isBodyless, type ResponseHead } from "../../gateway/head.ts";
import { HeldResponse } from "../../gateway/held-response.ts";
import type { ResponseSink } from "../../gateway/sink.ts";
import type { Chunk } from "../../gateway/types.ts";

/** Bytes of a streamed response that may wait to be read before the application is asked to wait. */
const WAITING_BYTES = 65_536;

/** Makes a Response of what an application sends: of the whole where that is there at once, else of a stream. */
export class FetchSink extends HeldResponse implements ResponseSink {
  /** The Response, once there is one; rejected when the request is aborted before. */
  readonly response: Promise<Response>;
  readonly #method: string;
  readonly #cancellation: AbortController;
  #resolve: (response: Response) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  /** The body, once the Response is out and can have one. */
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #over = false;
  /** What the stream ends with. */
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  /** @param cancellation aborted when whoever has the Response cancels its body */
  constructor(method: string, cancellation: AbortController) {
    super();
    this.#method = method;
    this.#cancellation = cancellation;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get closed(): boolean {
    return this.#over;
  }

  /** Bytes of their own: who reads them may do with their memory what it likes, and Node's buffers share it. */
  override write(chunk: Chunk): void {
    super.write(typeof chunk === "string" ? new TextEncoder().encode(chunk) : new Uint8Array(chunk));
  }

  flush(): boolean {
    const head = this.takeHead();
    if (head !== undefined) {
      this.#respond(head, this.#canHaveBody(head) ? this.#open() : null);
    }
    for (const chunk of this.takeChunks()) this.#stream?.enqueue(chunk);
    return this.#hasRoom;
  }

  drained(): Promise<void> {
    if (this.#over || this.#hasRoom) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    const head = this.takeHead();
    if (head === undefined) {
      this.flush();
      this.#stream?.close();
    } else {
      const chunks = this.takeChunks();
      this.#respond(head, this.#canHaveBody(head) ? Buffer.concat(chunks) : null);
    }
    this.#over = true;
  }

  cut(): void {
    this.flush();
    this.#over = true;
    this.#failure = new Error("the application failed behind the head of its response");
    this.#failWhenRead();
  }

  /** The request is aborted: nobody takes the response any more. */
  abandon(reason: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancellation.abort(reason);
    this.#stream?.error(reason);
    this.#reject(reason);
    this.#wake();
  }

  get #hasRoom(): boolean {
    return (this.#stream?.desiredSize ?? 1) > 0;
  }

  #open(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#stream = controller;
        },
        pull: () => {
          this.#wake();
          this.#failWhenRead();
        },
        cancel: (reason) => {
          this.#stream = undefined;
          this.abandon(reason ?? new ProtocolError("PEER_GONE", "the body of the response was cancelled"));
        },
      },
      { highWaterMark: WAITING_BYTES, size: (chunk) => chunk.length },
    );
  }

  // An error takes what has not been read yet with it, so it waits until all has.
  #failWhenRead(): void {
    if (this.#failure !== undefined && this.#stream?.desiredSize === WAITING_BYTES) {
      this.#stream.error(this.#failure);
    }
  }

  #respond({ code, status, headers }: ResponseHead, body: ReadableStream | Uint8Array | null): void {
    try {
      const init = { status: code, statusText: status.slice(4), headers: headers.map(([...pair]) => pair) };
      this.#resolve(new Response(body, init));
    } catch (error) {
      // A status above 599 is one for the gateway and none for a Response.
      this.#stream = undefined;
      this.abandon(error);
    }
  }

  // Fetch standard §2.2.3: no Response with status 205 has a body.
  #canHaveBody({ code }: ResponseHead): boolean {
    return this.#method !== "HEAD" && !isBodyless(code) && code !== 205;
  }

  readonly #wake = (): void => {
    for (const resolve of this.#waiting.splice(0)) resolve();
  };
}
