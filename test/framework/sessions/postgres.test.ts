import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresStore } from "../../../lib/framework/sessions/stores/postgres.ts";
import { nginx } from "../../support/nginx.ts";
import { Postgres, postgresServer } from "../../support/postgres.ts";
import { until } from "../../support/until.ts";
import { sharedStoreCases } from "./shared-store.ts";
import { sample, storeSuite } from "./shared-suite.ts";
import { Visitor } from "./visitor.ts";

// One server for all: making its files takes seconds.
describe.skipIf(postgresServer === undefined)("PostgreSQL", () => {
  const postgres = new Postgres();
  const pool = new pg.Pool({ ...postgres.connection, max: 8 });
  const store = postgresStore(pool);
  beforeAll(() => postgres.start());
  afterAll(async () => {
    await pool.end();
    await postgres.remove();
  });

  const id = "0123456789abcdef0123456789abcdef";

  test("gets its table when it is missed, once, whoever comes first", async () => {
    const table = "public.made_on_demand";
    const stores = Array.from({ length: 6 }, () => postgresStore(pool, { table }));
    expect(await Promise.all(stores.map((one) => one.read(id)))).toEqual(stores.map(() => undefined));
    expect(pool.listenerCount("error")).toBe(1);
    await expect(postgresStore(pool, { table: "absent", createTable: false }).read(id)).rejects.toThrow(
      "absent",
    );
  });

  test("may be named as a word of SQL, and with a schema", async () => {
    await pool.query('CREATE SCHEMA "order"');
    const index = "SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%(expires)' AND tablename = $1";
    const longest = "x".repeat(63);
    for (const table of ["user", "order.select", longest]) {
      const own = postgresStore(pool, { table });
      await own.create(id, new Map([["a", "1"]]), 60_000);
      expect((await own.read(id))?.values, table).toEqual(new Map([["a", "1"]]));
      expect((await pool.query(index, [table.split(".").at(-1)])).rowCount, table).toBe(1);
    }
  });

  test.each(["x".repeat(64), "", "a b", 'a"b', "a;b", "a.b.c", "1a"])("%j is no name of a table", (table) => {
    expect(() => postgresStore(pool, { table })).toThrow('option "table"');
  });

  test("rows past their time are nothing, and are removed", async () => {
    const own = postgresStore(pool, { table: "cleaned" });
    await own.create(id, new Map([["a", "1"]]), 1);
    await own.create(`${id.slice(1)}0`, new Map(), 60_000);
    await pool.query("SELECT pg_sleep(0.01)");
    expect(await own.read(id)).toBeUndefined();
    expect(await own.merge(id, new Map([["a", "2"]]), 60_000)).toBe(false);
    expect(await own.replace(id, "a", "1", "2", 60_000)).toBe(false);
    expect(await own.rename(id, `${id.slice(2)}00`)).toBe(false);
    await own.cleanUp?.();
    expect((await pool.query("SELECT id FROM cleaned")).rows).toEqual([{ id: `${id.slice(1)}0` }]);
  });

  test("rows past their time are removed in parts, and as many as are asked for", async () => {
    const own = postgresStore(pool, { table: "parts" });
    await own.create(id, new Map(), 60_000);
    await pool.query(
      "INSERT INTO parts SELECT md5(n::text), now() - interval '1 s', '{}' FROM generate_series(1, 2600) n",
    );
    const count = async () => Number((await pool.query("SELECT count(*) FROM parts")).rows[0].count);
    await own.cleanUp?.(100);
    expect(await count()).toBe(2_501);
    // One that another has in its hands is left, and not waited for.
    const holder = await pool.connect();
    try {
      await holder.query("BEGIN; SELECT 1 FROM parts WHERE expires <= now() LIMIT 1 FOR UPDATE");
      await own.cleanUp?.();
      expect(await count()).toBe(2);
    } finally {
      await holder.query("ROLLBACK");
      holder.release();
    }
    await own.cleanUp?.();
    expect(await count()).toBe(1);
  });

  storeSuite("PostgreSQL", () => store, { onServer: true });

  test("a connection that is cut in the middle of a change: 503 at once, and the session is whole", async () => {
    const visitor = new Visitor(sample(store));
    await visitor.ask("/set/count/7");
    const holder = await pool.connect();
    try {
      await holder.query("BEGIN; SELECT 1 FROM postern_sessions FOR UPDATE");
      const changing = visitor.copy().ask("/set/count/8");
      await until("the change waits, and its connection is ended", async () => {
        const ended = await pool.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
        );
        return ended.rowCount === 1;
      });
      const failed = await changing;
      expect(failed.status).toBe(503);
      expect(failed.errors).toMatch(/^the session store fails \(terminating connection[^\n]*\n$/);
    } finally {
      await holder.query("ROLLBACK");
      holder.release();
    }
    expect(await visitor.json("/see")).toMatchObject({ count: 7, isNew: false });
    expect(await visitor.json("/set/count/8")).toMatchObject({ count: 8 });
  });

  describe.skipIf(nginx === undefined)("for two processes behind nginx", () => {
    sharedStoreCases({
      store: `postgres=${JSON.stringify(postgres.connection)}`,
      start: () => postgres.start(),
      stop: () => postgres.stop(),
    });
  });
});
