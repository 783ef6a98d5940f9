// The least that CGI scripts cost in Node: without postern, in the form that was found to start fastest. That is code in one
// CommonJS file, compiled from V8's code cache, and an end without taking V8 apart.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/**
 * @typedef {import("./start-up.js").Command} Command
 */

const packages = fileURLToPath(new URL("backends/guestbook-packages.js", import.meta.url));
const templates = fileURLToPath(new URL("../examples/guestbook/templates", import.meta.url));

/** Names of the floors: a gateway that does nothing, and the guestbook's front page by its packages alone. */
export const READY_MADE = "ready-made bytes, code cache";
export const PACKAGES = "guestbook's packages alone, bundled";

/**
 * @param {string} folder for scripts
 * @param {Record<string, string>} environment of a request
 * @param {string} answer what each writes at least
 * @returns {Command[]}
 */
export function floors(folder, environment, answer) {
  const bytes = `require("fs").writeSync(1, ${JSON.stringify(`${answer}\r\nHello`)});\n`;
  const plain = join(folder, "bytes.cjs");
  writeFileSync(plain, bytes);
  const { outputFiles } = buildSync({
    entryPoints: [packages],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node20",
    minify: true,
    legalComments: "none",
  });
  const node = (name, ...args) => ({ name, program: process.execPath, args, answer });
  return [
    { ...node("node -e 0", "-e", "0"), answer: "" },
    node("ready-made bytes", plain),
    node(READY_MADE, cachedScript(join(folder, "bytes.cgi"), bytes, environment)),
    node(PACKAGES, cachedScript(join(folder, "packages.cgi"), outputFiles[0].text, environment), templates),
  ];
}

/** Makes a script of code, and the code cache of what one request has compiled of it. */
function cachedScript(path, code, environment) {
  const cache = `${path}.cache`;
  const source = JSON.stringify(`(function (require) {${code}})`);
  const make = `
    const script = new (require("node:vm").Script)(${source});
    script.runInThisContext()(require);
    require("node:fs").writeFileSync(${JSON.stringify(cache)}, script.createCachedData());`;
  const maker = `${path}.maker.cjs`;
  writeFileSync(maker, make);
  const { status, stderr } = spawnSync(process.execPath, [maker, templates], {
    env: environment,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${path} makes no code cache: ${stderr}`);
  writeFileSync(
    path,
    `const { readFileSync } = require("fs");
const { Script } = require("vm");
const script = new Script(${source}, { cachedData: readFileSync(${JSON.stringify(cache)}) });
if (script.cachedDataRejected) throw new Error("V8 does not take its code cache");
script.runInThisContext()(require);
process.exit();
`,
  );
  return path;
}
