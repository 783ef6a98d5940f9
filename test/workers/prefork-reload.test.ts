// A pool starts its children anew: nothing is lost, and what does not start takes nobody's place.

import { utimesSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FastCgiClient, KEEP_CONN } from "../support/fastcgi-client.ts";
import { Load } from "../support/load.ts";
import { nginx } from "../support/nginx.ts";
import { startNginxBefore } from "../support/nginx-upstream.ts";
import { askHttp, exchangeOver, Pool } from "../support/pool.ts";
import { until } from "../support/until.ts";

const LOOPS = 2;

/** Posts one body after the other, and tells which version answered. */
type Post = (body: string) => Promise<string>;

/** Ways to reach a pool on a unix socket; each is called for each loop of requests. */
type Ways = Readonly<Record<string, () => Promise<Post>>>;

async function waysTo(pool: Pool, protocol: "fcgi" | "http"): Promise<Ways> {
  return {
    "a connection for each request": async () => async (body) => (await pool.exchange("/", body)).version,
    "a kept connection": () => (protocol === "fcgi" ? keptFastCgi(pool) : keptHttp(pool)),
    ...(nginx !== undefined && {
      "nginx with a connection for each request": await behindNginx(pool, protocol, false),
      "nginx with kept connections": await behindNginx(pool, protocol, true),
    }),
  };
}

async function keptFastCgi(pool: Pool): Promise<Post> {
  const client = await FastCgiClient.connect(pool.address);
  onTestFinished(() => client.destroy());
  return async (body) => (await exchangeOver(client, "/", body, KEEP_CONN)).version;
}

async function keptHttp(pool: Pool): Promise<Post> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return async (body) => (await askHttp(pool.address, "/", body, agent)).version;
}

async function behindNginx(
  pool: Pool,
  protocol: "fcgi" | "http",
  kept: boolean,
): Promise<() => Promise<Post>> {
  const front = await startNginxBefore((pool.address as { path: string }).path, kept, protocol);
  onTestFinished(() => front.stop());
  return async () => async (body) => {
    const response = await fetch(front.url("/"), { method: "POST", body });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    await response.text();
    return response.headers.get("x-version") ?? "";
  };
}

/** Posts in several loops, each on its way, until the load is stopped. */
async function loadOn(ways: Ways): Promise<{ load: Load; versions: Map<string, string> }> {
  const versions = new Map<string, string>();
  const loops: [name: string, exchange: (body: string) => Promise<unknown>][] = [];
  for (const [way, open] of Object.entries(ways)) {
    for (let loop = 0; loop < LOOPS; loop++) {
      const post = await open();
      const name = `${way} ${loop}`;
      loops.push([name, async (body) => versions.set(name, await post(body))]);
    }
  }
  return { load: new Load(loops), versions };
}

describe("HUP under load", () => {
  test.each(["fcgi", "http"] as const)("%s: every POST is answered, once", async (protocol) => {
    const pool = await Pool.start({ protocol, maxChildren: 2 }, { overTcp: false });
    await pool.untilReady(2);
    const { load, versions } = await loadOn(await waysTo(pool, protocol));
    await load.more(50);
    pool.write("2");
    pool.parent.signal("SIGHUP");
    await load.until("the new ones answer alone", () => [...versions.values()].every((one) => one === "2"));
    await load.more(50);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(new Set(versions.values())).toEqual(new Set(["2"]));
    expect(pool.posted().sort()).toEqual(load.sent.sort());
    await pool.untilReady(2, ({ generation }) => generation === 2);
  });

  test("new code that does not start takes nobody's place, and it is said why", async () => {
    const pool = await Pool.start({ maxChildren: 2 });
    const before = await pool.untilReady(2);
    const { load } = await loadOn({ kept: () => keptFastCgi(pool) });
    pool.write("2", "this is no JavaScript;");
    pool.parent.signal("SIGHUP");
    await pool.parent.printed(
      /not reloaded: a new worker ended with status 1 before it was ready \(what it said is above\); the old ones go on/,
    );
    expect(pool.parent.output).toContain("SyntaxError");
    expect(pool.parent.output).not.toContain("the next one starts");
    expect((await pool.status()).crashes).toBe(0);
    await load.more(20);
    expect(await pool.untilReady(2)).toEqual(before);
    pool.write("3", "");
    pool.parent.signal("SIGHUP");
    await pool.parent.printed(/reloaded: 2 new workers/);
    await load.more(20);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(pool.posted().sort()).toEqual(load.sent.sort());
    expect(await pool.version()).toBe("3");
  });
});

describe("a reload", () => {
  test("lets the old ones finish what they have begun, on kept connections too", async () => {
    const pool = await Pool.start({ maxChildren: 1 });
    const client = await FastCgiClient.connect(pool.address);
    onTestFinished(() => client.destroy());
    const slow = exchangeOver(client, "/wait/slow", "once", KEEP_CONN);
    await pool.begun("slow");
    pool.write("2");
    pool.parent.signal("SIGUSR2");
    await pool.parent.printed(/reloaded: 1 new worker$/m);
    expect(await pool.version()).toBe("2");
    pool.release("slow");
    expect((await slow).version).toBe("1");
    expect((await exchangeOver(client, "/", "again", KEEP_CONN)).version).toBe("2");
    expect(pool.posted()).toEqual(["once", "again"]);
  });

  test("kills an old one that does not return, behind its grace and 11 s", async () => {
    const before = `answers.block = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;
    const pool = await Pool.start({ maxChildren: 1, shutdownGraceMs: 100 }, { before });
    const blocked = pool.ask("/block/for-ever");
    const lost = expect(blocked).rejects.toThrow();
    const pid = await pool.begun("for-ever");
    const wantedAt = performance.now();
    pool.parent.signal("SIGHUP");
    await pool.parent.printed(/reloaded: 1 new worker$/m);
    await pool.parent.printed(new RegExp(`worker ${pid} was told to stop and does not; it is killed$`, "m"));
    expect(performance.now() - wantedAt).toBeGreaterThan(11_000);
    await lost;
    await pool.untilReady(1);
    expect((await pool.status()).crashes).toBe(0);
  });

  test("that is wanted during another one comes behind it", async () => {
    const pool = await Pool.start({ maxChildren: 1 });
    pool.write("2");
    pool.parent.signal("SIGHUP");
    await until("a new one starts", () => pool.processes().length > 2);
    pool.write("3");
    pool.parent.signal("SIGHUP");
    await until("the newest code answers", async () => (await pool.version()) === "3");
  });

  test("begins when the restart file appears, is touched or is replaced", async () => {
    const folder = await Pool.prepare();
    const restartFile = join(folder.folder, "restart.txt");
    const pool = await Pool.start({ maxChildren: 1, restartFile });
    const changes = [
      () => writeFileSync(restartFile, ""),
      () => utimesSync(restartFile, new Date(), new Date()),
      () => utimesSync(restartFile, 1, 1),
    ];
    for (const [index, change] of changes.entries()) {
      const version = String(index + 2);
      pool.write(version);
      change();
      await until("the new code answers", async () => (await pool.version()) === version);
    }
  });

  test("by the restart file ends a single process with the word that it is to be started again", async () => {
    const folder = await Pool.prepare();
    const restartFile = join(folder.folder, "restart.txt");
    const pool = await Pool.start({ workers: "single", restartFile });
    writeFileSync(restartFile, "");
    expect(await pool.parent.ended).toBe(0);
    expect(pool.parent.stdout).toContain("ended: reload");
  });
});
