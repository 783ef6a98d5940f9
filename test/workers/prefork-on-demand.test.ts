// A pool whose children start when there is something to do, and leave when there is not.

import { expect, test } from "vitest";
import { Pool } from "../support/pool.ts";
import { until } from "../support/until.ts";

test.each(["fcgi", "http"] as const)(
  "%s: no child runs before the first request, and none when all have been idle",
  async (protocol) => {
    const pool = await Pool.start({ protocol, minSpare: 0, maxIdleMs: 300, maxChildren: 2 });
    const parent = pool.parent.pid;
    expect(pool.processes().map(({ pid }) => pid)).toEqual([parent]);

    const first = Number(await pool.ask("/"));

    expect(first).not.toBe(parent);
    await until("the child has left", () => pool.processes().length === 1);
    const second = Number(await pool.ask("/"));
    expect(second).not.toBe(first);
    expect(await pool.parent.stop()).toBe(0);
  },
);

test("a second child starts while the first one has something to do", async () => {
  const pool = await Pool.start({ minSpare: 0, maxIdleMs: 5_000, maxChildren: 2 });
  const waiting = pool.ask("/wait/one");
  const first = await pool.begun("one");

  await until("another child answers", async () => Number(await pool.ask("/")) !== first);

  pool.release("one");
  expect(Number(await waiting)).toBe(first);
});
