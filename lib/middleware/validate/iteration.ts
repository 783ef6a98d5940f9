import type { Chunk } from "../../gateway/types.ts";
import { serverFault } from "./fault.ts";
import type { ResponseState } from "./response-state.ts";

const open = new Map<symbol, string>();

/**
 * The requests, as `"GET /path"`, whose body was neither read to its end nor left by `return()`. Ask when every
 * request has been answered: whatever is still there, a server has forgotten.
 */
export function openBodies(): readonly string[] {
  return [...open.values()];
}

function reportOpenBodies(): void {
  for (const request of open.values())
    process.stderr.write(
      `validate: the body of ${request} was neither read to its end nor left by return()\n`,
    );
}

/** What `next()` of a body gave. */
export type Step = IteratorResult<Chunk, unknown>;

/** Where one body is in its iteration, the same for both kinds of iterator. */
export class Iteration {
  readonly #state: ResponseState;
  readonly #request: string;
  readonly #body: symbol;
  #iterated = false;
  #waiting = false;
  #left = false;
  readonly #closable: boolean;
  #closed = false;

  constructor(state: ResponseState, request: string, closable: boolean) {
    this.#closable = closable;
    this.#state = state;
    this.#request = request;
    this.#body = Symbol(request);
  }

  /** From here on somebody owes the body its end. */
  expect(): void {
    //: - **VB-07** The server reads every body to its end or leaves it by `return()`; only a file that was never asked
    //:   for a chunk may be dropped, because it is not open yet. This is known once everything else has ended: bodies
    //:   that are open when the process has nothing left to do are named on standard error, and a test can ask
    //:   `openBodies()`.
    if (process.listenerCount("beforeExit", reportOpenBodies) === 0)
      process.once("beforeExit", reportOpenBodies);
    open.set(this.#body, this.#request);
  }

  begin(): void {
    //: - **VB-06** A body is iterated once at most.
    if (this.#iterated) throw this.#fault("was iterated twice: keep its iterator");
    this.#iterated = true;
    this.expect();
  }

  beforeNext(): void {
    //: - **VB-05** After `return()` the body is not asked for anything more.
    if (this.#left) throw this.#fault("was asked for a chunk after return(): stop there");
    //: - **VB-18** The next chunk is asked for when the one before has come: no two at a time.
    if (this.#waiting) throw this.#fault("was asked for two chunks at once: wait for the first");
    this.#state.iterating = true;
    this.#waiting = true;
  }

  afterNext(step: Step): Step {
    this.#waiting = false;
    if (step.done === true) {
      this.over();
      if (!this.#left) this.#state.end();
    } else if (!this.#left) this.#state.take(step.value);
    return step;
  }

  beforeReturn(): void {
    //: - **VB-19** `return()` of the body's iterator is called once, when the body is left early: for an error
    //:   elsewhere, a client that has gone, or `HEAD`. It is not called after the end, nor after an error of `next()`:
    //:   it is where an application cleans up, as PEP 3333 does in `close()`, and a loop of the language calls it so.
    if (this.#state.ended) throw this.#fault("was left by return() when it was over already: do not call it");
    this.#left = true;
    this.over();
  }

  over(): void {
    this.#state.ended = true;
    if (!this.#closable) open.delete(this.#body);
  }

  close(): void {
    //: - **VB-20** A body may have a method `close()`, as in PEP 3333. The server calls it once, after the end or after
    //:   `return()`.
    if (this.#closed) throw this.#fault("was closed twice: call close() once");
    this.#closed = true;
    this.#state.ended = true;
    open.delete(this.#body);
  }

  #fault(what: string) {
    return serverFault("GATEWAY_ITERATION", `the body of ${this.#request} ${what}`);
  }
}
