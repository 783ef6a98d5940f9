import { encodePathBytes } from "../../gateway/path.ts";
import { failureStatus } from "../../gateway/respond.ts";
import type { Environ, Header } from "../../gateway/types.ts";
import type { ResponseOutcome } from "../response-filter.ts";
import type { AccessEntry } from "./entry.ts";

/** A request on its way to its line. */
export class LoggedRequest implements AccessEntry {
  readonly environ: Environ;
  readonly time = Date.now();
  readonly method: string;
  readonly target: string;
  status = 0;
  headers: readonly Header[] = [];
  bytes = 0;
  aborted = false;
  readonly #began = performance.now();
  #firstByteAt: number | undefined;
  #durationMs: number | undefined;

  constructor(environ: Environ) {
    this.environ = environ;
    this.method = environ.REQUEST_METHOD;
    this.target = environ.REQUEST_URI ?? targetOf(environ);
  }

  /** Looked at when a line asks for it, which most do not: reading the clock is what a line costs most. */
  get durationMs(): number {
    this.#durationMs ??= performance.now() - this.#began;
    return this.#durationMs;
  }

  get firstByteMs(): number {
    return this.#firstByteAt === undefined ? this.durationMs : this.#firstByteAt - this.#began;
  }

  /** What the client got. */
  end({ status, headers, bytes, firstByteAt, left, error }: ResponseOutcome): AccessEntry {
    this.#firstByteAt = firstByteAt;
    this.headers = headers;
    this.status = status === undefined ? 500 : Number(status.slice(0, 3));
    this.bytes = bytes;
    // The signal is made when it is first read, so not for all.
    if (left || error !== undefined) this.#endEarly(error, firstByteAt !== undefined);
    return this;
  }

  #endEarly(error: unknown, hasBegun: boolean): void {
    const signal = this.environ["postern.signal"];
    // A server leaves a body that is complete, and that of HEAD.
    if (error === undefined && !signal.aborted) return;
    this.aborted = hasBegun || signal.aborted;
    if (hasBegun) return;
    this.status = signal.aborted ? goneStatus(signal) : Number(failureStatus(error).slice(0, 3));
    this.bytes = 0;
  }
}

/** As in the request line. */
function targetOf({ SCRIPT_NAME: mount, PATH_INFO: path, QUERY_STRING: query }: Environ): string {
  return encodePathBytes(mount + path) + (query === "" ? "" : `?${query}`);
}

/** nginx's 499, or the server's answer to an application that took too long. */
function goneStatus({ reason }: AbortSignal): number {
  return reason instanceof Error && reason.name === "TimeoutError" ? 504 : 499;
}
