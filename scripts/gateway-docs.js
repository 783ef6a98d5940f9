// Makes docs/gateway.md of the `//:` comments of lib/middleware/validate.ts and the files beside it.
// `--check` writes nothing and exits with status 1 when the page is stale.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const root = new URL("../", import.meta.url);
const page = new URL("docs/gateway.md", root);
const types = "lib/gateway/types.ts";

/** In the order of the page. */
const sources = [
  "lib/middleware/validate.ts",
  "lib/middleware/validate/environ.ts",
  "lib/middleware/validate/streams.ts",
  "lib/middleware/validate/start-response.ts",
  "lib/middleware/validate/body.ts",
  "lib/middleware/validate/iteration.ts",
  "lib/middleware/validate/response-state.ts",
];

/** @param {string} path below the repository's root */
function read(path) {
  return readFileSync(new URL(path, root), "utf8");
}

/**
 * The text of a source's `//:` comments, line by line. A line `@types A B` stands for the declarations of these
 * types.
 *
 * @param {string} source
 */
function specification(source) {
  return source
    .split("\n")
    .map((line) => /^\s*\/\/:(?: (.*))?$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => match[1] ?? "")
    .map((line) => (line.startsWith("@types ") ? declarations(line.split(" ").slice(1)) : line));
}

/** @param {string[]} names */
function declarations(names) {
  const source = read(types);
  const found = names.map((name) => {
    const declaration = new RegExp(
      `(?:/\\*\\*(?:(?!\\*/).)*\\*/\\n)?export (?:type ${name} = .*?;|interface ${name} .*?\\n})\\n`,
      "s",
    ).exec(source);
    if (declaration === null) throw new Error(`${types} declares no ${name}: correct the @types line`);
    return declaration[0].replace("export ", "");
  });
  return ["```ts", found.join("\n").trimEnd(), "```"].join("\n");
}

/** The page as it should be. */
export function gatewayPage() {
  const text = sources.flatMap((path) => specification(read(path))).join("\n");
  const note = "<!-- Made by scripts/gateway-docs.js from lib/middleware/validate.ts. Change it there. -->";
  const spaced = text.replace(/\n+(#+ )/g, "\n\n$1").replace(/\n{3,}/g, "\n\n");
  return `${note}\n\n${spaced.trim()}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  if (!process.argv.includes("--check")) writeFileSync(page, gatewayPage());
  else if (readFileSync(page, "utf8") !== gatewayPage()) {
    console.error("docs/gateway.md is stale: run node scripts/gateway-docs.js");
    process.exitCode = 1;
  }
}
