// docs/performance.md: everything between two markers is a run's, the rest is written by hand. Each kind of run has its own.

import { readFileSync, writeFileSync } from "node:fs";

const page = new URL("../docs/performance.md", import.meta.url);

/**
 * @param {"bench" | "workers" | "frameworks" | "router"} run
 * @param {string} report
 */
export function updatePage(run, report) {
  const [first, last] = [`<!-- ${run}: begin -->\n`, `<!-- ${run}: end -->\n`];
  const text = readFileSync(page, "utf8");
  const begin = text.indexOf(first);
  const end = text.indexOf(last);
  if (begin < 0 || end < begin)
    throw new Error(`docs/performance.md has lost its markers, ${first}and ${last}`);
  writeFileSync(page, `${text.slice(0, begin)}${first}\n${report}\n${text.slice(end)}`);
}
