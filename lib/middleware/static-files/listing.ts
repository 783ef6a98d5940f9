// The page that stands for a folder without an index, where the option `listing` asks for it.

import { Buffer } from "node:buffer";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { encodePathBytes } from "../../gateway/path.ts";
import { html } from "../status/markup.ts";
import type { Folder } from "./folder.ts";
import { findIn } from "./found-file.ts";

/** @param name - of the folder, `""` or with a slash at its end */
export async function listingPage(folder: Folder, name: string): Promise<string> {
  const title = html`Index of /${name}`;
  const names = await listedNames(folder, name);
  const items = (name === "" ? names : ["../", ...names]).map(
    (one) => html`<li><a href="${linkTo(one)}">${one}</a></li>\n`,
  );
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
</head>
<body>
<h1>${title}</h1>
<ul>
${items}</ul>
</body>
</html>
`.text;
}

/** What can be asked for in a folder, in the order of its names; folders have a slash at their end. */
async function listedNames(folder: Folder, name: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of (await readdir(join(folder.path, name))).sort()) {
    const found = await findIn(folder, name, entry);
    if (found?.stats.isDirectory() === true) names.push(`${entry}/`);
    else if (found?.stats.isFile() === true) names.push(entry);
  }
  return names;
}

/** From the folder on, so that a colon in a name makes no scheme of it. */
function linkTo(name: string): string {
  return `./${encodePathBytes(Buffer.from(name).toString("latin1"))}`;
}
