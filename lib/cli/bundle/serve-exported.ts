// What a bundle of a module runs that only exports an application, as `postern serve` does with such a module.

import { GatewayError } from "../../errors.ts";
import { run } from "../../run.ts";
import { findApplication } from "../exported-application.ts";

/**
 * Serves what the bundled module exports, in the way in which the process was started. A module that exports nothing has
 * started a server itself.
 *
 * @param shown the module's name for an error
 */
export async function serveExported(
  exported: Readonly<Record<string, unknown>>,
  shown: string,
): Promise<void> {
  const inner = exported["default"];
  const isEmptyObject = typeof inner === "object" && inner !== null && Object.keys(inner).length === 0;
  const isNothing = Object.keys(exported).every((name) => name === "default" && isEmptyObject);
  if (isNothing) return;
  try {
    await run(await findApplication(exported, shown));
  } catch (error) {
    const text =
      error instanceof GatewayError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`postern: ${text}\n`);
    process.exit(1);
  }
}
