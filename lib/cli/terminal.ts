import type { Io } from "./command.ts";

/** Prints to this process's own output. */
export const terminal: Io = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  write(bytes) {
    process.stdout.write(bytes);
    // A prompt begins on a line of its own.
    if (process.stdout.isTTY && bytes.length > 0 && bytes.at(-1) !== 10) process.stdout.write("\n");
  },
  cwd: process.cwd(),
};
