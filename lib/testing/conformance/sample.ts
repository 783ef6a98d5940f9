import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Bytes that repeat late and hold every value, so that a lost, doubled or translated one shows. */
export function sample(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  return bytes;
}

const files = new Map<number, string>();

/** A file that holds `sample(length)`, until this process ends. */
export function sampleFile(length: number): string {
  const known = files.get(length);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), "postern-sample-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "sample.bin");
  writeFileSync(path, sample(length));
  files.set(length, path);
  return path;
}
