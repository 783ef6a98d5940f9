// Signals, in the words of PHP-FPM and nginx.

import { isatty } from "node:tty";

/** Why a server ended: to stop, or to be started again with what has changed. */
export type Ending = "stop" | "reload";

export interface SignalActions {
  /** TERM or INT for the first time, HUP or USR2. */
  end(ending: Ending): void;
  /** TERM or INT once more. */
  endNow(): void;
  /** USR1. */
  reopenLogs(): void;
}

/** A second INT this soon is npm handing on the Ctrl-C that the terminal has sent us already. */
const ECHO_MS = 200;

/** Handles signals until the function that it gives is called. */
export function handleSignals(actions: SignalActions): () => void {
  const stop = stopping(actions);
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
  return handle([
    ["SIGTERM", stop],
    ["SIGINT", interrupt],
    ["SIGHUP", hangUp],
    ["SIGUSR2", reload],
    // Handled where there is no log file, too: Node would open its inspector.
    ["SIGUSR1", () => actions.reopenLogs()],
  ]);
}

/**
 * Handles the signals of a pool's child. What a terminal sends reaches its parent too, which says what is to be done; TERM
 * is for the child alone.
 */
export function handleChildSignals(actions: SignalActions): () => void {
  const ignore = (): void => {};
  return handle([
    ["SIGTERM", stopping(actions)],
    ["SIGINT", ignore],
    ["SIGHUP", ignore],
    ["SIGUSR1", ignore],
    ["SIGUSR2", ignore],
  ]);
}

/** Stops at first, and at once when it is called again. */
function stopping(actions: SignalActions): () => void {
  let stops = false;
  return () => {
    if (stops) actions.endNow();
    stops = true;
    actions.end("stop");
  };
}

function handle(handlers: readonly [NodeJS.Signals, () => void][]): () => void {
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
