// What an application did after its last byte, left where the case can look for it: in a file of the temporary
// folder, because the application may run in another process.

import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environ } from "../../gateway/types.ts";
import { claim } from "./claim.ts";

const PATIENCE_MS = 5_000;

/** The header that carries the evidence's name. */
export const EVIDENCE_HEADER = "X-Evidence";

/** The evidence's name, as `runCase` sent it. */
export function evidenceOf(environ: Environ): string | undefined {
  const name = environ["HTTP_X_EVIDENCE"];
  return typeof name === "string" && /^[0-9a-f-]{36}$/.test(name) ? name : undefined;
}

/** Leaves a word. */
export function leave(environ: Environ, word: string): void {
  const name = evidenceOf(environ);
  if (name !== undefined) appendFileSync(pathOf(name), `${word}\n`);
}

/** Waits until this many words are there. */
export async function claimEvidence(name: string, expected: readonly string[]): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  let words = wordsOf(name);
  // The application may be in another process, which tells nobody when it is ready.
  while (words.length < expected.length && Date.now() < deadline) {
    await sleep(10);
    words = wordsOf(name);
  }
  claim(
    words.join() === expected.join(),
    `the application did ${words.join(", ") || "nothing"}, not ${expected.join(", ")}`,
  );
}

/** Takes away what one run of a case has left. */
export function removeEvidence(name: string): void {
  rmSync(pathOf(name), { force: true });
}

function wordsOf(name: string): string[] {
  try {
    // A word is there when its line has ended: another process may have made the file and not written to it yet.
    return readFileSync(pathOf(name), "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
}

function pathOf(name: string): string {
  return join(tmpdir(), `postern-evidence-${name}`);
}
