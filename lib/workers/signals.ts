// Signals, in the words of PHP-FPM and nginx.

import { isatty } from "node:tty";

/** Why a server ended: to stop, or to be started again with what has changed. */
export type Ending = "stop" | "reload";

export interface SignalActions {
  /** TERM or INT for the first time, HUP or USR2. */
  end(ending: Ending): void;
  /** TERM or INT once more. */
  endNow(): void;
}

/** A second INT this soon is npm handing on the Ctrl-C that the terminal has sent us already. */
const ECHO_MS = 200;

/** Handles signals until the function that it gives is called. */
export function handleSignals(actions: SignalActions): () => void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) actions.endNow();
    stopping = true;
    actions.end("stop");
  };
  let interruptedAt = Number.NEGATIVE_INFINITY;
  const interrupt = (): void => {
    const now = performance.now();
    if (now - interruptedAt < ECHO_MS) return;
    interruptedAt = now;
    stop();
  };
  const reload = (): void => actions.end("reload");
  // A terminal that closes sends HUP to all that was started from it.
  const hangUp = [0, 1, 2].some((fd) => isatty(fd)) ? stop : reload;
  const handlers: [NodeJS.Signals, () => void][] = [
    ["SIGTERM", stop],
    ["SIGINT", interrupt],
    ["SIGHUP", hangUp],
    ["SIGUSR2", reload],
    // Reopens logs, of which a server that writes to standard error has none; unhandled it would open Node's inspector.
    ["SIGUSR1", () => {}],
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
