import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Child } from "../support/child.ts";

const script = fileURLToPath(new URL("../../bench/main.js", import.meta.url));
const figure = /^-?\d+(\.\d+)? \(-?\d+(\.\d+)?–-?\d+(\.\d+)?\)$/;
const verdict = /^(yes|no)$/;

const workerModels = [
  "single",
  "2 threads",
  "2 processes",
  "2 processes, round robin",
  "ready-made bytes",
  "ready-made bytes, 2 processes",
];

/** What each part measures, and which of it is there on every machine that runs the tests. */
const parts: Record<string, Record<string, readonly string[]>> = {
  kept: { "Kept connections": ["postern", "node:http", "ready-made bytes", "plain parser"] },
  closed: { "A connection for each request": ["postern", "node:http", "ready-made bytes", "plain parser"] },
  protocols: {
    "SCGI and uwsgi, a connection for each request": ["postern, SCGI", "postern, uwsgi", "node:http"],
    "AJP on kept connections": ["postern, AJP", "node:http"],
  },
  workers: {
    "A small request on a kept connection": workerModels,
    "A connection for each small request": workerModels,
    "An application that computes for each request": ["single", "2 threads", "2 processes"],
  },
  memory: {
    "100 idle connections": ["postern", "plain parser", "node:http"],
    "2000 requests": ["postern"],
  },
  framework: {
    "The last of 30 routes, a class, a header, a string": [
      "postern",
      "Hono on @hono/node-server",
      "node:http",
    ],
    "The same with a cookie, the query, and a template of ten rows in a layout": [
      "postern",
      "packages called directly",
    ],
  },
  frameworks: {
    Hono: ["Hono over FastCGI", "Hono on @hono/node-server"],
    Express: ["Express over FastCGI", "Express on node:http"],
  },
  router: {
    "The last of 30 routes": ["postern", "Map and expressions, bare", "find-my-way"],
    "The last of 1000 routes": ["postern", "Map and expressions, bare", "find-my-way"],
  },
  "start-up": {
    "Start-up of a CGI script": [
      "node -e 0",
      "ready-made bytes",
      "ready-made bytes, code cache",
      "guestbook's packages alone, bundled",
      "hello, its files",
      "hello, bundled, no code cache",
      "hello, bundled",
      "guestbook, its files",
      "guestbook, bundled, no code cache",
      "guestbook, bundled",
      "Express, its files",
      "Express, bundled, no code cache",
      "Express, bundled",
    ],
  },
};

/** Targets that have a floor, in parts that have some. */
const floors: Record<string, readonly string[]> = {
  kept: ["FastCGI, kept: postern, CPU time beside node:http"],
  workers: [
    "A small request on a kept connection: 2 processes, CPU time beside single",
    "A connection for each small request: 2 processes, CPU time beside single",
  ],
  router: ["The last of 30 routes, ns"],
  "start-up": [
    "CGI, the interface alone, bundled, beside node -e 0",
    "CGI, the guestbook's front page, bundled, beside node -e 0",
  ],
};

test.each(Object.entries(parts))(
  "a short run of the part %s",
  { timeout: 120_000 },
  async (part, expected) => {
    const { head, tables } = await shortRun(part);
    expect(head).toMatch(
      /Date: \d{4}-\d\d-\d\d\s+Node: v\d+\..*\s+CPU: \d+ × .+\s+Command: npm run bench -- /,
    );
    for (const [title, servers] of Object.entries(expected))
      expect(namesIn(tables.get(title), figure)).toEqual(expect.arrayContaining([...servers]));
    expect(namesIn(tables.get("What was to be reached"), verdict)).not.toEqual([]);
    expect(namesIn(tables.get("The floors of this run"), figure)).toEqual(floors[part] ?? []);
  },
);

test("parts behind real web servers, where those are there", { timeout: 120_000 }, async () => {
  const { head, tables } = await shortRun("lighttpd", "streaming");
  const programs = ["lighttpd", "nginx"].filter((program) => !head.includes(`Without ${program}:`));
  if (programs.includes("lighttpd"))
    expect(namesIn(tables.get("Behind lighttpd"), figure)).toEqual(
      expect.arrayContaining(["postern", "node:http"]),
    );
  const ways = programs.flatMap((program) => [`1 MB up through ${program}`, `1 MB down through ${program}`]);
  for (const way of ways)
    expect(namesIn(tables.get(way), figure)).toEqual([
      "postern",
      "copying only",
      "framing only",
      "node:http",
    ]);
  expect(namesIn(tables.get("The floors of this run"), figure)).toEqual(
    ways.map((way) => `${way}: postern, time beside copying only`),
  );
});

test("Hono with a body, beside srvx where that is installed", { timeout: 120_000 }, async () => {
  const { head, tables } = await shortRun("fetch");
  const servers = ["Hono over FastCGI", "Hono on @hono/node-server"];
  if (!head.includes("Without srvx,")) {
    servers.push("Hono on srvx");
    expect(namesIn(tables.get("What was to be reached"), verdict)).toHaveLength(1);
  }
  expect(namesIn(tables.get("Hono with headers and a body"), figure)).toEqual(servers);
});

test("a word or an option that does not exist is explained", async () => {
  for (const word of ["--fast", "speed"]) {
    const run = new Child(process.execPath, [script, word]);
    expect(await run.ended).toBe(1);
    expect(run.stderr).toContain(word);
    expect(run.stderr).toContain("--quick");
    expect(run.stderr).toContain("start-up");
  }
});

async function shortRun(...names: string[]): Promise<{ head: string; tables: Map<string, string> }> {
  const run = new Child(process.execPath, [script, ...names, "--quick"]);
  const status = await run.ended;
  expect(run.stderr).toBe("");
  expect(status).toBe(0);
  const [head = "", ...sections] = run.stdout.split("### ");
  return { head, tables: new Map(sections.map((section) => [section.split("\n", 1)[0] ?? "", section])) };
}

/** Names of a table's rows, each of which has at least one cell of that form. */
function namesIn(part = "", form: RegExp): string[] {
  const rows = part.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => {
    const [, name = "", ...cells] = row.split("|").map((cell) => cell.trim());
    expect(cells.some((cell) => form.test(cell))).toBe(true);
    return name;
  });
}
