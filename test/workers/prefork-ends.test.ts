// How children end, and pools: killed, told to, left alone.

import { once } from "node:events";
import { existsSync, readlinkSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { kill } from "../support/child.ts";
import { FastCgiClient, KEEP_CONN } from "../support/fastcgi-client.ts";
import { exchangeOver, Pool } from "../support/pool.ts";
import { isListening } from "../support/port.ts";
import { until } from "../support/until.ts";

/** Requests that wait, until each child has one; whose they are, by their names. */
async function onEachChild(
  pool: Pool,
): Promise<{ answers: Map<string, Promise<string>>; by: Map<string, number> }> {
  const answers = new Map<string, Promise<string>>();
  const by = new Map<string, number>();
  for (let number = 0; new Set(by.values()).size < 2 || number < 4; number++) {
    const name = `r${number}`;
    const answer = pool.ask(`/wait/${name}`);
    answer.catch(() => {});
    answers.set(name, answer);
    by.set(name, await pool.begun(name));
  }
  return { answers, by };
}

/** Processes of a pool besides its parent. */
function children(pool: Pool): number[] {
  return pool
    .processes()
    .map(({ pid }) => pid)
    .filter((pid) => pid !== pool.parent.pid);
}

/** Which socket a child has in the place of the first one that it was given to listen on. */
function listenerOf(pid: number | undefined): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/4`);
  } catch {
    return undefined;
  }
}

/** Sends one request on a connection that is open, which the client would keep; all of the answer. */
type Send = (target: string) => Promise<string>;

const openTo: Readonly<Record<"fcgi" | "http", (path: string) => Promise<Send>>> = {
  async fcgi(path) {
    const client = await FastCgiClient.connect({ path });
    return async (target) => (await exchangeOver(client, target, undefined, KEEP_CONN)).body;
  },
  async http(path) {
    const socket = connect(path);
    await once(socket, "connect");
    let answer = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      answer += text;
    });
    return async (target) => {
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await once(socket, "close");
      return answer;
    };
  },
};

describe("a child", () => {
  test("that is killed takes with it what it was answering, and nothing else; another takes its place", async () => {
    const pool = await Pool.start({ maxChildren: 2 });
    const before = await pool.untilReady(2);
    const { answers, by } = await onEachChild(pool);
    const killed = by.get("r0");
    kill(killed, "SIGKILL");
    const idle = Array.from({ length: 10 }, () => pool.ask("/"));
    for (const name of by.keys()) pool.release(name);
    for (const [name, answer] of answers) {
      if (by.get(name) === killed) await expect(answer).rejects.toThrow();
      else expect(await answer).toBe(String(by.get(name)));
    }
    expect(await Promise.all(idle)).not.toContain(String(killed));
    await pool.parent.printed(new RegExp(`worker ${killed} was ended by SIGKILL; `));
    const after = await pool.untilReady(2);
    expect(after.filter((pid) => before.includes(pid))).toEqual(before.filter((pid) => pid !== killed));
    expect((await pool.status()).crashes).toBe(1);
  });

  test("that ends at once is replaced after pauses that grow, and the others go on", async () => {
    const before = `if (isChild && there("broken")) process.exit(7);`;
    const pool = await Pool.start({ maxChildren: 2 }, { before });
    const [killed, other] = await pool.untilReady(2);
    pool.release("broken");
    kill(killed, "SIGKILL");
    for (const seconds of ["0.2", "0.4", "0.8"]) {
      const line = `worker \\d+ ended with status 7 before it was ready \\(what it said is above\\); the next one starts in`;
      await pool.parent.printed(new RegExp(`${line} ${seconds} s`));
      expect(await pool.ask("/")).toBe(String(other));
    }
    rmSync(join(pool.folder, "broken"));
    await pool.untilReady(2);
  });

  test("that is told to stop by somebody else finishes what it has begun, while another takes its place", async () => {
    const pool = await Pool.start({ maxChildren: 2 });
    const before = await pool.untilReady(2);
    const answer = pool.ask("/wait/slow");
    const told = await pool.begun("slow");
    kill(told, "SIGTERM");
    await until("there is another one", () => children(pool).some((pid) => !before.includes(pid)));
    pool.release("slow");
    expect(await answer).toBe(String(told));
    await until("it has gone", () => !children(pool).includes(told));
    await pool.untilReady(2);
    expect((await pool.status()).crashes).toBe(0);
  });

  test("leaves the signals of a terminal to its parent", async () => {
    const pool = await Pool.start({ maxChildren: 1 });
    const [pid = 0] = await pool.untilReady(1);
    for (const signal of ["SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const) kill(pid, signal);
    expect(await pool.ask("/")).toBe(String(pid));
    expect(pool.parent.output).not.toContain("Debugger listening");
  });

  test("makes room for another after maxRequests", async () => {
    const pool = await Pool.start({ maxChildren: 1, maxRequests: 10 });
    const pids = new Set<string>();
    for (let asked = 0; pids.size < 3; asked++) {
      pids.add(await pool.ask("/"));
      expect(asked).toBeLessThan(20_000);
    }
    expect((await pool.status()).crashes).toBe(0);
  });

  test("makes room for another with maxMemoryBytes", async () => {
    const pool = await Pool.start({ maxChildren: 1, maxMemoryBytes: 200_000_000 });
    const grown = await pool.ask("/grow/200000000");
    await until("another answers", async () => (await pool.ask("/")) !== grown);
    expect((await pool.status()).crashes).toBe(0);
  });
});

describe("a first child that cannot serve is a failed start", () => {
  test.each([
    ["process.exit(7)", "the first worker ended with status 7 before it was ready (what it said is above)"],
    [
      "globalThis.options = { idleTimeoutMs: -1 }",
      'option "idleTimeoutMs" is -1; give milliseconds, or 0 for no limit',
    ],
  ])("%s", async (action, sentence) => {
    const pool = await Pool.prepare({}, { before: `if (isChild) ${action};` });
    const parent = pool.run();
    expect(await parent.ended).toBe(1);
    expect(parent.stderr).toContain(`postern: ${sentence}\n`);
    expect(parent.stderr).not.toContain("the next one starts");
    expect(existsSync((pool.address as { path: string }).path)).toBe(false);
    expect(children(pool)).toEqual([]);
  });
});

describe("a pool that is told to stop", () => {
  test.each(["SIGTERM", "SIGINT to all"])(
    "by %s finishes what is in progress, and leaves nothing",
    async (signal) => {
      const pool = await Pool.start({ maxChildren: 2 });
      await pool.untilReady(2);
      const { path } = pool.address as { path: string };
      const idle = await FastCgiClient.connect({ path });
      await exchangeOver(idle, "/", undefined, KEEP_CONN);
      const { answers, by } = await onEachChild(pool);
      if (signal === "SIGTERM") pool.parent.signal(signal);
      else pool.parent.signalGroup("SIGINT");
      await until("nobody listens", async () => !(await isListening(path)));
      for (const name of by.keys()) pool.release(name);
      for (const [name, answer] of answers) expect(await answer).toBe(String(by.get(name)));
      await idle.closed();
      expect(await pool.parent.ended).toBe(0);
      expect(pool.parent.stdout.match(/^ended: stop$/gm)).toHaveLength(3);
      expect(pool.processes()).toEqual([]);
      expect(existsSync(path)).toBe(false);
    },
  );

  test.each(["fcgi", "http"] as const)(
    "%s: by TERM to all of its processes answers what was accepted and what is in progress",
    async (protocol) => {
      const before = `if (isChild) process.on("SIGTERM", () => leave("told", ""));`;
      const pool = await Pool.start({ protocol, maxChildren: 1 }, { overTcp: false, before });
      const [child] = await pool.untilReady(1);
      const { path } = pool.address as { path: string };
      const [sendNow, sendLater] = [await openTo[protocol](path), await openTo[protocol](path)];
      const begun = sendNow("/wait/slow");
      await pool.begun("slow");
      // Connections are accepted in their order, so the one without a request has been.
      await pool.ask("/");
      const listener = listenerOf(child);
      // The child knows it before its parent does.
      pool.parent.signal("SIGSTOP");
      kill(child, "SIGTERM");
      await until("the child is told", () => existsSync(join(pool.folder, "told")));
      pool.parent.signal("SIGTERM");
      pool.parent.signal("SIGCONT");
      await until("the child stops", () => listenerOf(child) !== listener);
      const answers = [begun, sendLater("/")];
      pool.release("slow");
      for (const answer of await Promise.all(answers)) {
        expect(answer).toContain(String(child));
        if (protocol === "http")
          expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n(.+\r\n)*Connection: close\r\n/);
      }
      expect(await pool.parent.ended).toBe(0);
    },
  );

  test.each([0, 1])("is not reloaded any more (minSpare %i)", async (minSpare) => {
    const before = `if (isChild) console.log("started");`;
    const pool = await Pool.start({ minSpare, maxChildren: 1 }, { before });
    const answer = pool.ask("/wait/slow");
    const child = await pool.begun("slow");
    pool.parent.signal("SIGTERM");
    await until("nobody new listens", () => !existsSync((pool.address as { path: string }).path));
    pool.parent.signal("SIGHUP");
    pool.release("slow");
    expect(await answer).toBe(String(child));
    expect(await pool.parent.ended).toBe(0);
    expect(pool.parent.output.match(/^started$/gm)).toHaveLength(1);
    expect(pool.parent.output).not.toContain("nothing caught");
    expect(pool.parent.stdout).toContain("ended: stop");
  });

  test("waits shutdownGraceMs, and not even for one that computes", async () => {
    const pool = await Pool.start({ maxChildren: 2, shutdownGraceMs: 100 });
    await pool.untilReady(2);
    const waiting = pool.ask("/wait/never");
    const computing = pool.ask("/compute/never-either");
    await Promise.all([pool.begun("never"), pool.begun("never-either")]);
    const refused = [waiting, computing].map((answer) => expect(answer).rejects.toThrow());
    pool.parent.signal("SIGTERM");
    await Promise.all(refused);
    expect(await pool.parent.ended).toBe(0);
    expect(pool.processes()).toEqual([]);
  });

  test("twice stops at once", async () => {
    const pool = await Pool.start({ maxChildren: 2, shutdownGraceMs: 0 });
    await pool.untilReady(2);
    const answers = ["/wait/never", "/compute/never-either"].map((path) => pool.ask(path));
    await Promise.all([pool.begun("never"), pool.begun("never-either")]);
    const refused = answers.map((answer) => expect(answer).rejects.toThrow());
    pool.parent.signal("SIGTERM");
    await until("nobody new listens", () => !existsSync((pool.address as { path: string }).path));
    pool.parent.signal("SIGTERM");
    await Promise.all(refused);
    expect(await pool.parent.ended).toBe(0);
    expect(pool.processes()).toEqual([]);
  });
});

describe("children whose parent is killed", () => {
  test("leave within 2 s, also with a request in progress", async () => {
    const pool = await Pool.start({ maxChildren: 2 });
    await pool.untilReady(2);
    const waiting = pool.ask("/wait/never");
    waiting.catch(() => {});
    await pool.begun("never");
    pool.parent.signal("SIGKILL");
    await until("none is left", () => pool.processes().length === 0, 2_000);
  });

  test("leave as soon as they return, where they compute", async () => {
    const pool = await Pool.start({ maxChildren: 1 });
    const computing = pool.ask("/compute/long");
    computing.catch(() => {});
    const pid = await pool.begun("long");
    pool.parent.signal("SIGKILL");
    await until("it has gone", () => pool.processes().length === 1);
    expect(children(pool)).toEqual([pid]);
    pool.release("long");
    await until("none is left", () => pool.processes().length === 0, 2_000);
  });
});
