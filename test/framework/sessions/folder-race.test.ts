// A folder of sessions that two requests make at the same time.

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { makeFolder } from "../../../lib/framework/sessions/safe-folder.ts";
import { temporaryFolder } from "../../support/folder.ts";

// Somebody else makes what the folder lies in, between the answer that it is missed and the look at it.
vi.mock(import("node:fs/promises"), async (original) => {
  const fs = await original();
  const lstat = (path: string) => {
    mkdirSync(path, { mode: 0o700, recursive: true });
    return fs.lstat(path);
  };
  return { ...fs, lstat: lstat as typeof fs.lstat };
});

test("what it lies in may be there all at once", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const path = join(folder.path, "a/b");
  await makeFolder(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});
