// Loaded in front of a script that a thread could not compile: finds the place, which Node tells to nobody who handles the
// error, and which is lost on the error's way out of the thread.

import { Session } from "node:inspector";
import { parentPort } from "node:worker_threads";

const KEY = "posternSyntaxError";

const session = new Session();
let broken = "";

session.connect();
session.on("Debugger.scriptFailedToParse", ({ params }) => {
  if (params.url !== "") broken = params.url;
});
session.post("Debugger.enable");
process.on("uncaughtException", (error) => {
  if (error instanceof SyntaxError && broken !== "") parentPort?.postMessage(`${broken}:${lineOf(error)}`);
  process.exit(1);
});

/** From 1. A session on the own thread answers before post() returns. */
function lineOf(error: SyntaxError): number {
  let line = 1;
  Object.defineProperty(globalThis, KEY, { value: error });
  session.post("Runtime.evaluate", { expression: KEY }, (_failed, reply) => {
    const errorObjectId = reply?.result.objectId;
    session.post("Runtime.getExceptionDetails", { errorObjectId }, (_unknown, answer) => {
      const { exceptionDetails } = (answer ?? {}) as { exceptionDetails?: { lineNumber: number } };
      if (exceptionDetails !== undefined) line = exceptionDetails.lineNumber + 1;
    });
  });
  return line;
}
