import { symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { Child } from "../support/child.ts";
import { temporaryFolder } from "../support/folder.ts";

const bench = (path: string) => fileURLToPath(new URL(`../../bench/${path}`, import.meta.url));

// Where the processor counts nothing there is nothing else to test with.
const folder = temporaryFolder();
for (const program of ["perf", "valgrind"]) {
  const file = fileURLToPath(new URL(`programs/${program}.js`, import.meta.url));
  symlinkSync(file, join(folder.path, program));
}
const path = `${folder.path}${delimiter}${process.env["PATH"]}`;
vi.stubEnv("PATH", path);
const { canCount, countInstructions } = await import(bench("instructions.js"));
const { spread, spreadOfCounted } = await import(bench("statistics.js"));
const { cpuRatio } = await import(bench("targets.js"));

afterEach(() => {
  vi.stubEnv("PERF_FINDS", undefined);
});
afterAll(() => {
  vi.unstubAllEnvs();
  folder.remove();
});

test.each([
  ["one kind", 1234],
  ["two kinds", 1234],
  ["nothing", undefined],
  ["no such process", undefined],
])("what perf finds of a process: %s", async (finds, expected) => {
  vi.stubEnv("PERF_FINDS", finds);
  expect(canCount).toBe(true);
  const done: string[] = [];
  const count = await countInstructions(process.pid, async () => {
    done.push("action");
  });
  expect(count).toBe(expected);
  expect(done).toEqual(["action"]);
});

test("an action that fails is not counted", async () => {
  const failing = countInstructions(process.pid, async () => {
    throw new Error("the server is gone");
  });
  await expect(failing).rejects.toThrow("the server is gone");
});

test("a figure is the median of the rounds in which it was counted", () => {
  const rounds = (...counts: (number | undefined)[]) =>
    counts.map((instructions) => ({ cpu: 10, instructions }));
  const results = [
    { name: "one", rounds: rounds(100, 133, undefined, 102, 101) },
    { name: "other", rounds: rounds(100, 100, 100, 100, 100) },
  ];
  expect(cpuRatio(results, "one", "other")).toEqual({
    measured: { median: 1, min: 1, max: 1 },
    instructions: { median: (1.01 + 1.02) / 2, min: 1, max: 1.33 },
  });
  expect(spreadOfCounted([undefined, undefined])).toBeUndefined();
  expect(spreadOfCounted([3, Number.NaN, 1])).toEqual(spread([1, 3]));
});

test("where perf counts, servers and scripts are counted", { timeout: 240_000 }, async () => {
  const output = await shortRun("fetch", "start-up");
  expect(output).toContain("| instructions a request |");
  expect(output).not.toContain("not counted");
  expect(output).toMatch(/^\| hello, bundled +\|.* 0\.0 \(0\.0–0\.0\) \| +1\.000 \(1\.000–1\.000\) \|/m);
  expect(output).toMatch(/^\| CGI, the interface alone, bundled,.*\| 1\.00 \(1\.00–1\.00\) \|/m);
});

test("valgrind counts the instructions of scripts where it is asked to", { timeout: 240_000 }, async () => {
  const output = await shortRun("start-up", "--valgrind");
  expect(output).toContain("| million instructions, counted once by valgrind |");
  expect(output).toMatch(/^\| hello, bundled +\|.* 123\.5 \(123\.5–123\.5\) \| +1\.000 \(/m);
});

async function shortRun(...words: string[]): Promise<string> {
  const args = [bench("main.js"), ...words, "--quick"];
  const run = new Child(process.execPath, args, { env: { ...process.env, PATH: path } });
  const status = await run.ended;
  expect(run.stderr).toBe("");
  expect(status).toBe(0);
  return run.stdout;
}
