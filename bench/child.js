// A process of its own for each server and for the load, so that the CPU time of one is nobody else's.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A script that answers each message with one of its own. */
export class Child {
  #process;
  #name;

  /**
   * @param {string} script relative to this folder
   * @param {string[]} [args]
   * @param {string[]} [nodeOptions]
   */
  constructor(script, args = [], nodeOptions = []) {
    this.#name = script;
    this.#process = fork(fileURLToPath(new URL(script, import.meta.url)), args, {
      execArgv: nodeOptions,
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /** The next message from it. */
  async answer() {
    const child = this.#process;
    const settled = new AbortController();
    const { signal } = settled;
    try {
      return await Promise.race([
        once(child, "message", { signal }).then(([message]) => message),
        once(child, "exit", { signal }).then(([status]) => {
          throw new Error(`${this.#name} ended with status ${status}`);
        }),
      ]);
    } finally {
      settled.abort();
    }
  }

  /** @param {unknown} message */
  async ask(message) {
    const answer = this.answer();
    this.#process.send(message);
    return answer;
  }

  /** Lets it end, which it does when nobody talks to it any more. */
  async stop() {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(timer);
  }
}
