import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environ } from "../../gateway/types.ts";
import { evidenceOf } from "./evidence.ts";

/** Bytes that repeat late and hold every value, so that a lost, doubled or translated one shows. */
export function sample(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  return bytes;
}

/** A file that holds `sample(length)` until the case has been judged. */
export function sampleFile(environ: Environ, length: number): string {
  const name = evidenceOf(environ);
  if (name === undefined) throw new Error("the request has no evidence to name a file by");
  writeFileSync(pathOf(name), sample(length), { flag: "wx" });
  return pathOf(name);
}

/** Removes the file of one run of a case. The end of a process would not do: test runners kill theirs. */
export function removeSampleFile(evidence: string): void {
  rmSync(pathOf(evidence), { force: true });
}

function pathOf(evidence: string): string {
  return join(tmpdir(), `postern-sample-${evidence}`);
}
