// The templates' TypeScript without its types, in dist/templates, for postern new --js: one source, two languages.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Advice, root } from "./command.js";

/** Writes `dist/templates/<name>/**.js` for each TypeScript file of a template. */
export async function buildPlainTemplates() {
  const { default: blankSpace } = await import("ts-blank-space");
  for (const name of readdirSync(`${root}templates`, { recursive: true })) {
    if (!name.endsWith(".ts") || name.includes("node_modules")) continue;
    const unsupported = [];
    const blank = blankSpace(readFileSync(`${root}templates/${name}`, "utf8"), (node) =>
      unsupported.push(node),
    );
    if (unsupported.length > 0) throw new Advice(`templates/${name} has types that cannot just be left out.`);
    const target = `${root}dist/templates/${name.replace(/\.ts$/, ".js")}`;
    mkdirSync(dirname(target), { recursive: true });
    // Imports and comments name the files as they are in a project of this language.
    writeFileSync(target, withoutGaps(blank.replace(/\b([\w-]+)\.ts\b/g, "$1.js")));
  }
  format();
}

/** Types leave blanks behind: what they stood alone on leaves empty lines, also at the top and below braces. */
function withoutGaps(code) {
  return code
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{3,}/g, "\n\n")
    .trimStart();
}

/** All at once, since starting the formatter takes longer than what it does. Git ignores dist, where the formatter has to look. */
function format() {
  const biome = [`${root}node_modules/@biomejs/biome/bin/biome`, "format", "--write", "--vcs-enabled=false"];
  const { status, stderr } = spawnSync(process.execPath, [...biome, `${root}dist/templates`], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Advice(`biome cannot format the templates without their types: ${stderr}`);
}
