import type { ParseArgsConfig } from "node:util";

/** Where a verb prints, and where it was called. */
export interface Io {
  out(line: string): void;
  err(line: string): void;
  /** Bytes as they are, to where `out` prints. */
  write(bytes: Uint8Array): void;
  readonly cwd: string;
}

/** What parseArgs made of the arguments that follow the verb. */
export interface Arguments {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

/** A verb of the command line. `run` returns the exit status and never ends the process. */
export interface Command {
  /** One line for the list of verbs. */
  readonly summary: string;
  /** What `postern <verb> --help` prints. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  run(args: Arguments, io: Io): Promise<number>;
}

/** A mistake in how a command was called: printed as one sentence, exit status 2. */
export class UsageError extends Error {}
