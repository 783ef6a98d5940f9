import { ApplicationError } from "../../errors.ts";
import { printable } from "../../gateway/log.ts";
import { serviceUnavailable } from "../responses.ts";
import type { Web } from "../web.ts";

/** Times between two lines about a store that does not work, in milliseconds. */
const PAUSE_MS = 60_000;

/**
 * Asks a store, which may be down. Whoever asks then gets 503; the log gets a line when it begins, one a minute while it
 * lasts, and one when it is over, however many requests there are.
 */
export class Outage {
  readonly #timeoutMs: number;
  /** What failed since the last line. */
  #failures = 0;
  #lastLineAt = Number.NEGATIVE_INFINITY;
  /** A line said that it is down, and none that it is back. */
  #announced = false;
  #failedKind: "read" | "write" = "read";

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @throws HttpResponse 503: the store fails, or takes too long */
  async ask<T>(web: Web, kind: "read" | "write", call: () => Promise<T>): Promise<T> {
    try {
      const value = await this.#inTime(call);
      this.#succeeded(web, kind);
      return value;
    } catch (error) {
      if (error instanceof ApplicationError) throw error;
      this.#failed(error, web, kind);
      throw serviceUnavailable(undefined, { "Retry-After": "5" });
    }
  }

  async #inTime<T>(call: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${this.#timeoutMs} ms`)), this.#timeoutMs);
    });
    try {
      return await Promise.race([call(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(error: unknown, web: Web, kind: "read" | "write"): void {
    this.#failedKind = kind;
    this.#failures += 1;
    const now = performance.now();
    if (now - this.#lastLineAt < PAUSE_MS) return;
    const requests = this.#failures === 1 ? "a request" : `${this.#failures} requests`;
    writeLine(web, `the session store fails (${printable(reasonOf(error))}): 503 for ${requests}`);
    this.#lastLineAt = now;
    this.#failures = 0;
    this.#announced = true;
  }

  #succeeded(web: Web, kind: "read" | "write"): void {
    // A disk that is full can be read.
    if (!this.#announced || (this.#failedKind === "write" && kind === "read")) return;
    this.#announced = false;
    const more = this.#failures === 0 ? "" : `, after 503 for ${this.#failures} more`;
    this.#failures = 0;
    writeLine(web, `the session store works again${more}`);
  }
}

function writeLine(web: Web, line: string): void {
  web.environ["wsgi.errors"].write(`${line}\n`);
}

// What several addresses of one host refuse is an AggregateError whose own message is empty.
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || error.name;
}
