/** A second signal this soon is npm handing on the Ctrl-C that the terminal has sent us already. */
const echoMs = 200;

const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Waits for the signals that ask a process to stop, a closed terminal's among them. */
export class StopSignals {
  /** Settles at the first signal. */
  readonly received: Promise<void>;
  #atOnce: () => void = () => {};
  #settle: () => void = () => {};
  #firstAt: number | undefined;

  constructor() {
    this.received = new Promise((resolve) => {
      this.#settle = resolve;
    });
    for (const name of names) process.on(name, this.#take);
  }

  /** What a second signal does, while the first one's orderly stop goes on. */
  onSecond(atOnce: () => void): void {
    this.#atOnce = atOnce;
  }

  /** Leaves the signals to what handled them before. */
  release(): void {
    for (const name of names) process.off(name, this.#take);
  }

  readonly #take = (): void => {
    const now = performance.now();
    this.#firstAt ??= now;
    this.#settle();
    if (now - this.#firstAt > echoMs) this.#atOnce();
  };
}
