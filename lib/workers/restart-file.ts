// A file whose change does what HUP does, for hosts that give no signals. What watches files for events loses track of one
// that is replaced, is not there yet, or lies on another machine; so it is looked at.

import { type BigIntStats, stat, statSync } from "node:fs";

/** How often it is looked at, in milliseconds. */
const INTERVAL_MS = 1_000;

/** Calls `changed` when a file appears, is touched or is replaced, until the function that it gives is called. */
export function watchRestartFile(path: string, changed: () => void): () => void {
  let before = stampOf(statSync(path, { bigint: true, throwIfNoEntry: false }));
  const timer = setInterval(() => {
    stat(path, { bigint: true }, (_error, stats) => {
      const now = stampOf(stats);
      if (now !== undefined && now !== before) changed();
      before = now;
    });
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Differs when the file does; undefined where there is none. */
function stampOf(stats: BigIntStats | undefined): string | undefined {
  return stats && `${stats.dev} ${stats.ino} ${stats.mtimeNs}`;
}
