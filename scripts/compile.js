// lib → dist, the templates' JavaScript too, and the examples next to their sources.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Advice, packageScript, root } from "./command.js";
import { buildPlainTemplates } from "./plain-templates.js";

/** Written after each build, with what is known of its types; inside node_modules, so that new packages mean a new build. */
const stamp = `${root}node_modules/.postern-built`;
const CHECKED = "types checked\n";

/** What is compiled, and what its result depends on. */
const sources = [
  "lib",
  "examples",
  "templates",
  "scripts/plain-templates.js",
  "tsconfig.json",
  "examples/tsconfig.json",
  "package.json",
];

/** What must be executable: npm links the first, web servers start the others. */
const executables = ["dist/cli/bin.cjs", "examples/guestbook/app.js"];

/** Compiles everything from nothing. Who only wants to see it run need not wait until the types are checked, too. */
export async function build({ checked = true } = {}) {
  rmSync(stamp, { force: true });
  rmSync(`${root}dist`, { recursive: true, force: true });
  const compiled = compile("tsconfig.json", checked);
  // Without their types, examples do not need those of lib.
  const examples = () => compile("examples/tsconfig.json", checked);
  await Promise.all([compiled, checked ? compiled.then(examples) : examples()]);
  for (const path of executables) {
    if (existsSync(`${root}${path}`)) chmodSync(`${root}${path}`, 0o755);
  }
  await buildPlainTemplates();
  linkCommand();
  writeFileSync(stamp, checked ? CHECKED : "");
}

async function compile(project, checked) {
  const options = checked ? [] : ["--noCheck"];
  const status = await packageScript("typescript/bin/tsc", ["-p", `${root}${project}`, ...options]);
  if (status !== 0) throw new Advice(`The build of ${project} failed: mend what tsc says above.`);
}

/** npm links a command only where its file is there already, and the templates' scripts call it. */
function linkCommand() {
  const link = `${root}node_modules/.bin/postern`;
  rmSync(link, { force: true });
  mkdirSync(`${root}node_modules/.bin`, { recursive: true });
  const { bin } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  symlinkSync(`../../${bin.postern}`, link);
}

/** Compiles when a source is newer than the last build, or nobody has checked the types yet. */
export async function buildIfStale({ checked = true } = {}) {
  if (!isStale(checked)) return;
  process.stdout.write("Building …\n");
  await build({ checked });
}

function isStale(checked) {
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined || !existsSync(`${root}dist/cli/main.js`)) return true;
  if (checked && readFileSync(stamp, "utf8") !== CHECKED) return true;
  return sources.some((source) => newest(source) > built);
}

/** When a source file below a path was last changed, or a file of lib removed. */
function newest(path) {
  const times = [statSync(`${root}${path}`).mtimeMs];
  if (!statSync(`${root}${path}`).isDirectory()) return times[0];
  // Projects that run as they lie: their folders change with each build, and with each visitor.
  const projects = path === "examples" || path === "templates";
  if (projects) times.length = 0;
  for (const name of readdirSync(`${root}${path}`, { recursive: true })) {
    if (projects && (!name.endsWith(".ts") || name.includes("node_modules"))) continue;
    times.push(statSync(`${root}${path}/${name}`).mtimeMs);
  }
  return Math.max(...times);
}
