// lib → dist, and the examples next to their sources.

import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Advice, packageScript, root } from "./command.js";

/** Written after each build; inside node_modules, so that new packages mean a new build. */
const stamp = `${root}node_modules/.postern-built`;

/** What is compiled, and what its result depends on. */
const sources = ["lib", "examples", "tsconfig.json", "examples/tsconfig.json", "package.json"];

/** What must be executable: npm links the first, web servers start the others. */
const executables = ["dist/cli/main.js", "examples/guestbook/app.js"];

/** Compiles everything from nothing. */
export async function build() {
  rmSync(stamp, { force: true });
  rmSync(`${root}dist`, { recursive: true, force: true });
  for (const project of ["tsconfig.json", "examples/tsconfig.json"]) {
    const status = await packageScript("typescript/bin/tsc", ["-p", `${root}${project}`]);
    if (status !== 0) throw new Advice(`The build of ${project} failed: mend what tsc says above.`);
  }
  for (const path of executables) {
    if (existsSync(`${root}${path}`)) chmodSync(`${root}${path}`, 0o755);
  }
  writeFileSync(stamp, "");
}

/** Compiles when a source is newer than the last build. */
export async function buildIfStale() {
  if (!isStale()) return;
  process.stdout.write("Building …\n");
  await build();
}

function isStale() {
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined || !existsSync(`${root}dist/cli/main.js`)) return true;
  return sources.some((source) => newest(source) > built);
}

/** When a source file below a path was last changed, or a file of lib removed. */
function newest(path) {
  const times = [statSync(`${root}${path}`).mtimeMs];
  if (!statSync(`${root}${path}`).isDirectory()) return times[0];
  // The examples' folders change with each build, and when the guestbook is signed.
  if (path === "examples") times.length = 0;
  for (const name of readdirSync(`${root}${path}`, { recursive: true })) {
    if (path === "examples" && !name.endsWith(".ts")) continue;
    times.push(statSync(`${root}${path}/${name}`).mtimeMs);
  }
  return Math.max(...times);
}
