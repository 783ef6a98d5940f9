// Runs one program of this folder's scripts, and takes it along when the script is told to stop.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** The repository's folder, with a slash at its end. */
export const root = fileURLToPath(new URL("../", import.meta.url));

/** A mistake or a missing thing that a person can mend: printed as one sentence, without a trace. */
export class Advice extends Error {}

/** The script was told to stop while a command ran. */
export class Stopped extends Error {
  constructor(signal) {
    super(`Stopped by ${signal}.`);
    this.status = exitStatus(signal);
  }
}

/**
 * Starts a program in the repository's folder with the terminal as its input and output. A signal that asks this
 * script to stop reaches the program too; then `Stopped` is thrown.
 *
 * @returns its exit status; 128 and the signal's number when a signal ended it, 127 when it could not be started
 */
export async function command(program, args, options = {}) {
  const child = spawn(program, args, { cwd: root, stdio: "inherit", ...options });
  let stoppedBy;
  const stop = (signal) => {
    stoppedBy = signal;
    child.kill(signal);
  };
  for (const signal of stops) process.on(signal, stop);
  const status = await new Promise((resolve) => {
    child.on("error", () => resolve(127));
    child.on("exit", (code, signal) => resolve(code ?? exitStatus(signal)));
  });
  for (const signal of stops) process.off(signal, stop);
  if (stoppedBy !== undefined) throw new Stopped(stoppedBy);
  return status;
}

function exitStatus(signal) {
  return 128 + constants.signals[signal];
}

const stops = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Runs the script of a package below node_modules with this Node. */
export function packageScript(path, args, options) {
  return command(process.execPath, [`${root}node_modules/${path}`, ...args], options);
}

/** Runs a script's main function; what it throws as advice is printed and makes exit status 1. */
export async function main(run) {
  try {
    process.exitCode = await run();
  } catch (error) {
    if (!(error instanceof Advice || error instanceof Stopped)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.status ?? 1;
  }
}
