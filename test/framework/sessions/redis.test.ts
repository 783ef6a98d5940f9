import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { redisStore } from "../../../lib/framework/sessions/stores/redis.ts";
import { nginx } from "../../support/nginx.ts";
import { Redis, redisServer } from "../../support/redis.ts";
import { sharedStoreCases } from "./shared-store.ts";
import { storeSuite } from "./shared-suite.ts";

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

  test("removes what is past its time by itself", async () => {
    const id = "0123456789abcdef0123456789abcdef";
    await store.create(id, new Map([["a", "1"]]), 90_000);
    expect(await client.pTTL(`session:${id}`)).toBeGreaterThan(80_000);
    expect(await client.hGetAll(`session:${id}`)).toEqual({ "@": "1", a: "1" });
    await store.merge(id, new Map(), 30_000);
    expect(await client.pTTL(`session:${id}`)).toBeLessThanOrEqual(30_000);
    expect(store.cleanUp).toBeUndefined();
  });

  describe.skipIf(nginx === undefined)("for two processes behind nginx", () => {
    sharedStoreCases({
      store: `redis=${redis.path}`,
      start: () => redis.start(),
      stop: () => redis.stop(),
    });
  });
});
