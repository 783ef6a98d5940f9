import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Child } from "../support/child.ts";

const script = fileURLToPath(new URL("../../bench/main.js", import.meta.url));
const figure = /^\d+(\.\d+)? \(\d+(\.\d+)?–\d+(\.\d+)?\)$/;

test("a short run of the bench measures every server and script", { timeout: 60_000 }, async () => {
  const run = new Child(process.execPath, [script, "--quick"]);
  const status = await run.ended;
  expect(run.stderr).toBe("");
  expect(status).toBe(0);

  const [head, kept, each, startUp] = run.stdout.split("### ");
  expect(head).toMatch(
    /^Date: \d{4}-\d\d-\d\d\s+Node: v\d+\..*\s+CPU: \d+ × .+\s+Command: npm run bench -- --quick$/m,
  );
  const peers = head?.includes("Without node-fastcgi") ? [] : ["node-fastcgi"];
  const servers = ["postern", "node:http", "ready-made bytes", ...peers];
  expect(figuresOf(kept)).toEqual(servers);
  expect(figuresOf(each)).toEqual(servers);
  expect(figuresOf(startUp)).toEqual(["node -e 0", "hello.cgi"]);
});

test("a short run with --workers measures the worker models", { timeout: 60_000 }, async () => {
  const run = new Child(process.execPath, [script, "--workers", "--quick"]);
  expect(await run.ended).toBe(0);
  const [, kept, closed, computing] = run.stdout.split("### ");
  const models = ["single", "2 threads", "2 processes"];
  expect(figuresOf(kept)).toEqual([...models, "2 processes, round robin"]);
  expect(figuresOf(closed)).toEqual([...models, "2 processes, round robin"]);
  expect(figuresOf(computing)).toEqual(models);
});

test("a short run with --router measures both maps", { timeout: 60_000 }, async () => {
  const run = new Child(process.execPath, [script, "--router", "--quick"]);
  expect(await run.ended).toBe(0);
  const [, short, long] = run.stdout.split("### ");
  expect(figuresOf(short)).toEqual(["postern", "find-my-way"]);
  expect(figuresOf(long)).toEqual(["postern", "find-my-way"]);
});

test("a short run with --frameworks measures each beside its own server", { timeout: 60_000 }, async () => {
  const run = new Child(process.execPath, [script, "--frameworks", "--quick"]);
  expect(await run.ended).toBe(0);
  const [, ...parts] = run.stdout.split("### ");
  const names = parts.map((part) => part.split("\n", 1)[0] ?? "");
  expect(names).toEqual(["Express", "Hono"]);
  for (const [at, name] of names.entries()) {
    expect(figuresOf(parts[at])).toEqual([`${name} over FastCGI`, expect.stringMatching(`^${name} on `)]);
  }
});

test("an option that does not exist is explained", async () => {
  const run = new Child(process.execPath, [script, "--fast"]);
  expect(await run.ended).toBe(1);
  expect(run.stderr).toContain("--fast");
  expect(run.stderr).toContain("--quick");
});

/** Names of a table's rows; each row has figures above 0 in all its columns. */
function figuresOf(part = ""): string[] {
  const rows = part.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => {
    const [, name = "", ...cells] = row.split("|").map((cell) => cell.trim());
    const figures = cells.slice(0, -1);
    expect(figures.length).toBeGreaterThan(0);
    for (const cell of figures) {
      if (/^\d+$/.test(cell)) continue;
      expect(cell).toMatch(figure);
      expect(Number.parseFloat(cell)).toBeGreaterThan(0);
    }
    return name;
  });
}
