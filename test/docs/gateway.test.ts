import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("docs/gateway.md is what the comments of validate.ts say", () => {
  const script = new URL("../../scripts/gateway-docs.js", import.meta.url).pathname;
  const check = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect(check.stderr).toBe("");
  expect(check.status).toBe(0);
});
