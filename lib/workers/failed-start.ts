import type { GatewayError } from "../errors.ts";

/** Failures of starts in this process that somebody may have caught. */
const failures = new WeakSet<object>();
let prepared = false;

/**
 * Prepares for a failed start that nobody catches: one sentence and exit status 1 instead of a trace, which says nothing
 * to the person who has to free the port. Any other error is left to those who handle it, or shown as Node shows it.
 */
export function explainFailedStart(failure: GatewayError): void {
  failures.add(failure);
  if (prepared) return;
  prepared = true;
  process.on("uncaughtException", (error: unknown) => {
    if (error instanceof Error && failures.has(error)) process.stderr.write(`postern: ${error.message}\n`);
    else if (process.listenerCount("uncaughtException") > 1) return;
    else console.error(error);
    process.exit(1);
  });
}
