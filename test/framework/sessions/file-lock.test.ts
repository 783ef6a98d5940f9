import { existsSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withFileLock } from "../../../lib/framework/sessions/file-lock.ts";
import { temporaryFolder } from "../../support/folder.ts";

const temporary = temporaryFolder();

test("200 that want a lock of another process get it in their order, once it is free", async () => {
  const path = join(temporary.path, "a.lock");
  symlinkSync("elsewhere/1:1:1:x", path);
  const order: number[] = [];
  const all = Array.from({ length: 200 }, (_, index) => withFileLock(path, 4_000, () => order.push(index)));
  const late = withFileLock(path, 4_000, () => order.push(200));
  expect(order).toEqual([]);
  unlinkSync(path);
  await Promise.all([...all, late]);
  expect(order).toEqual(Array.from({ length: 201 }, (_, index) => index));
  expect(existsSync(path)).toBe(false);
});

test("one that fails is told so, and the others go on", async () => {
  const path = join(temporary.path, "b.lock");
  const failing = withFileLock(path, 4_000, () => {
    throw new Error("broken");
  });
  const next = withFileLock(path, 4_000, () => 1);
  await expect(failing).rejects.toThrow("broken");
  expect(await next).toBe(1);
  await expect(withFileLock(join(temporary.path, "none/c.lock"), 4_000, () => 1)).rejects.toMatchObject({
    code: "ENOENT",
  });
  expect(await withFileLock(path, 4_000, () => 2)).toBe(2);
});
