// Pools of processes: what children are, how many there are, and what is left of them at the end.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FastCgiClient } from "../support/fastcgi-client.ts";
import { exchangeOver, Pool } from "../support/pool.ts";
import { findProgram } from "../support/programs.ts";
import { until } from "../support/until.ts";

const spawnFcgi = findProgram("spawn-fcgi");

describe("children", () => {
  test.each(["fcgi", "http"] as const)("%s: are processes of their own, and say so", async (protocol) => {
    const pool = await Pool.start({ protocol, maxChildren: 2 });
    const pids = await pool.untilReady(2);
    expect(pids).not.toContain(pool.parent.pid);
    expect(pids).toContain(Number(await pool.ask("/")));
    expect(await pool.ask("/multiprocess")).toBe("true");
    const status = await pool.status();
    expect(status).toMatchObject({
      protocol,
      model: "prefork",
      pid: pool.parent.pid,
      addresses: [pool.address],
    });
    expect(pool.parent.output.match(/listening on/g)).toHaveLength(protocol === "http" ? 2 : 1);
  });

  test("compute at the same time", async () => {
    const pool = await Pool.start({ maxChildren: 2 });
    await pool.untilReady(2);
    const first = pool.ask("/compute/one");
    const busy = await pool.begun("one");
    const second = pool.ask("/compute/two");
    const other = await pool.begun("two");
    expect(other).not.toBe(busy);
    pool.release("one");
    pool.release("two");
    expect(await Promise.all([first, second])).toEqual([String(busy), String(other)]);
  });

  test("start programs that get neither their sockets nor their variable", async () => {
    const pool = await Pool.start();
    const lines = (await pool.ask("/spawn")).split("\n");
    const sockets = lines.map((line) => / (\d+) -> socket/.exec(line)?.[1]).filter((fd) => fd !== undefined);
    expect(sockets.filter((fd) => Number(fd) > 2)).toEqual([]);
    expect(lines.filter((line) => line.startsWith("POSTERN_WORKER"))).toEqual([]);
  });

  test("leave the script's other servers to their parent", async () => {
    const before = `run(application, { protocol: "fcgi", bindAddress: join(import.meta.dirname, "other") });`;
    const pool = await Pool.start({}, { before });
    await pool.untilReady(2);
    const client = await FastCgiClient.connect({ path: join(pool.folder, "other") });
    expect((await exchangeOver(client, "/")).body).toBe(String(pool.parent.pid));
    client.destroy();
  });
});

describe("sockets", () => {
  test("are made with their permissions, and a stale one is replaced", async () => {
    const pool = await Pool.start({ socketMode: 0o640 });
    const { path } = pool.address as { path: string };
    expect(statSync(path).mode & 0o777).toBe(0o640);
    await pool.untilReady(2);
    pool.parent.signal("SIGKILL");
    await until("nothing is left of the pool", () => pool.processes().length === 0);
    expect(existsSync(path)).toBe(true);
    await pool.run().printed(/listening on/);
    expect(Number(await pool.ask("/"))).toBeGreaterThan(0);
  });

  test("in use are refused in one sentence", async () => {
    const pool = await Pool.start();
    const { path } = pool.address as { path: string };
    const second = pool.run();
    expect(await second.ended).toBe(1);
    expect(second.stderr).toContain(
      `postern: another process listens on ${path}; stop it or choose another path\n`,
    );
    expect(Number(await pool.ask("/"))).toBeGreaterThan(0);
  });

  test.skipIf(spawnFcgi === undefined)("that the parent was started with are passed on", async () => {
    const pool = await Pool.prepare({ bindAddress: undefined });
    const { path } = pool.address as { path: string };
    const parent = pool.run([spawnFcgi ?? "", "-s", path, "-n", "--"]);
    await parent.printed(/listening on/);
    const pids = await pool.untilReady(2);
    expect(pids).not.toContain(parent.pid);
    expect(await parent.stop()).toBe(0);
    expect(existsSync(path)).toBe(true);
  });
});

describe("options", () => {
  test("are looked at before anything is bound, also where no child is started yet", async () => {
    const pool = await Pool.prepare({ minSpare: 0, shutdownGraceMs: -1 });
    const parent = pool.run();
    expect(await parent.ended).toBe(1);
    expect(parent.stderr).toContain(
      'postern: option "shutdownGraceMs" is -1; give milliseconds, or 0 for no limit\n',
    );
    expect(existsSync((pool.address as { path: string }).path)).toBe(false);
  });
});

describe("a pool's size", () => {
  test("grows when nobody has time, and shrinks again", async () => {
    const pool = await Pool.start({ minSpare: 1, maxSpare: 1, maxChildren: 3 });
    const [first] = await pool.untilReady(1);
    const waiting = ["one", "two"].map((name) => pool.ask(`/wait/${name}`));
    const pids = await Promise.all(["one", "two"].map((name) => pool.begun(name)));
    expect(pids).toContain(first);
    await until("there is another one", () => pool.processes().length > 2);
    for (const name of ["one", "two"]) pool.release(name);
    await Promise.all(waiting);
    await until("there is one again", () => pool.processes().length === 2);
    expect((await pool.status()).crashes).toBe(0);
  });
});
