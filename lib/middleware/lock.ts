// One request at a time, for applications that were written for CGI.

import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { answerPlainly } from "../gateway/plain-answer.ts";
import type { Application, Body, Environ, Middleware, StartResponse } from "../gateway/types.ts";
import { watchResponse } from "./response-filter.ts";

export interface LockOptions {
  /**
   * How many requests may wait for their turn. One more is answered 503.
   *
   * @defaultValue `1_000`
   */
  maxWaiting?: number | undefined;
}

/** Seconds after which a client may ask again. */
const RETRY_AFTER = "1";

/**
 * Lets one request into the application at a time: the next when the body of the one before has ended. They wait in the
 * order in which they came; one whose client goes away leaves the queue. The application finds `wsgi.multithread` false.
 * Applications that share what this function gives wait for each other.
 *
 * It is a lock of this process, or of one thread: other workers have their own. An application that never ends locks out
 * all others; put `timeout` outside, which wakes it through `postern.signal`.
 *
 * @example
 * const app = lock()(application);
 *
 * @throws {GatewayError} `OPTION` when the limit is no number, or negative
 */
export function lock(options: LockOptions = {}): Middleware {
  checkOptions("lock()", options, { maxWaiting: true });
  const { maxWaiting = 1_000 } = options;
  if (typeof maxWaiting !== "number" || !(maxWaiting >= 0))
    throw new GatewayError("OPTION", `option "maxWaiting" is ${maxWaiting}; give a number from 0 on`);
  const queue = new Queue();
  return (application) => (environ, startResponse) => {
    if (queue.enter()) return run(application, environ, startResponse, queue);
    if (queue.size >= maxWaiting)
      return answerPlainly(startResponse, "503 Service Unavailable", [["Retry-After", RETRY_AFTER]]);
    return queue.wait(environ["postern.signal"]).then(() => run(application, environ, startResponse, queue));
  };
}

function run(
  application: Application,
  environ: Environ,
  startResponse: StartResponse,
  queue: Queue,
): Body | Promise<Body> {
  environ["wsgi.multithread"] = false;
  return watchResponse(application, environ, startResponse, () => queue.leave());
}

class Queue {
  /** In the order in which they came. */
  readonly #waiting = new Set<() => void>();
  #isHeld = false;

  get size(): number {
    return this.#waiting.size;
  }

  /** Whether nobody was there. */
  enter(): boolean {
    if (this.#isHeld) return false;
    this.#isHeld = true;
    return true;
  }

  /** Rejects with the signal's reason when it is aborted before the turn comes. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const goAway = (): void => {
        this.#waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = (): void => {
        signal.removeEventListener("abort", goAway);
        resolve();
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", goAway, { once: true });
      this.#waiting.add(enter);
    });
  }

  /** Lets the next one in, who holds it from here on. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#isHeld = false;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
