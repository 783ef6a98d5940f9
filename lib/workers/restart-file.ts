// A file whose change does what HUP does, for hosts that give no signals. What watches files for events loses track of one
// that is replaced, is not there yet, or lies on another machine; so it is looked at.

import { type BigIntStats, stat, statSync } from "node:fs";
import { join } from "node:path";
import { GatewayError } from "../errors.ts";

/** How often it is looked at, in milliseconds. */
const INTERVAL_MS = 1_000;

export class RestartFile {
  readonly #path: string;
  #stamp: string | undefined;

  /**
   * Looks at the file, which need not be there, for the first time.
   *
   * @throws {GatewayError} `RESTART_FILE` when it is a folder, or nobody could tell whether it is there
   */
  constructor(path: string) {
    this.#path = path;
    let stats: BigIntStats | undefined;
    try {
      stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError(
        "RESTART_FILE",
        `the restart file ${path} cannot be looked at (${reason}); choose another path, or let this user read its folder`,
        { cause },
      );
    }
    if (stats?.isDirectory() === true) {
      throw new GatewayError(
        "RESTART_FILE",
        `the restart file ${path} is a folder; name a file in it, such as ${join(path, "restart.txt")}`,
      );
    }
    this.#stamp = stampOf(stats);
  }

  /** Calls `changed` when the file appears, is touched or is replaced, until the function that it gives is called. */
  watch(changed: () => void): () => void {
    const timer = setInterval(() => {
      stat(this.#path, { bigint: true }, (_error, stats) => {
        const now = stampOf(stats);
        if (now !== undefined && now !== this.#stamp) changed();
        this.#stamp = now;
      });
    }, INTERVAL_MS);
    timer.unref();
    return () => clearInterval(timer);
  }
}

/** Differs when the file does; undefined where there is none. */
function stampOf(stats: BigIntStats | undefined): string | undefined {
  return stats && `${stats.dev} ${stats.ino} ${stats.mtimeNs}`;
}
