// docs/performance.md: everything between two markers is a run's, the rest is written by hand. Each part has its own.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const page = new URL("../docs/performance.md", import.meta.url);
const charts = new URL("../docs/performance/", import.meta.url);

/**
 * @param {string} name of the part
 * @param {import("./report.js").Report} report
 */
export function updatePage(name, report) {
  const [first, last] = [`<!-- ${name}: begin -->\n`, `<!-- ${name}: end -->\n`];
  const text = readFileSync(page, "utf8");
  const begin = text.indexOf(first);
  const end = text.indexOf(last);
  if (begin < 0 || end < begin)
    throw new Error(`docs/performance.md has lost its markers, ${first}and ${last}`);
  writeFileSync(page, `${text.slice(0, begin)}${first}\n${report.textFor(name)}\n${text.slice(end)}`);
  mkdirSync(charts, { recursive: true });
  for (const [at, svg] of report.charts.entries())
    writeFileSync(new URL(`${name}${at || ""}.svg`, charts), svg);
}
