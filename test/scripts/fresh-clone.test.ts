import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshClone } from "../support/fresh-clone.ts";
import { lighttpd } from "../support/lighttpd.ts";
import { ordinaryUser } from "../support/ordinary-user.ts";
import { OwnTime } from "../support/own-time.ts";
import { Stand } from "../support/postern.ts";

const minute = 60_000;

test.skipIf(lighttpd === undefined)(
  "a fresh clone answers within a minute, for a user without /usr/sbin in PATH",
  { timeout: 6 * minute },
  async () => {
    const stand = await Stand.make();
    const clone = freshClone(stand);

    const time = new OwnTime();
    const child = stand.start("env", [...ordinaryUser(stand.folder), "npm", "start"], { cwd: clone });
    await child.printed(/behind lighttpd/, 5 * minute);
    const response = await fetch(stand.url("/"));

    expect(time.elapsedMs()).toBeLessThan(minute);
    expect(await response.text()).toContain("<h1>Guestbook</h1>");
    expect(existsSync(join(clone, "examples/guestbook/data/entries"))).toBe(true);
    await child.stop();
    expect(await stand.remains()).toEqual([]);
  },
);
