// What an operator sees of servers that are several processes or threads: pid file, titles, log files, sockets of systemd.

import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ask } from "../support/asking.ts";
import type { Child } from "../support/child.ts";
import { findProgram } from "../support/programs.ts";
import { ServerProcesses } from "../support/server-process.ts";
import { until } from "../support/until.ts";

const spawnFcgi = findProgram("spawn-fcgi");

let servers: ServerProcesses;
let path: string;
let logFile: string;
let pidFile: string;

beforeEach(() => {
  servers = new ServerProcesses();
  path = servers.path("app.sock");
  logFile = servers.path("app.log");
  pidFile = servers.path("app.pid");
});

afterEach(() => servers.remove());

const models = {
  prefork: { workers: "prefork", maxSpare: 2, maxChildren: 2 },
  threads: { workers: "threads", maxThreads: 2 },
} as const;

/** Starts a server, whose workers are all there. */
async function serving(model: keyof typeof models, more: object = {}): Promise<Child> {
  const options = { protocol: "fcgi", bindAddress: path, name: "site", logFile, pidFile, ...more };
  const child = servers.node(servers.script(JSON.stringify({ ...options, ...models[model] })));
  await until("it listens", () => existsSync(path) && existsSync(pidFile));
  await until("it has its title", () => shown(child.pid).startsWith("postern: "));
  if (model === "prefork") await until("its children serve", () => children(child).length === 2);
  return child;
}

function children({ pid }: Child): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  const pids = text === "" ? [] : text.split(" ").map(Number);
  // One that has not set its title is not there yet.
  return pids.filter((one) => shown(one).startsWith("postern: "));
}

/** What ps shows; nothing of a process that has gone. */
function shown(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

/** How many descriptors of a process are a file. */
function openAs(pid: number, file: string): number {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return links.filter((link) => link === file).length;
}

describe("a pool of processes", () => {
  test("shows which is which", async () => {
    const master = await serving("prefork");
    expect(shown(master.pid)).toBe("postern: master site");
    for (const pid of children(master)) expect(shown(pid)).toBe("postern: worker site");
  });

  test("has one pid file, its master's, from the start to the end", async () => {
    const master = await serving("prefork");
    expect(readFileSync(pidFile, "utf8")).toBe(`${master.pid}\n`);
    const before = children(master);
    process.kill(master.pid, "SIGHUP");
    await until("other children serve", () => {
      const now = children(master);
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    });
    expect(readFileSync(pidFile, "utf8")).toBe(`${master.pid}\n`);
    const slow = ask("fcgi", { path }, "/slow");
    await master.printed(/^slow$/m);
    process.kill(master.pid, "SIGTERM");
    await until("it no longer listens", () => !existsSync(path));
    servers.goOn();
    expect(await slow).toMatchObject({ body: "/slow" });
    expect(await master.ended).toBe(0);
    expect(existsSync(pidFile)).toBe(false);
  });

  test("opens its log file anew in every process when its master gets USR1", async () => {
    const master = await serving("prefork");
    const all = [master.pid, ...children(master)];
    const moved = `${logFile}.1`;
    renameSync(logFile, moved);
    for (const pid of all) expect(openAs(pid, moved)).toBe(1);
    process.kill(master.pid, "SIGUSR1");
    await until("all have the new one", () => all.every((pid) => openAs(pid, logFile) === 1));
    for (const pid of all) expect(openAs(pid, moved)).toBe(0);
    await ask("fcgi", { path }, "/errors?an%20application's");
    const [, pid] = /^\S+ \[(\d+)\] app: an application's$/m.exec(readFileSync(logFile, "utf8")) ?? [];
    expect(all.slice(1)).toContain(Number(pid));
    expect(master.stderr).toBe("");
  });

  test.skipIf(spawnFcgi === undefined)(
    "that takes sockets of systemd tells its children nothing of them",
    async () => {
      const asSystemd = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec "$@" 3<&0 0</dev/null';
      const script = servers.script(JSON.stringify({ ...models.prefork, logFile }));
      const command = ["/bin/sh", "-c", asSystemd, "sh", process.execPath, script];
      const master = servers.start(spawnFcgi ?? "", ["-s", path, "-n", "--", ...command]);
      await until("its children serve", () => children(master).length === 2);
      expect(await ask("http", { path }, "/systemd")).toMatchObject({ status: "200", body: "/systemd" });
      for (const pid of children(master)) {
        expect(readFileSync(`/proc/${pid}/environ`, "latin1")).not.toContain("LISTEN_");
      }
    },
  );
});

describe("a pool of threads", () => {
  test("has one title and one pid file, those of its process", async () => {
    const child = await serving("threads");
    expect(shown(child.pid)).toBe("postern: site");
    expect(readFileSync(pidFile, "utf8")).toBe(`${child.pid}\n`);
    expect(await ask("fcgi", { path }, "/thread")).toMatchObject({ body: "/thread" });
    child.signal("SIGTERM");
    expect(await child.ended).toBe(0);
    expect(existsSync(pidFile)).toBe(false);
  });

  test("opens its log file anew in every thread when its process gets USR1", async () => {
    const child = await serving("threads");
    const moved = `${logFile}.1`;
    renameSync(logFile, moved);
    // The process's own, and one of each thread.
    expect(openAs(child.pid, moved)).toBe(3);
    child.signal("SIGUSR1");
    await until("all have the new one", () => openAs(child.pid, logFile) === 3);
    expect(openAs(child.pid, moved)).toBe(0);
    await ask("fcgi", { path }, "/errors?an%20application's");
    // In a thread, behind the answer.
    await ask("fcgi", { path }, "/stray");
    await until("the thread has logged it", () => readFileSync(logFile, "utf8").includes("stray error"));
    expect(readFileSync(logFile, "utf8")).toMatch(/^\S+ \[\d+\] app: an application's$/m);
    expect(child.stderr).toBe("");
  });

  test("writes what an application logs behind its response to the log file, too", async () => {
    const child = await serving("threads");
    await ask("fcgi", { path }, "/late?behind%20it");
    await until("it is logged", () => /app: behind it$/m.test(readFileSync(logFile, "utf8")));
    expect(child.stderr).toBe("");
  });
});
