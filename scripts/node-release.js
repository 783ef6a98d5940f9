// Other versions of Node, for tests: installed from npm where they are kept for the next run.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { Advice, root } from "./command.js";

/** The oldest is that of package.json; the others are what Node calls long-term support, and the newest. */
export const supportedNodes = [20, 22, 24, 26];

/** The program's own package: `node` asks npm once more for it, which takes several times as long. */
const name = `node-${process.platform}-${process.arch}`;
const place = `node_modules/${name}/bin/node`;

/**
 * The program of the latest release of a major version; this very Node where it is one.
 *
 * @param {number} major
 * @returns {Promise<string>}
 */
export async function installNode(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const cache = `${root}node_modules/.cache/node-versions`;
  const folder = `${cache}/${major}`;
  const program = `${folder}/${place}`;
  if (existsSync(program)) return program;
  // Whole or not there: who is interrupted leaves nothing that looks like a Node.
  const unfinished = `${folder}-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const said = await install(unfinished, major);
    if (!existsSync(`${unfinished}/${place}`)) {
      throw new Advice(
        `Node ${major} cannot be installed from npm: see that "npm ping" reaches the registry.\n${said}`,
      );
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return program;
}

/** What npm said. */
function install(folder, major) {
  const args = [
    "install",
    "--prefix",
    folder,
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--ignore-scripts",
    `${name}@${major}`,
  ];
  return new Promise((resolve) => {
    let said = "";
    const npm = spawn("npm", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const hear = (bytes) => {
      said += bytes;
    };
    npm.stdout.on("data", hear);
    npm.stderr.on("data", hear);
    npm.on("error", (error) => resolve(error.message));
    npm.on("close", () => resolve(said));
  });
}
