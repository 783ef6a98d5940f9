// Gets a framework's test suite and what it needs into a folder of its own.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Advice, command } from "./command.js";

/** What tests do not need of a framework's development dependencies. */
const unneeded =
  /eslint|^nyc$|^c8$|^@types\/|^typescript|tstyche|markdownlint|neostandard|standard$|autocannon|branch-comparer|concurrently|husky|borp|webpack|tsconfig|gen-esm|codecov|release|connect-redis|cross-env/;

/** Of other versions the output cannot be read, or they do not run on the Node of today. */
const versions = { mocha: "^10.8.2", supertest: "^6.3.4" };

/**
 * @returns the folder, ready to run
 */
export async function fetchSuite(suite, { name, cache, checkout }) {
  const folder = `${cache}${name}/`;
  const done = `${folder}.fetched`;
  const origin = JSON.stringify([checkout ?? suite.source, suite.needs, String(suite.reworded)]);
  if (existsSync(done) && readFileSync(done, "utf8") === origin) return folder;
  if (checkout === undefined && suite.source === undefined) {
    throw new Advice(
      `Neither apt nor npm has the tests of ${name}. Get them with "git clone --depth 1 ${suite.clone} /path/to/${name}", ` +
        `then say "npm run frameworks -- ${name}=/path/to/${name}".`,
    );
  }
  console.log(`Fetching the tests of ${name} …`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (checkout !== undefined) copyCheckout(checkout, folder);
  else if (suite.source.npm !== undefined) await fetchFromNpm(suite.source.npm, folder);
  else await fetchFromDebian(suite.source, cache, folder);
  if (checkout === undefined) reword(join(folder, "test"), suite.reworded ?? []);
  prunePackage(folder);
  await run("npm", [...install, ...(suite.needs ?? []).flatMap((need) => [need])], folder);
  writeFileSync(done, origin);
  return folder;
}

const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];

function copyCheckout(checkout, folder) {
  if (!existsSync(join(checkout, "package.json"))) throw new Advice(`${checkout} has no package.json.`);
  const left = new Set([".git", "node_modules"]);
  for (const entry of readdirSync(checkout).filter((one) => !left.has(one)))
    cpSync(join(checkout, entry), join(folder, entry), { recursive: true });
}

async function fetchFromNpm(name, folder) {
  await run("npm", ["pack", "--silent", name], folder);
  await unpack(folder, folder, /\.tgz$/);
}

/** The upstream part of a Debian source package. The machine's own lists of packages stay as they are. */
async function fetchFromDebian({ debian, codeOf }, cache, folder) {
  const lists = `${cache}apt/`;
  mkdirSync(`${lists}lists/partial`, { recursive: true });
  mkdirSync(`${lists}cache/archives/partial`, { recursive: true });
  const source = `${lists}sources.list`;
  const key = "/usr/share/keyrings/debian-archive-keyring.gpg";
  writeFileSync(source, `deb-src [signed-by=${key}] http://deb.debian.org/debian bookworm main\n`);
  const apt = [
    `Dir::Etc::SourceList=${source}`,
    "Dir::Etc::SourceParts=/dev/null",
    `Dir::State::Lists=${lists}lists`,
    `Dir::Cache=${lists}cache`,
    "APT::Sandbox::User=",
  ].flatMap((option) => ["-o", option]);
  await run("apt-get", [...apt, "-qq", "update"], folder);
  // A package may have parts that a mirror lacks, and of which the tests are none: it is enough that the main one comes.
  await command("apt-get", [...apt, "-qq", "--download-only", "--tar-only", "source", debian], {
    cwd: folder,
  });
  await unpack(folder, folder, /\.orig\.tar\.\w+$/);
  if (codeOf === undefined) return;
  for (const part of ["lib", "index.js", "package.json"]) rmSync(join(folder, part), { recursive: true });
  await fetchFromNpm(codeOf, folder);
}

async function unpack(from, folder, pattern) {
  const archive = readdirSync(from).find((file) => pattern.test(file));
  if (archive === undefined)
    throw new Advice("The archive with the tests could not be fetched: try it again later.");
  await run("tar", ["--extract", "--file", archive, "--strip-components=1"], folder);
  rmSync(join(from, archive));
}

/** Tests of one version, made to expect the words of another. */
function reword(folder, changes) {
  if (changes.length === 0) return;
  for (const entry of readdirSync(folder).filter((one) => one.endsWith(".js"))) {
    const path = join(folder, entry);
    const text = readFileSync(path, "utf8");
    writeFileSync(
      path,
      changes.reduce((changed, [pattern, words]) => changed.replace(pattern, words), text),
    );
  }
}

function prunePackage(folder) {
  const path = join(folder, "package.json");
  const description = JSON.parse(readFileSync(path, "utf8"));
  const { devDependencies = {} } = description;
  for (const name of Object.keys(devDependencies)) if (unneeded.test(name)) delete devDependencies[name];
  for (const [name, version] of Object.entries(versions))
    if (name in devDependencies) devDependencies[name] = version;
  delete description.scripts;
  writeFileSync(path, JSON.stringify(description));
}

async function run(program, args, cwd) {
  const status = await command(program, args, { cwd });
  if (status !== 0) throw new Advice(`${program} ${args.join(" ")} ended with status ${status}.`);
}
