import type { Child } from "./child.ts";
import type { TemporaryFolder } from "./folder.ts";
import { untilListening } from "./port.ts";

/** A web server that listens on a port of the loopback. */
export interface Front {
  readonly port: number;
  /** A second port, which speaks TLS, where there is a certificate. */
  readonly tlsPort?: number;
  /** `http://127.0.0.1:port` and a path. */
  url(path: string): string;
  /** What the web server logged, and the application through it. */
  log(): string;
  /** Ends it and what it started, and removes its folder. */
  stop(): Promise<void>;
}

/** Waits until a web server listens; one that ends instead is an error with its own words, and leaves nothing. */
export async function runningFront(
  child: Child,
  port: number,
  folder: TemporaryFolder,
  tlsPort?: number,
  log: () => string = () => child.output,
): Promise<Front> {
  const stop = async (): Promise<void> => {
    // The pipes close when all that it started has gone, too.
    await child.stop("SIGTERM");
    folder.remove();
  };
  try {
    const failed = child.ended.then(() => Promise.reject(new Error(`${child.output}${log()}`)));
    await Promise.race([untilListening(port), failed]);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = (path: string) => `http://127.0.0.1:${port}${path}`;
  return { port, ...(tlsPort !== undefined && { tlsPort }), url, log, stop };
}
