// Installs what the scripts need and the machine lacks. It runs before node_modules is there.

import { existsSync, readFileSync, statSync } from "node:fs";
import { delimiter } from "node:path";
import { Advice, command, root } from "./command.js";

const oldestNode = [20, 19];

/** Throws advice where Node is older than package.json allows. */
function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldestMajor, oldestMinor] = oldestNode;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Advice(
    `postern needs Node ${oldestNode.join(".")} or later and this is ${process.version}: install a newer one from https://nodejs.org and run this again.`,
  );
}

/** Runs `npm ci` when node_modules is absent or older than the lock file. */
export function installNpmPackages() {
  checkNode();
  return installLocked("package-lock.json", "");
}

/**
 * The same for the frameworks that tests run on postern, and for the wiki: nobody else has to wait for them.
 *
 * @param {Promise<unknown>} [packages] those of package-lock.json on their way: the wiki has a link to their folder
 */
export async function installFrameworks(packages) {
  await installLocked("test/package-lock.json", "test/");
  await packages;
  await installLocked("examples/wiki/package-lock.json", "examples/wiki/");
}

async function installLocked(lockFile, folder) {
  const installed = modified(`${root}${folder}node_modules/.package-lock.json`);
  if (installed >= modified(`${root}${lockFile}`)) return;
  process.stdout.write(`Installing the npm packages of ${lockFile} (npm ci) …\n`);
  const [program, ...first] = npm();
  const status = await command(
    program,
    [...first, "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"],
    { cwd: `${root}${folder}` },
  );
  if (status === 0) return;
  throw new Advice(
    `npm ci ended with status ${status}: see that this folder is writable and that "npm ping" reaches the registry, then run this again.`,
  );
}

/** npm as it was called, or else the one in PATH. */
function npm() {
  const called = process.env["npm_execpath"] ?? "";
  return /npm-cli\.c?js$/.test(called) ? [process.execPath, called] : ["npm"];
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The programs besides Node that tests start: name, program or file, Debian package, what is tested with it. */
function programs() {
  return JSON.parse(readFileSync(`${root}test/support/programs.json`, "utf8"));
}

/** Where a program is, also in the folders that an ordinary user's PATH leaves out; a module of a web server is a file. */
function findProgram(name, file) {
  if (file !== undefined) return existsSync(file) ? file : undefined;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
}

/**
 * Installs the Debian packages of the programs that are missing, where this user may do that without a password.
 * Says what it installs before it does.
 *
 * @returns the programs that are still missing
 */
export async function installPrograms() {
  const missing = programs().filter(({ program, file }) => findProgram(program, file) === undefined);
  if (missing.length === 0) return [];
  const packages = missing.map((entry) => entry.package);
  const become = await installer();
  if (become === undefined) return missing;
  process.stdout.write(
    `Installing Debian packages for the tests (apt-get install): ${packages.join(" ")} …\n`,
  );
  const [program, ...args] = [...become, "sh", "-c", install, "sh", ...packages];
  const status = await command(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) process.stdout.write(`apt-get ended with status ${status}.\n`);
  return missing.filter(({ program, file }) => findProgram(program, file) === undefined);
}

/** What to put before a command that installs: nothing for root, sudo where it asks no password. */
async function installer() {
  if (!existsSync("/etc/debian_version") || findProgram("apt-get") === undefined) return undefined;
  if (process.getuid() === 0) return [];
  if (findProgram("sudo") === undefined) return undefined;
  const status = await command("sudo", ["-n", "true"], { stdio: "ignore" });
  return status === 0 ? ["sudo", "-n"] : undefined;
}

// A web server's package starts the server as a service; a machine that runs tests has not asked for that.
const install = `
  set -e
  export DEBIAN_FRONTEND=noninteractive
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
  fi
  apt-get -q update
  apt-get -q install -y --no-install-recommends "$@"
`;
