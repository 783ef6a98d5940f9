import { logToStderr } from "../../gateway/log.ts";
import type { Web } from "../web.ts";
import type { SessionStore } from "./store.ts";

/** Of so many requests that are a process each, one removes what has expired: PHP's `session.gc_divisor`. */
const ONE_IN = 100;

/**
 * So many sessions such a request looks at, since its client waits for it; PHP and web.py look at all there are. As long as it
 * is more than `ONE_IN`, the expired ones are a small part of all: where it is 1 in 10, as many go as can have been made since.
 */
const AT_MOST = 1_000;

/**
 * Has expired sessions removed: where the process stays, at most once in a tenth of their lifetime (but not more than once a
 * minute, nor less than once an hour) as long as sessions are used; where each request has its own process, by one in a hundred.
 */
export class CleanUp {
  readonly #store: SessionStore;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: SessionStore, lifetimeMs: number) {
    this.#store = store;
    this.#intervalMs = Math.min(Math.max(lifetimeMs / 10, 60_000), 3_600_000);
  }

  /** A request has used a session. */
  sessionUsed(web: Web): void {
    if (this.#store.cleanUp === undefined) return;
    if (web.environ["wsgi.run_once"]) {
      if (Math.random() * ONE_IN < 1) web.atEnd(() => this.#run(AT_MOST));
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, this.#intervalMs).unref();
  }

  // What fails here fails nobody; a store that is down is reported by the requests that need it.
  async #run(atMost?: number): Promise<void> {
    try {
      await this.#store.cleanUp?.(atMost);
    } catch (error) {
      logToStderr(
        "debug",
        `expired sessions were not removed: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}
