import type { GatewayError } from "../errors.ts";

/**
 * Prepares for a failed start that nobody catches: one sentence and exit status 1 instead of a trace, which says nothing
 * to the person who has to free the port. Any other error is shown as Node shows it.
 */
export function explainFailedStart(failure: GatewayError): void {
  process.once("uncaughtException", (error: unknown) => {
    if (error === failure) process.stderr.write(`postern: ${failure.message}\n`);
    else console.error(error);
    process.exit(1);
  });
}
