import { expect, test } from "vitest";
import { freshClone } from "../support/fresh-clone.ts";
import { Stand } from "../support/postern.ts";

test("npm start and npm test without a registry say what to do", { timeout: 120_000 }, async () => {
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
