import { until } from "./until.ts";

/** Asks again and again, several requests at a time, until it is stopped. */
export class Load {
  /** What was sent, by the body of each request, and what came of it. */
  readonly sent: string[] = [];
  answered = 0;
  readonly failures: string[] = [];
  #stopping = false;
  readonly #loops: Promise<void>[];

  /** @param loops makes, for each of several loops, what one request is: it gives its body and rejects when it failed */
  constructor(loops: readonly ((body: string) => Promise<unknown>)[]) {
    this.#loops = loops.map((exchange, index) => this.#loop(exchange, index));
  }

  /** Waits until that many more have been answered. */
  async more(count: number): Promise<void> {
    const wanted = this.answered + count;
    await until(
      `${count} more are answered`,
      () => this.answered >= wanted || this.failures.length > 0,
      20_000,
    );
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#loops);
  }

  async #loop(exchange: (body: string) => Promise<unknown>, index: number): Promise<void> {
    for (let number = 0; !this.#stopping; number++) {
      const body = `${index}.${number}`;
      this.sent.push(body);
      try {
        await exchange(body);
        this.answered++;
      } catch (error) {
        this.failures.push(`${body}: ${error instanceof Error ? error.message : error}`);
        return;
      }
    }
  }
}
