// A child that is killed while many ask.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kill } from "../support/child.ts";
import { Load } from "../support/load.ts";
import { Pool } from "../support/pool.ts";
import { until } from "../support/until.ts";

const LOOPS = 8;

test.each(["fcgi", "http"] as const)(
  "%s: a child that is killed under load takes with it what it was answering, and nothing else",
  async (protocol) => {
    const pool = await Pool.start({ protocol, maxChildren: 2 });
    const [killed] = await pool.untilReady(2);
    const nameOf = (body: string) => body.replaceAll(/\W+/g, "-");
    const load = new Load(
      Array.from({ length: LOOPS }, (_, loop) => [
        `loop ${loop}`,
        (body) => pool.exchange(`/name/${nameOf(body)}`, body),
      ]),
    );
    await load.more(200);
    expect(load.failures).toEqual([]);
    kill(killed, "SIGKILL");
    await pool.parent.printed(new RegExp(`worker ${killed} was ended by SIGKILL; `));
    const before = load.answered;
    await until("the others are answered", () => load.answered > before + 200);
    await load.stop();

    const lost = load.failures.map((failure) => failure.split(": ").slice(0, 2).join(": "));
    expect(lost.length).toBeLessThan(LOOPS);
    for (const body of lost) {
      const begun = join(pool.folder, `begun-${nameOf(body)}`);
      // One that it had accepted, and not read, has begun nowhere.
      if (existsSync(begun)) expect(Number(readFileSync(begun, "utf8"))).toBe(killed);
    }
    const posted = pool.posted();
    expect(new Set(posted).size).toBe(posted.length);
    expect(load.sent.filter((body) => !lost.includes(body) && !posted.includes(body))).toEqual([]);
    expect(await pool.untilReady(2)).not.toContain(killed);
  },
);
