// Where the lines of a server and of its application go, in processes of their own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ask, listeningProtocols } from "../support/asking.ts";
import { untilListening } from "../support/port.ts";
import { findProgram } from "../support/programs.ts";
import { ServerProcesses } from "../support/server-process.ts";
import { until } from "../support/until.ts";

const spawnFcgi = findProgram("spawn-fcgi");

let servers: ServerProcesses;
let logFile: string;

beforeEach(() => {
  servers = new ServerProcesses();
  logFile = servers.path("app.log");
});

afterEach(() => servers.remove());

/** What has been logged by whom, in order. */
function logged(path = logFile): string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => line.replace(/^\S+ \[\d+\] /, ""));
}

function has(line: string, path = logFile): Promise<void> {
  return until(`${path} has ${line}`, () => logged(path).some((one) => one.includes(line)));
}

describe.each(listeningProtocols)("a server of %s with a log file", (protocol) => {
  test("writes its lines and its application's there, and to a new file after USR1", async () => {
    const path = servers.path("app.sock");
    const options = JSON.stringify({ protocol, bindAddress: path, logFile });
    const child = servers.node(servers.script(options));
    await has("debug: listening on");
    await ask(protocol, { path }, "/errors?an%20application's%0Atwo%20lines%0A");
    await ask(protocol, { path }, "/stray");
    await has("error: an error that nothing caught: Error: stray error");
    const said = logged();
    expect(said[0]).toBe(`debug: serving ${protocol}: option "protocol" says so`);
    const at = said.indexOf("app: an application's");
    expect(said.slice(at, at + 3)).toEqual([
      "app: an application's",
      "app: two lines",
      "error: an error that nothing caught: Error: stray error",
    ]);
    renameSync(logFile, `${logFile}.1`);
    await ask(protocol, { path }, "/errors?before");
    expect(logged(`${logFile}.1`)).toContain("app: before");
    child.signal("SIGUSR1");
    await until("there is a new file", () => existsSync(logFile));
    await ask(protocol, { path }, "/errors?behind");
    expect(logged()).toEqual(["app: behind"]);
    expect(logged(`${logFile}.1`)).not.toContain("app: behind");
    child.signal("SIGTERM");
    expect(await child.ended).toBe(0);
    expect(child.stderr).toBe("");
  });

  test("that cannot be written does not start, and says why in one sentence", async () => {
    const options = JSON.stringify({ protocol, bindAddress: 0, logFile: servers.path("missing/app.log") });
    const child = servers.node(servers.script(options), [], { POSTERN_LOG: "" });
    expect(await child.ended).toBe(1);
    expect(child.stderr).toMatch(/^postern: the log file \S+ cannot be written \(ENOENT: [^\n]*\n$/);
  });
});

test("several processes share a file, and no line is torn", async () => {
  const paths = ["a.sock", "b.sock"].map((name) => servers.path(name));
  const line = "x".repeat(3_000);
  const many = `{
    protocol: "fcgi",
    bindAddress: process.argv[2],
    logFile: ${JSON.stringify(logFile)},
    environ: { QUERY_STRING: ${JSON.stringify(`${line}%0A${line}`)} },
  }`;
  const script = servers.script(many);
  const children = paths.map((path) => servers.node(script, [path]));
  await until("both listen", () => logged().filter((one) => one.includes("listening on")).length === 2);
  const requests = 50;
  await Promise.all(
    paths.map(async (path) => {
      for (let times = 0; times < requests; times++) await ask("fcgi", { path }, "/errors");
    }),
  );
  const written = readFileSync(logFile, "utf8").split("\n");
  for (const { pid } of children) {
    const own = written.filter((one) => one.includes(`[${pid}] app: `));
    expect(own).toHaveLength(2 * requests);
    for (const one of own) expect(one).toMatch(new RegExp(`^\\S{24} \\[${pid}\\] app: x{3000}$`));
  }
  // The two lines of one write are beside each other.
  const pids = written.flatMap((one) => /\[(\d+)\] app: /.exec(one)?.[1] ?? []);
  for (let at = 0; at < pids.length; at += 2) expect(pids[at]).toBe(pids[at + 1]);
});

test("POSTERN_LOG_FILE names it where the application does not", async () => {
  const path = servers.path("app.sock");
  servers.node(servers.script(JSON.stringify({ protocol: "fcgi", bindAddress: path })), [], {
    POSTERN_LOG_FILE: logFile,
  });
  await has("debug: listening on");
  expect(statSync(logFile).mode & 0o137).toBe(0);
});

test.skipIf(spawnFcgi === undefined)(
  "a FastCGI server that was started with its socket writes its application's lines there, too",
  async () => {
    const path = servers.path("app.sock");
    const command = [process.execPath, servers.script(JSON.stringify({ logFile }))];
    servers.start(spawnFcgi ?? "", ["-s", path, "-n", "--", ...command]);
    await has("debug: listening on");
    await ask("fcgi", { path }, "/errors?an%20application's");
    expect(logged()).toContain("app: an application's");
  },
);

test("a CGI script writes its lines and its application's there", async () => {
  const script = servers.script(JSON.stringify({ logFile }), "faces/cgi.ts", "WSGIServer");
  const request = { GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET", PATH_INFO: "/errors" };
  const answered = servers.node(script, [], { ...request, QUERY_STRING: "an%20application's" });
  expect(await answered.ended).toBe(0);
  const refused = servers.node(script, [], { ...request, CONTENT_LENGTH: "x" });
  expect(await refused.ended).toBe(1);
  expect(logged()).toEqual(["app: an application's", expect.stringMatching(/^error: refused a CGI request/)]);
  expect(answered.stderr + refused.stderr).toMatch(/^(ended: stop\n)*$/);
});

describe("standard error that nobody reads any more", () => {
  test.each(listeningProtocols)("neither ends a server of %s nor keeps it busy", async (protocol) => {
    const path = servers.path("app.sock");
    const options = JSON.stringify({ protocol, bindAddress: path });
    const count = 'process.on("uncaughtExceptionMonitor", () => console.log("uncaught"))';
    const script = servers.script(`(${count}, ${options})`);
    const env = { ...process.env, POSTERN_LOG: "debug" };
    const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let stdout = "";
    child.stdout.on("data", (bytes: Buffer) => {
      stdout += bytes;
    });
    await untilListening(path);
    child.stderr.destroy();
    // Lines of the application, and of the server.
    expect(await ask(protocol, { path }, "/errors?lost")).toMatchObject({ body: "/errors" });
    expect(await ask(protocol, { path }, "/stray")).toMatchObject({ body: "/stray" });
    await until("the server has logged an error", () => stdout.includes("uncaught"));
    expect(await ask(protocol, { path }, "/still")).toMatchObject({ body: "/still" });
    child.kill("SIGTERM");
    const [status] = (await once(child, "close")) as [number];
    expect(status).toBe(0);
    expect(stdout).toBe("uncaught\nended: stop\n");
  });
});
