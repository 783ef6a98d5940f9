// Pools whose children are started when there is something to do.

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FastCgiClient, KEEP_CONN } from "../support/fastcgi-client.ts";
import { exchangeOver, Pool } from "../support/pool.ts";
import { until } from "../support/until.ts";

function children(pool: Pool): number[] {
  return pool
    .processes()
    .map(({ pid }) => pid)
    .filter((pid) => pid !== pool.parent.pid);
}

describe("children on demand", () => {
  test.each(["fcgi", "http"] as const)(
    "%s: the first request starts one, which leaves when idle",
    async (protocol) => {
      const pool = await Pool.start({ protocol, minSpare: 0, maxIdleMs: 300 });
      expect(children(pool)).toEqual([]);
      const asked = pool.exchange("/wait/one", "first");
      const child = await pool.begun("one");
      expect(children(pool)).toEqual([child]);
      pool.release("one");
      const first = await asked;
      expect(first.body).toBe(String(child));
      await until("it has left", () => children(pool).length === 0);
      const second = await pool.exchange("/", "second");
      expect(second.body).not.toBe(first.body);
      expect(pool.posted()).toEqual(["first", "second"]);
      expect(await pool.parent.stop()).toBe(0);
      expect(pool.processes()).toEqual([]);
    },
  );

  test("stay as long as a connection is open, and finish what they have begun", async () => {
    const pool = await Pool.start({ minSpare: 0, maxIdleMs: 50 });
    const client = await FastCgiClient.connect(pool.address);
    onTestFinished(() => client.destroy());
    const { body: pid } = await exchangeOver(client, "/", undefined, KEEP_CONN);
    const waiting = exchangeOver(client, "/wait/slow", undefined, KEEP_CONN);
    await pool.begun("slow");
    pool.release("slow");
    expect((await waiting).body).toBe(pid);
    client.destroy();
    await until("it has left", () => children(pool).length === 0);
    expect((await pool.status()).crashes).toBe(0);
  });

  test("are several where one is busy, up to maxChildren", async () => {
    // A child that starts is waited for two seconds, which a busy machine may need: time stands still for the parent.
    const before = "if (!isChild) { const now = Date.now(); Date.now = () => now; }";
    const pool = await Pool.start({ minSpare: 0, maxChildren: 2 }, { before });
    const names = ["one", "two", "three"];
    const answers: Promise<string>[] = [];
    for (const name of names.slice(0, 2)) {
      answers.push(pool.ask(`/compute/${name}`));
      await pool.begun(name);
    }
    expect(children(pool)).toHaveLength(2);
    // Nobody has time for a third; it waits, and is not lost.
    answers.push(pool.ask("/wait/three"));
    for (const name of names) pool.release(name);
    expect(new Set(await Promise.all(answers)).size).toBe(2);
  });

  test("that cannot start leave connections waiting until one can", async () => {
    const before = `if (isChild && there("broken")) process.exit(7);`;
    const pool = await Pool.start({ minSpare: 0 }, { before });
    pool.release("broken");
    const answers = Promise.all(["one", "two", "three"].map((body) => pool.exchange("/", body)));
    await pool.parent.printed(/ended with status 7 before it was ready .* the next one starts in 0.2 s/);
    rmSync(join(pool.folder, "broken"));
    await answers;
    expect(pool.posted().sort()).toEqual(["one", "three", "two"]);
  });

  test("that are killed before they have taken a connection leave it to others", async () => {
    const pool = await Pool.start({ minSpare: 0, maxChildren: 1 });
    const computing = pool.ask("/compute/never");
    computing.catch(() => {});
    const pid = await pool.begun("never");
    const openFiles = () => readdirSync(`/proc/${pool.parent.pid}/fd`).length;
    const before = openFiles();
    const waiting = Promise.all(["one", "two", "three"].map((body) => pool.exchange("/", body)));
    // It computes, and so takes none of them.
    await until("the parent has accepted them", () => openFiles() === before + 3);
    process.kill(pid, "SIGKILL");
    await waiting;
    expect(pool.posted().sort()).toEqual(["one", "three", "two"]);
  });

  test("that are out of file descriptors get a connection again when they have some", async () => {
    const before = `
      import { closeSync, openSync } from "node:fs";
      if (isChild) process.on("SIGWINCH", () => console.log("heard"));
      answers.fill = async (name) => {
        const opened = [];
        try { for (;;) opened.push(openSync("/dev/null")); } catch {}
        await answers.wait("room");
        for (const descriptor of opened) closeSync(descriptor);
        return String(process.pid);
      };`;
    const through = ["/bin/sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"];
    const pool = await Pool.start({ minSpare: 0, maxChildren: 1 }, { before, through });
    const filling = pool.ask("/fill/all");
    const pid = await pool.begun("all");
    const openFiles = () => readdirSync(`/proc/${pool.parent.pid}/fd`).length;
    const openBefore = openFiles();
    const waiting = pool.ask("/");
    await until("the parent has sent it", () => openFiles() > openBefore);
    // What was sent to the child before this signal, it reads with it.
    process.kill(pid, "SIGWINCH");
    await pool.parent.printed(/^heard$/m);
    pool.release("room");
    expect(await filling).toBe(String(pid));
    expect(await waiting).toBe(String(pid));
    await pool.parent.printed(new RegExp(`worker ${pid} has no file descriptor left for a connection$`, "m"));
    expect(await pool.ask("/")).toBe(String(pid));
  });

  test("are started anew by HUP, and kept connections go on", async () => {
    const pool = await Pool.start({ minSpare: 0, maxChildren: 1 });
    const client = await FastCgiClient.connect(pool.address);
    onTestFinished(() => client.destroy());
    expect((await exchangeOver(client, "/", "one", KEEP_CONN)).version).toBe("1");
    pool.write("2");
    pool.parent.signal("SIGHUP");
    await pool.parent.printed(/reloaded: 1 new worker$/m);
    await until("the old one has gone", () => children(pool).length === 1);
    expect((await exchangeOver(client, "/", "two", KEEP_CONN)).version).toBe("2");
  });

  test("that hang while they start do not keep connections from one that serves", async () => {
    const pool = await Pool.start({ minSpare: 0, maxChildren: 2 });
    const waiting = pool.ask("/wait/slow");
    const child = await pool.begun("slow");
    pool.write("2", `if (isChild) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`);
    pool.parent.signal("SIGHUP");
    await until("a new one starts", () => children(pool).length === 2);
    expect(await pool.ask("/")).toBe(String(child));
    pool.release("slow");
    expect(await waiting).toBe(String(child));
  });

  test("are looked at by HUP also when there is none", async () => {
    const pool = await Pool.start({ minSpare: 0, maxChildren: 1, maxIdleMs: 50 });
    pool.write("2", "this is no JavaScript;");
    pool.parent.signal("SIGHUP");
    await pool.parent.printed(/not reloaded: a new worker ended with status 1 before it was ready/);
    pool.write("3", "");
    expect(await pool.version()).toBe("3");
  });
});
