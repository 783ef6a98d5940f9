import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PidFile } from "../../lib/workers/pid-file.ts";
import { ask, listeningProtocols } from "../support/asking.ts";
import { kill } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { ordinaryUser } from "../support/ordinary-user.ts";
import { freePort, isListening } from "../support/port.ts";
import { ServerProcesses } from "../support/server-process.ts";
import { until } from "../support/until.ts";

let servers: ServerProcesses;
let pidFile: string;

beforeEach(() => {
  servers = new ServerProcesses();
  pidFile = servers.path("app.pid");
});

afterEach(() => servers.remove());

/** A process that lives as long as the test. */
function somebody(): number {
  return servers.start(process.execPath, ["-e", "setInterval(() => {}, 1_000)"]).pid;
}

/** The number of a process that has ended. */
function nobody(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

function refusal(): { code?: string; message?: string } {
  try {
    new PidFile(pidFile);
    return {};
  } catch (error) {
    return error as { code: string; message: string };
  }
}

describe("a pid file", () => {
  test("has the number and a line break, and is for everybody to read", () => {
    const umask = process.umask(0o022);
    try {
      new PidFile(pidFile).write();
    } finally {
      process.umask(umask);
    }
    expect(readFileSync(pidFile, "utf8")).toBe(`${process.pid}\n`);
    expect(statSync(pidFile).mode & 0o777).toBe(0o644);
    expect(readdirSync(dirname(pidFile))).toEqual(["app.pid"]);
  });

  test("is not touched before it is written", () => {
    new PidFile(pidFile);
    expect(readdirSync(dirname(pidFile))).toEqual([]);
    writeFileSync(pidFile, `${nobody()}\n`);
    const { ino } = statSync(pidFile);
    new PidFile(pidFile);
    expect(statSync(pidFile).ino).toBe(ino);
  });

  test.each<[string, () => string]>([
    ["of a process that has gone", () => `${nobody()}\n`],
    ["of this process, which has the number of one before it", () => `${process.pid}\n`],
    ["that is empty, as a full disk leaves it", () => ""],
    ["of no process that there can be", () => "9999999999\n"],
  ])("%s is replaced", (_name, text) => {
    writeFileSync(pidFile, text());
    new PidFile(pidFile).write();
    expect(readFileSync(pidFile, "utf8")).toBe(`${process.pid}\n`);
  });

  test("older than the process that has its number is replaced: the machine was started anew", () => {
    writeFileSync(pidFile, `${somebody()}\n`);
    const anHourAgo = Date.now() / 1000 - 3_600;
    utimesSync(pidFile, anHourAgo, anHourAgo);
    new PidFile(pidFile).write();
    expect(readFileSync(pidFile, "utf8")).toBe(`${process.pid}\n`);
  });

  test.each([
    ["\n", "with a line break"],
    ["", "without one"],
  ])("of another process that runs is left to it: %j", (ending) => {
    const pid = somebody();
    writeFileSync(pidFile, `${pid}${ending}`);
    expect(refusal()).toMatchObject({
      name: "GatewayError",
      code: "PID_FILE",
      message: `process ${pid} runs and holds the pid file ${pidFile}; stop it, or choose another path`,
    });
    expect(readFileSync(pidFile, "utf8")).toBe(`${pid}${ending}`);
  });

  test.each(["precious\n", "0\n", "-1\n", "12 34\n", "1.5\n"])(
    "that is none is never replaced: %j",
    (text) => {
      writeFileSync(pidFile, text);
      expect(refusal()).toMatchObject({
        code: "PID_FILE",
        message: expect.stringContaining("exists and is no pid file"),
      });
      expect(readFileSync(pidFile, "utf8")).toBe(text);
    },
  );

  test("in a folder that does not exist, or in the place of one, is refused", () => {
    mkdirSync(pidFile);
    expect(refusal()).toMatchObject({ code: "PID_FILE", message: expect.stringContaining("EISDIR") });
    pidFile = join(dirname(pidFile), "missing", "app.pid");
    expect(refusal()).toMatchObject({ code: "PID_FILE", message: expect.stringContaining("ENOENT") });
  });

  test("is removed by its own process", () => {
    const file = new PidFile(pidFile);
    file.write();
    file.remove();
    expect(readdirSync(dirname(pidFile))).toEqual([]);
    // Gone already: no reason to fail.
    file.remove();
  });

  test("that is another process's by now is left to it", () => {
    const file = new PidFile(pidFile);
    file.write();
    writeFileSync(pidFile, "1\n");
    file.remove();
    expect(readFileSync(pidFile, "utf8")).toBe("1\n");
  });
});

describe.each(listeningProtocols)("a server of %s with a pid file", (protocol) => {
  test("has written it when it answers, and removed it when it has stopped", async () => {
    const path = servers.path("app.sock");
    const child = servers.node(servers.script(JSON.stringify({ protocol, bindAddress: path, pidFile })));
    await child.printed(/listening on/);
    expect(readFileSync(pidFile, "utf8")).toBe(`${child.pid}\n`);
    const slow = ask(protocol, { path }, "/slow");
    await child.printed(/^slow$/m);
    kill(Number(readFileSync(pidFile, "utf8")), "SIGTERM");
    await until("it no longer listens", async () => !(await isListening(path)));
    // Until the last request is answered there is a process to signal.
    expect(readFileSync(pidFile, "utf8")).toBe(`${child.pid}\n`);
    servers.goOn();
    expect(await slow).toMatchObject({ body: "/slow" });
    expect(await child.ended).toBe(0);
    expect(readdirSync(dirname(pidFile))).toEqual(["script.mjs"]);
  });
});

describe("a server", () => {
  test("whose file another one holds does not start, in one sentence; the other is not harmed", async () => {
    const options = (port: number): string =>
      JSON.stringify({ protocol: "http", bindAddress: port, pidFile });
    const port = await freePort();
    const first = servers.node(servers.script(options(port)));
    await first.printed(/listening on/);
    const other = await freePort();
    const second = servers.node(servers.script(options(other)), [], { POSTERN_LOG: "" });
    expect(await second.ended).toBe(1);
    expect(second.stderr).toBe(
      `postern: process ${first.pid} runs and holds the pid file ${pidFile}; stop it, or choose another path\n`,
    );
    expect(readFileSync(pidFile, "utf8")).toBe(`${first.pid}\n`);
    expect(await ask("http", { port }, "/still")).toMatchObject({ body: "/still" });
  });

  test("that was killed leaves a file that its successor replaces", async () => {
    const script = servers.script(JSON.stringify({ protocol: "http", bindAddress: 0, pidFile }));
    const first = servers.node(script);
    await first.printed(/listening on/);
    first.signal("SIGKILL");
    await first.ended;
    const second = servers.node(script);
    await second.printed(/listening on/);
    expect(readFileSync(pidFile, "utf8")).toBe(`${second.pid}\n`);
  });

  test("that cannot listen leaves the file as it was", async () => {
    const gone = `${nobody()}\n`;
    writeFileSync(pidFile, gone);
    const port = await freePort();
    const holder = servers.node(servers.script(JSON.stringify({ protocol: "http", bindAddress: port })));
    await holder.printed(/listening on/);
    const child = servers.node(
      servers.script(JSON.stringify({ protocol: "http", bindAddress: port, pidFile })),
    );
    expect(await child.ended).toBe(1);
    expect(readFileSync(pidFile, "utf8")).toBe(gone);
  });

  test("that may not write it has not listened for a moment, and says why in one sentence", async () => {
    const path = servers.path("app.sock");
    const folder = servers.path("protected");
    mkdirSync(folder, { mode: 0o555 });
    const options = { protocol: "fcgi", bindAddress: path, pidFile: join(folder, "app.pid") };
    const script = servers.script(JSON.stringify(options));
    const [program = "", ...args] = [...ordinaryUser(dirname(path)), process.execPath, script];
    const child = servers.start(program, args, { POSTERN_LOG: "" });
    expect(await child.ended).toBe(1);
    expect(child.stderr).toMatch(/^postern: the pid file \S+ cannot be written \(EACCES: [^\n]*\n$/);
    expect(readdirSync(dirname(path)).sort()).toEqual(["protected", "script.mjs"]);
  });

  test("is named by POSTERN_PID_FILE where the application names none", async () => {
    const script = servers.script(JSON.stringify({ protocol: "http", bindAddress: 0 }));
    const child = servers.node(script, [], { POSTERN_PID_FILE: pidFile });
    await child.printed(/listening on/);
    expect(readFileSync(pidFile, "utf8")).toBe(`${child.pid}\n`);
  });

  test.each(["single", "threads", "prefork"])(
    "of worker model %s takes signals as soon as its file is there",
    async (workers) => {
      const script = servers.script(JSON.stringify({ protocol: "http", bindAddress: 0, pidFile, workers }));
      const hasty = `import fs from "node:fs";
        import { syncBuiltinESMExports } from "node:module";
        const { renameSync } = fs;
        fs.renameSync = (from, to) => {
          renameSync(from, to);
          if (to === ${JSON.stringify(pidFile)}) process.kill(process.pid, "SIGTERM");
        };
        syncBuiltinESMExports();`;
      const before = `data:text/javascript,${encodeURIComponent(hasty)}`;
      const child = servers.start(process.execPath, ["--import", before, script]);
      expect(await child.ended, child.output).toBe(0);
      expect(child.stdout).toMatch(/^ended: stop$/m);
      expect(readdirSync(dirname(pidFile))).toEqual(["script.mjs"]);
    },
  );

  test("that is closed without signals of its own removes it, too", async () => {
    const script = servers.path("closing.mjs");
    writeFileSync(
      script,
      `import { readFileSync } from "node:fs";
       import { serve } from ${JSON.stringify(compiled("serve.ts"))};
       const pidFile = ${JSON.stringify(pidFile)};
       const server = serve(() => [], { protocol: "http", bindAddress: 0, pidFile });
       await server.listening;
       console.log(Number(readFileSync(pidFile, "utf8")) === process.pid);
       await server.close();`,
    );
    const child = servers.node(script);
    expect(await child.ended).toBe(0);
    expect(child.stdout).toBe("true\n");
    expect(readdirSync(dirname(pidFile))).toEqual(["closing.mjs"]);
  });
});
