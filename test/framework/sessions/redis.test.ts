import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { redisStore } from "../../../lib/framework/sessions/stores/redis.ts";
import { nginx } from "../../support/nginx.ts";
import { Redis, redisServer } from "../../support/redis.ts";
import { until } from "../../support/until.ts";
import { sharedStoreCases } from "./shared-store.ts";
import { sample, storeSuite } from "./shared-suite.ts";
import { Visitor } from "./visitor.ts";

describe.skipIf(redisServer === undefined)("Redis", () => {
  const redis = new Redis();
  const client = createClient({ socket: { path: redis.path, tls: false } });
  const store = redisStore(client);
  beforeAll(async () => {
    await redis.start();
    await client.connect();
  });
  afterAll(async () => {
    client.destroy();
    await redis.remove();
  });

  storeSuite("Redis", () => store, { onServer: true });

  test("does not listen to a client again for each store that uses it", () => {
    const before = client.listenerCount("error");
    for (const prefix of ["a:", "b:", "c:"]) redisStore(client, { prefix });
    expect(client.listenerCount("error")).toBe(before);
  });

  test("removes what is past its time by itself", async () => {
    const id = "0123456789abcdef0123456789abcdef";
    await store.create(id, new Map([["a", "1"]]), 90_000);
    expect(await client.pTTL(`session:${id}`)).toBeGreaterThan(80_000);
    expect(await client.hGetAll(`session:${id}`)).toEqual({ "@": "1", a: "1" });
    await store.merge(id, new Map(), 30_000);
    expect(await client.pTTL(`session:${id}`)).toBeLessThanOrEqual(30_000);
    expect(store.cleanUp).toBeUndefined();
  });

  describe("when its connection is in trouble", () => {
    const other = createClient({ socket: { path: redis.path, tls: false } });
    const visitor = new Visitor(sample(store));
    /** An application that reads the session, and finds Redis paused when it is to be stored. */
    const interrupted = (storeTimeoutMs: number) => {
      const app = sample(store, { storeTimeoutMs });
      app.use(async (_web, next) => {
        const result = await next();
        await pause();
        return result;
      });
      return new Visitor(app, visitor.cookies);
    };
    beforeAll(async () => {
      await other.connect();
      await visitor.ask("/set/count/7");
    });
    afterAll(() => other.destroy());
    /** Redis keeps every command that may write until `UNPAUSE`, or for half a minute. */
    const pause = () => other.sendCommand(["CLIENT", "PAUSE", "30000", "WRITE"]);
    const unpause = () => other.sendCommand(["CLIENT", "UNPAUSE"]);
    /** The client's command has arrived and waits. */
    const arrived = () =>
      until("a command waits", async () => /blocked_clients:[1-9]/.test(await other.info("clients")));

    test("one that is cut in the middle of a change: 503 at once, and the session is whole", async () => {
      const changing = interrupted(20_000).ask("/set/user/1");
      await arrived();
      await other.sendCommand(["CLIENT", "KILL", "ID", String(await idOf())]);
      const begin = performance.now();
      expect(await changing).toMatchObject({ status: 503 });
      expect(performance.now() - begin).toBeLessThan(15_000);
      await unpause();
      await until("the client is connected again", async () => (await visitor.ask("/see")).status === 200);
      expect(await visitor.json("/see")).toMatchObject({ count: 7, isNew: false });
    });

    test("a change that is done when its request has got 503 loses nothing", async () => {
      expect((await interrupted(1_500).ask("/set/late/1")).status).toBe(503);
      await unpause();
      expect((await interrupted(1_500).ask("/login/ada")).status).toBe(503);
      await unpause();
      await visitor.ask("/set/user/2");
      // What was stored late counts, and the session is still where its cookie leads.
      await until("the session is where it was", async () => {
        const seen = (await visitor.json("/see")) as { isNew: boolean };
        return !seen.isNew;
      });
      expect(await visitor.json("/see")).toMatchObject({ count: 7, late: 1 });
    });

    const idOf = async () => {
      const list = (await other.sendCommand(["CLIENT", "LIST"])) as unknown as string;
      const blocked = list.split("\n").find((line) => / flags=[a-zA-Z]*b/.test(line));
      return / ?id=(\d+)/.exec(blocked ?? "")?.[1];
    };
  });

  describe.skipIf(nginx === undefined)("for two processes behind nginx", () => {
    sharedStoreCases({
      store: `redis=${redis.path}`,
      start: () => redis.start(),
      stop: () => redis.stop(),
    });
  });
});
