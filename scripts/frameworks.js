// npm run frameworks: runs the test suites of Express, connect, Koa and Fastify through postern: every request that a test
// makes goes out over FastCGI and comes back through the FastCGI server and `fromNode`.
//
//   npm run frameworks                              all suites that apt and npm have
//   npm run frameworks -- fastify connect           these
//   npm run frameworks -- koa=/path/to/koa          one whose tests are in a folder, such as a clone of its repository
//
// A test counts as failed when it fails here and passes without postern. test/bridges/exclusions.json lists those that cannot
// pass, with the reason. Exit status 1: a test fails that is not listed, or one that is listed passes; one that does so by chance
// has its reason under "sometimes".

import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { main, root } from "./command.js";
import { installFrameworks, installNpmPackages } from "./packages.js";
import { fetchSuite } from "./suite-files.js";
import { runSuite } from "./suite-run.js";
import { suites } from "./suites.js";

// No folder above the tests may begin with a dot: what serves files would hide their fixtures.
const cache = `${root}node_modules/frameworks/`;

await main(async () => {
  await installNpmPackages();
  await installFrameworks();
  const preload = await buildPreload();
  const listed = JSON.parse(readFileSync(`${root}test/bridges/exclusions.json`, "utf8"));
  let failed = 0;
  for (const [name, checkout] of chosen()) {
    const suite = suites[name];
    if (suite === undefined) {
      console.error(`There is no suite ${name}; there are ${Object.keys(suites).join(", ")}.`);
      return 1;
    }
    const folder = await fetchSuite(suite, { name, cache, checkout });
    const report = await runSuite(checkout === undefined ? suite : withCheckout(suite), {
      folder,
      preload,
      excluded: listed[name] ?? {},
    });
    failed += print(name, report);
  }
  return failed === 0 ? 0 : 1;
});

/** Names of suites, and the folders of those that are not fetched. */
function chosen() {
  const args = process.argv.slice(2);
  if (args.length > 0) return args.map((arg) => arg.split("=", 2));
  return Object.entries(suites).flatMap(([name, { source }]) => (source === undefined ? [] : [[name]]));
}

/** Some tests are only there. */
function withCheckout(suite) {
  return { ...suite, args: [...(suite.args ?? []), ...(suite.checkoutArgs ?? [])] };
}

/** What takes requests of a suite's process out of it and brings them in again. */
async function buildPreload() {
  const outfile = `${cache}preload.cjs`;
  await build({
    entryPoints: [`${root}test/support/bridged/preload.ts`],
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile,
    logLevel: "error",
  });
  return outfile;
}

function print(name, { passed, failed, wronglyListed, excluded, plainFailures, skipped, requests }) {
  for (const [test, reason] of excluded) console.log(`excluded: ${name}: ${test}: ${reason}`);
  for (const test of plainFailures) console.log(`fails without postern too: ${name}: ${test}`);
  for (const test of wronglyListed)
    console.log(`passes: ${name}: ${test}: take it out of test/bridges/exclusions.json`);
  for (const [test, message] of failed) console.log(`failed: ${name}: ${test}: ${message.split("\n")[0]}`);
  const counts = [
    `${passed} passed`,
    `${failed.length} failed`,
    `${excluded.length} excluded`,
    `${plainFailures.length} failed without postern too`,
    `${skipped} skipped by the suite`,
    `${requests} requests over FastCGI`,
  ];
  console.log(`${name}: ${counts.join(", ")}`);
  return failed.length + wronglyListed.length;
}
