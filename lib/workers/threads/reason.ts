// Why a thread has ended, in one line that leads to the mistake.

import { inspect } from "node:util";
import { MessageChannel, Worker } from "node:worker_threads";
import { startedAs } from "./identity.ts";

/** How long it may take to find where a script cannot be compiled, in milliseconds. */
const SEARCH_MS = 5_000;

/** What an error says, with the place in the application where it is known. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${inspect(error)}`;
  return withPlace(error.message, placeIn(error));
}

/** The same of an error that ended a script before it came to its server. */
export async function startReasonOf(error: unknown, script: string, argv: string[]): Promise<string> {
  if (!(error instanceof SyntaxError)) return reasonOf(error);
  return withPlace(error.message, placeIn(error) ?? (await placeOfSyntaxError(script, argv)));
}

function withPlace(message: string, place: string | undefined): string {
  return place === undefined ? message : `${message} (${place})`;
}

/** The first place in a trace that is in a file. */
function placeIn({ stack = "" }: Error): string | undefined {
  return /(?:file:\/\/|(?<![\w/])\/)[^\s()]+:\d+/.exec(stack)?.[0];
}

/** Loads a script once more, under watch: what a thread says of a syntax error does not name the file. */
function placeOfSyntaxError(script: string, argv: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    let place: string | undefined;
    const worker = startUnderWatch(script, argv);
    const deadline = setTimeout(() => void worker.terminate(), SEARCH_MS);
    worker.on("message", (found: string) => {
      place = found;
    });
    worker.on("error", () => {});
    worker.on("exit", () => {
      clearTimeout(deadline);
      resolve(place);
    });
  });
}

function startUnderWatch(script: string, argv: string[]): Worker {
  const watch = ["--import", new URL("syntax-watch.js", import.meta.url).href];
  // The thread of a server that does not exist: should the script run now, it starts nothing.
  const nobody = { server: 0, addresses: new Map(), port: new MessageChannel().port2 };
  const options = { argv, stdout: true, stderr: true, ...startedAs(nobody) };
  try {
    return new Worker(script, { ...options, execArgv: [...process.execArgv, ...watch] });
  } catch {
    // Some options of a process, such as the size of its heap, are none of a thread.
    return new Worker(script, { ...options, execArgv: watch });
  }
}
