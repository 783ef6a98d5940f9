import { setTimeout as sleep } from "node:timers/promises";
import { until } from "./until.ts";

/** Between two requests of a loop, in milliseconds. */
const PAUSE_MS = 2;

/** Asks again and again, several requests at a time, until it is stopped. */
export class Load {
  /** The bodies that were sent. */
  readonly sent: string[] = [];
  answered = 0;
  readonly failures: string[] = [];
  #stopping = false;
  readonly #loops: Promise<void>[];

  /** @param loops each with what one request is: it gets a body of its own, and rejects when it has failed */
  constructor(loops: readonly (readonly [name: string, exchange: (body: string) => Promise<unknown>])[]) {
    this.#loops = loops.map(([name, exchange]) => this.#loop(name, exchange));
  }

  /** Waits until that many more have been answered. */
  more(count: number): Promise<void> {
    const wanted = this.answered + count;
    return this.until(`${count} more are answered`, () => this.answered >= wanted);
  }

  /** Waits for something, or a failure. */
  until(what: string, holds: () => boolean): Promise<void> {
    return until(what, () => holds() || this.failures.length > 0);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#loops);
  }

  async #loop(name: string, exchange: (body: string) => Promise<unknown>): Promise<void> {
    for (let number = 0; !this.#stopping; number++) {
      const body = `${name}: ${number}`;
      this.sent.push(body);
      try {
        await exchange(body);
        this.answered++;
        // Else the processes under test had no time to start others.
        await sleep(PAUSE_MS);
      } catch (error) {
        this.failures.push(`${body}: ${error instanceof Error ? error.message : error}`);
        return;
      }
    }
  }
}
