// What happens in the application behind a web server, told to the test as it happens, from whichever process.

import { once } from "node:events";
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

let count = 0;

/**
 * Runs a check with a witness of its own.
 *
 * @param folder open to everybody, since some web servers run the application as another user
 */
export async function withWitness<T>(folder: string, check: (witness: Witness) => Promise<T>): Promise<T> {
  const witness = new Witness(join(folder, `w${++count}`));
  await witness.listen();
  try {
    return await check(witness);
  } finally {
    witness.close();
  }
}

/** Listens on a unix socket for one request's account of itself (programs/application.js has the other end). */
export class Witness {
  /** Where the application finds it: to be the parameter `witness` of a request. */
  readonly path: string;
  readonly #server: Server;
  readonly #called: Promise<Socket>;
  readonly #waiting = new Set<() => void>();
  #heard = "";
  #silent = false;

  constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => {
      socket.setEncoding("utf8").on("data", (words: string) => {
        this.#heard += words;
        this.#wake();
      });
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#silent = true;
        this.#wake();
      });
    });
    this.#called = once(this.#server, "connection").then(([socket]) => socket as Socket);
    this.#called.catch(() => {});
  }

  async listen(): Promise<void> {
    await once(this.#server.listen(this.path), "listening");
    chmodSync(this.path, 0o666);
  }

  /**
   * Waits for one of these words. The answer is the one that came, `"ended"` when the process went away without
   * any, or undefined when the time is over.
   */
  async hears<T extends string>(words: readonly T[], timeoutMs: number): Promise<T | "ended" | undefined> {
    const timer = new AbortController();
    const late = sleep(timeoutMs, true, { signal: timer.signal }).catch(() => false);
    try {
      for (;;) {
        const lines = this.#heard.split("\n");
        const found = words.find((word) => lines.includes(word));
        if (found !== undefined) return found;
        if (this.#silent) return "ended";
        const more = new Promise<false>((resolve) => {
          this.#waiting.add(() => resolve(false));
        });
        if (await Promise.race([more, late])) return undefined;
      }
    } finally {
      timer.abort();
    }
  }

  /** Lets the application go on. */
  async go(): Promise<void> {
    (await this.#called).write("go\n");
  }

  close(): void {
    this.#server.close();
    void this.#called.then((socket) => socket.destroy());
    rmSync(this.path, { force: true });
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
