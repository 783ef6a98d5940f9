// npm packages that we are measured beside: no dependency of ours, installed when they are missing.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("peers/", import.meta.url));

/** Versions are exact, those of what the packages need too, so that figures of two days can be compared. */
const manifest = {
  private: true,
  dependencies: { "node-fastcgi": "2.0.0" },
  overrides: { "fastcgi-stream": "1.0.0", bufferlist: "0.1.0" },
};

/**
 * @param {boolean} install whether npm may install what is missing
 * @returns {boolean} whether they are there
 */
export function havePeers(install) {
  if (isInstalled()) return true;
  if (!install) {
    process.stdout.write(
      "Without node-fastcgi, which is not installed yet; a run without --quick does that.\n",
    );
    return false;
  }
  process.stdout.write("Installing node-fastcgi into bench/peers/ …\n");
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}package.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
  const { status } = spawnSync("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  if (status === 0 && isInstalled()) return true;
  process.stdout.write("Without node-fastcgi: npm could not install it.\n");
  return false;
}

function isInstalled() {
  return Object.keys(manifest.dependencies).every((name) => existsSync(`${folder}node_modules/${name}`));
}
