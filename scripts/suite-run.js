// Runs a framework's test suite through postern, and what fails there without it.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * For one file of tests, or for a suite that is one process. Where a web server keeps what the application would close, a
 * file of Fastify's ends when its keepAliveTimeout of 72 s is over, twice.
 */
const TIMEOUT_MS = { mocha: 300_000, "node:test": 200_000 };
/** Files at once. */
const WORKERS = 2;

/**
 * @param excluded why a test fails, by its name; of one that passes now and then it is `{ sometimes: why }`
 * @returns what became of the tests; `failed` are those that do not fail without postern and are not excluded
 */
export async function runSuite(suite, { folder, preload, excluded }) {
  const scratch = mkdtempSync(join(tmpdir(), "pt-suite-"));
  try {
    const context = { suite, folder, scratch, excluded };
    const bridged = {
      ...process.env,
      NODE_OPTIONS: `--require ${preload}`,
      BRIDGED_REQUESTS: join(scratch, "requests"),
    };
    const results = await runners[suite.runner](context, bridged, () => true);
    let suspects = failuresOf(results, excluded);
    if (suspects.length > 0) {
      // Once more, for those that measure time on a busy machine.
      replace(results, await runners[suite.runner](context, bridged, among(suspects)), suspects);
      suspects = failuresOf(results, excluded);
    }
    const plain =
      suspects.length === 0 ? [] : await runners[suite.runner](context, process.env, among(suspects));
    const failsPlainly = new Set(plain.filter(({ result }) => result === "failed").map(({ name }) => name));
    return {
      passed: results.filter(({ result }) => result === "passed").length,
      skipped: results.filter(({ result }) => result === "skipped").length,
      failed: suspects
        .filter(({ name }) => !failsPlainly.has(name))
        .map(({ name, message }) => [name, message]),
      plainFailures: suspects.filter(({ name }) => failsPlainly.has(name)).map(({ name }) => name),
      excluded: results
        .filter(({ name, result }) => result === "failed" && name in excluded)
        .map(({ name }) => [name, excluded[name].sometimes ?? excluded[name]]),
      wronglyListed: results
        .filter(({ name, result }) => result === "passed" && typeof excluded[name] === "string")
        .map(({ name }) => name),
      requests: sumOf(join(scratch, "requests")),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function failuresOf(results, excluded) {
  return results.filter(({ name, result }) => result === "failed" && !(name in excluded));
}

function among(tests) {
  const names = new Set(tests.map(({ name }) => name));
  const files = new Set(tests.map(({ file }) => file));
  return ({ name, file }) => (name === undefined ? files.has(file) : names.has(name));
}

function replace(results, again, suspects) {
  const better = new Map(again.map((test) => [test.name, test]));
  for (const { name } of suspects) {
    const at = results.findIndex((test) => test.name === name);
    const test = better.get(name);
    // What did not come up again has no name of its own: a file that did not end, and now does.
    if (test === undefined) results.splice(at, 1);
    else results[at] = test;
  }
}

const runners = { mocha: runMocha, "node:test": runNodeTest };

/** A name stands for all tests that bear it. */
async function runMocha({ suite, folder, scratch }, env) {
  const report = join(scratch, "mocha.json");
  rmSync(report, { force: true });
  const args = ["--exit", "--reporter", "json", "--reporter-option", `output=${report}`, ...suite.args];
  await run(
    [join(folder, "node_modules/mocha/bin/mocha.js"), ...args],
    { cwd: folder, env },
    TIMEOUT_MS.mocha,
  );
  if (!existsSync(report)) return [{ name: "(mocha made no report)", result: "failed", message: "" }];
  const { passes, failures, pending } = JSON.parse(readFileSync(report, "utf8"));
  return numbered([
    ...passes.map(({ fullTitle }) => ({ name: fullTitle, result: "passed" })),
    ...failures.map(({ fullTitle, err }) => ({
      name: fullTitle,
      result: "failed",
      message: err.message ?? "",
    })),
    ...pending.map(({ fullTitle }) => ({ name: fullTitle, result: "skipped" })),
  ]);
}

async function runNodeTest({ suite, folder, scratch }, env, isChosen) {
  const files = readdirSync(folder, { recursive: true })
    .filter((file) => suite.files.test(file))
    .sort()
    .filter((file) => isChosen({ file }));
  const results = [];
  await Promise.all(
    Array.from({ length: WORKERS }, async (_, worker) => {
      for (let file = files.shift(); file !== undefined; file = files.shift())
        results.push(...(await runFile(file, { folder, env, report: join(scratch, `report-${worker}`) })));
    }),
  );
  return numbered(results);
}

async function runFile(file, { folder, env, report }) {
  rmSync(report, { force: true });
  // One of Node's own: tests would have to wait for another to be imported, and some do not bear that.
  const args = ["--test-reporter=tap", `--test-reporter-destination=${report}`, file];
  const ended = await run(args, { cwd: folder, env }, TIMEOUT_MS["node:test"]);
  const results = existsSync(report) ? readTap(readFileSync(report, "utf8")) : [];
  for (const test of results) Object.assign(test, { file, name: `${file}: ${test.name}` });
  if (ended) return results;
  return [...results, { file, name: `${file}: (it did not end)`, result: "failed", message: "" }];
}

/** What Node writes: the tests inside another one before it, four spaces further in, each followed by YAML. */
function readTap(text) {
  const around = [];
  const results = [];
  let last;
  for (const line of text.split("\n")) {
    const start = /^( *)# Subtest: (.*)$/.exec(line);
    if (start !== null) {
      around.length = start[1].length / 4;
      around.push(start[2]);
      continue;
    }
    const end = /^( *)(not ok|ok) \d+ - (.*?)(?: # (SKIP|TODO).*)?$/.exec(line);
    if (end !== null) {
      const [, spaces, verdict, title, directive] = end;
      const name = [...around.slice(0, spaces.length / 4), title].join(" > ");
      last = { name, result: directive ? "skipped" : verdict === "ok" ? "passed" : "failed", message: "" };
      results.push(last);
    } else if (/^ *failureType: 'subtestsFailed'/.test(line)) {
      // What stands around a failed test has not failed by itself.
      results.splice(results.indexOf(last), 1);
    } else if (last?.message === "" && last.result === "failed") {
      last.message = /^ *error: (.+)$/.exec(line)?.[1]?.replace(/^\|-$/, "") ?? "";
    }
  }
  return results;
}

/** Tests of one name get numbers. */
function numbered(results) {
  const seen = new Map();
  for (const test of results) {
    const count = (seen.get(test.name) ?? 0) + 1;
    seen.set(test.name, count);
    if (count > 1) test.name = `${test.name} (${count})`;
  }
  return results;
}

/** Whether it ended by itself. */
function run(args, options, timeout) {
  const child = spawn(process.execPath, args, {
    ...options,
    stdio: "ignore",
    timeout,
    killSignal: "SIGKILL",
  });
  return new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal !== "SIGKILL")));
}

function sumOf(path) {
  if (!existsSync(path)) return 0;
  return readFileSync(path, "utf8")
    .split("\n")
    .reduce((sum, line) => sum + Number(line), 0);
}
