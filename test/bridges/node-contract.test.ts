// What postern/bridge/node relies upon in node:http, and that a listener sees and answers the same through it; that the objects
// of postern/bridge/fetch are as good as Node's own. With the oldest Node that is supported and the newest: plain programs, run by
// each. `npm run node-versions` runs them with all of them.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Child } from "../support/child.ts";

const script = join(import.meta.dirname, "../../scripts/node-versions.js");

// A version that is not there yet is downloaded.
describe.concurrent("the bridges' contract with Node", { timeout: 300_000 }, () => {
  test.each([20, 26])("holds with Node %i", async (major) => {
    const run = new Child(process.execPath, [script, `${major}`]);
    const status = await run.ended;
    expect(run.stderr).toBe("");
    expect(run.stdout).toMatch(new RegExp(`^Node ${major}: `, "m"));
    expect(run.stdout.split("\n").filter((line) => line.startsWith("not ok"))).toEqual([]);
    expect(run.stdout.match(/^ok /gm)?.length).toBeGreaterThan(120);
    expect(run.stdout.match(/^ok fetch: /gm)?.length).toBeGreaterThan(40);
    expect(status).toBe(0);
  });
});
