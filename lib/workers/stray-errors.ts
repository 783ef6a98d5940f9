import type { Log } from "../gateway/log.ts";

/**
 * Logs errors that nothing caught, which then end no process: they are one request's, and others are in flight.
 *
 * @returns what ends that
 */
export function logStrayErrors(log: Log): () => void {
  const stray = (error: unknown): void => {
    log("error", `an error that nothing caught: ${error instanceof Error ? (error.stack ?? error) : error}`);
  };
  process.on("uncaughtException", stray);
  process.on("unhandledRejection", stray);
  return () => {
    process.off("uncaughtException", stray);
    process.off("unhandledRejection", stray);
  };
}
