// npm test: installs what is missing, builds, checks, and runs every test. Arguments after -- go to vitest.
//
// The last line is "N passed, N failed"; a check counts as one test. CI=true makes a missing program, and a
// skipped test that test/skips.json does not list, a failure.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./checks.js";
import { Advice, packageScript, root, Stopped } from "./command.js";
import { buildIfStale } from "./compile.js";
import { installFrameworks, installNpmPackages, installPrograms } from "./packages.js";

const args = process.argv.slice(2);
const strict = process.env["CI"] === "true";
const counts = { passed: 0, failed: 0 };

try {
  // Whatever installs waits for the network most of the time.
  const packages = installNpmPackages();
  const frameworks = installFrameworks(packages);
  const programs = installPrograms();
  for (const other of [frameworks, programs]) other.catch(() => {});
  await packages;
  await buildIfStale();
  await frameworks;
  add(await runChecks());
  const missing = await programs;
  reportMissing(missing);
  add(await runTests(missing));
} catch (error) {
  counts.failed++;
  console.error(error instanceof Advice || error instanceof Stopped ? error.message : error);
}
process.exitCode = counts.failed === 0 ? 0 : 1;
console.log(`${counts.passed} passed, ${counts.failed} failed`);

function add({ passed, failed }) {
  counts.passed += passed;
  counts.failed += failed;
}

function reportMissing(missing) {
  for (const { name, package: debianPackage } of missing) {
    const consequence = strict ? "with CI=true that is a failure" : "the tests that need it are skipped";
    console.log(`${name} is missing, ${consequence}: install it with "apt-get install ${debianPackage}".`);
  }
  if (strict) counts.failed += missing.length;
}

async function runTests(missing) {
  const folder = mkdtempSync(join(tmpdir(), "postern-test-"));
  const path = join(folder, "report.json");
  try {
    const reporters = ["--reporter=default", `--reporter=${root}scripts/reporter.js`];
    const status = await packageScript("vitest/vitest.mjs", ["run", ...reporters, ...args], {
      env: { ...process.env, POSTERN_TEST_REPORT: path },
    });
    const report = read(path);
    // vitest itself failed, such as when no test file matched: that has no test to count.
    if (status !== 0 && report.failed === 0) report.failed = 1;
    report.failed += judgeSkipped(report.skipped, missing);
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return { passed: 0, failed: 0, skipped: [] };
  }
}

/** Names every skipped test with its reason. Returns how many of them make the run fail. */
function judgeSkipped(skipped, missing) {
  // A filter skips whatever it does not match.
  if (args.length > 0) return 0;
  const listed = JSON.parse(readFileSync(`${root}test/skips.json`, "utf8"));
  let failed = 0;
  for (const name of skipped) {
    const entry = listed.find(({ test }) => name === test || name.startsWith(`${test} > `));
    const program = missing.find(({ tests }) => tests.some((path) => name.startsWith(path)));
    const reason = entry?.reason ?? (program && `needs ${program.name}, which is missing`);
    console.log(`skipped: ${name}: ${reason ?? "test/skips.json has no reason for it"}`);
    if (entry === undefined && strict) failed++;
  }
  return failed;
}
