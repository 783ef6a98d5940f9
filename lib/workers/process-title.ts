// What ps and top show of a process that serves, in the words of nginx and PHP-FPM.

import { writeFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { isMainThread } from "node:worker_threads";
import type { WorkerOptions } from "./options.ts";

/** What a process is among those that serve one application; a single process is neither. */
export type Role = "master" | "worker";

let own: string | undefined;

/**
 * Names this process `postern: master site`, `postern: worker site` or, where it is the only one, `postern: site`. A
 * title that somebody else has given it stays: `node --title`, Phusion Passenger, the application.
 *
 * The kind of process comes first, because Linux keeps a title in the place of the command line, and cuts off what is
 * longer than that was: after `node app.js` it ends at `postern: wo`. Its short name, which top shows, has 15 bytes and
 * so always holds `postern: worker`.
 */
export function showTitle(options: Pick<WorkerOptions, "name" | "title">, role?: Role): void {
  // Threads share the title of their process.
  if (options.title === false || !isMainThread) return;
  if (process.title !== (own ?? process.argv0)) return;
  const name = options.name ?? scriptName(process.argv[1]);
  const title = role === undefined ? `postern: ${name}` : `postern: ${role} ${name}`;
  process.title = title;
  own = process.title;
  try {
    writeFileSync("/proc/self/comm", title);
  } catch {
    // Not Linux, or /proc may not be written.
  }
}

/** `/srv/site/app.js` is `app`. */
function scriptName(script: string | undefined): string {
  return script === undefined ? "application" : basename(script, extname(script));
}
