// docs/performance.md: everything between two markers is a run's, the rest is written by hand.

import { readFileSync, writeFileSync } from "node:fs";

const page = new URL("../docs/performance.md", import.meta.url);
const BEGIN = "<!-- bench: begin -->\n";
const END = "<!-- bench: end -->\n";

/** @param {string} report */
export function updatePage(report) {
  const text = readFileSync(page, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin)
    throw new Error(`docs/performance.md has lost its markers, ${BEGIN}and ${END}`);
  writeFileSync(page, `${text.slice(0, begin)}${BEGIN}\n${report}\n${text.slice(end)}`);
}
