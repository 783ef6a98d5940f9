import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { lighttpd } from "../support/lighttpd.ts";
import { newcomer, ordinaryUser } from "../support/ordinary-user.ts";
import { root, Stand } from "../support/postern.ts";

const minute = 60_000;

/** What a clone has not: packages, and what a build or a visitor made. */
const made =
  /^(\.git|(test\/)?node_modules|dist|coverage|examples\/guestbook\/data|templates\/\w+\/(node_modules|data))(\/|$)|^(examples|templates)\/.*\.js(\.map)?$/;

test.skipIf(lighttpd === undefined)(
  "a fresh clone answers within a minute, for a user without /usr/sbin in PATH",
  { timeout: 3 * minute },
  async () => {
    const stand = await Stand.make();
    const clone = freshClone(stand);

    const started = performance.now();
    const child = stand.start("env", [...ordinaryUser(stand.folder), "npm", "start"], { cwd: clone });
    await child.printed(/behind lighttpd/, 2 * minute);
    const response = await fetch(stand.url("/"));

    expect(performance.now() - started).toBeLessThan(minute);
    expect(await response.text()).toContain("<h1>Guestbook</h1>");
    expect(existsSync(join(clone, "examples/guestbook/data/entries"))).toBe(true);
    await child.stop();
    expect(await stand.remains()).toEqual([]);
  },
);

test("npm start and npm test without a registry say what to do", { timeout: 2 * minute }, async () => {
  // Port 9 is for discarding things: nobody listens there.
  const stand = await Stand.make({ npm_config_registry: "http://127.0.0.1:9/" });
  const clone = freshClone(stand);
  stand.env["npm_config_fetch_retries"] = "0";
  for (const script of ["start", "test"]) {
    const child = stand.start("npm", ["run", script], { cwd: clone });
    expect(await child.ended).toBe(1);
    expect(child.output).toMatch(/^npm ci ended with status \d+: see that .* then run this again\.$/m);
    expect(child.output).not.toMatch(/\n\s+at /);
    if (script === "test") expect(child.stdout.trimEnd().split("\n").at(-1)).toBe("0 passed, 1 failed");
  }
});

/** A copy of the repository as a clone has it, and the variables of a user who has just arrived. */
function freshClone(stand: Stand): string {
  const clone = join(stand.folder, "clone");
  cpSync(root, clone, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !made.test(relative(root, path)),
  });
  const home = join(stand.folder, "home");
  mkdirSync(home);
  stand.env = newcomer(stand.env, home);
  return clone;
}
