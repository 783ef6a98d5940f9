// What an import failed of, with the place of a syntax error: Node tells it only to those who do not catch the error.

import { readFileSync } from "node:fs";
import { Session } from "node:inspector";
import { fileURLToPath, pathToFileURL } from "node:url";
import { placeSyntaxError } from "./syntax-error.ts";

/** Imports, and gives a syntax error of any module on the way the place it stands at. */
export async function importWithPlaces<T>(load: () => Promise<T>): Promise<T> {
  const session = new Session();
  let broken: string | undefined;
  session.connect();
  session.on("Debugger.scriptFailedToParse", ({ params }) => {
    if (params.url !== "") broken = params.url;
  });
  session.post("Debugger.enable");
  try {
    return await load();
  } catch (error) {
    throw error instanceof SyntaxError ? place(error, broken, session) : error;
  } finally {
    session.disconnect();
  }
}

function place(error: SyntaxError, broken: string | undefined, session: Session): Error {
  const [, stated, line = ""] = /^((?:file:|\/).*):(\d+)\n/.exec(error.stack ?? "") ?? [];
  const file = stated ?? broken;
  if (file === undefined) return error;
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  // A compiler's error knows its place already.
  if (error.stack?.includes(`at ${pathToFileURL(path).href}:`)) return error;
  const found = position(error, session) ?? { line: Number(line), column: 1 };
  const text = lineOf(path, found.line);
  return text === undefined ? error : placeSyntaxError(error, { path, ...found, text });
}

const key = Symbol.for("postern.syntaxError");

/** Where V8 says that an error stands, in whatever file that is. */
function position(error: Error, session: Session): { line: number; column: number } | undefined {
  const holder = globalThis as Record<symbol, unknown>;
  holder[key] = error;
  let found: { line: number; column: number } | undefined;
  // A session on the own thread answers before post() returns.
  session.post(
    "Runtime.evaluate",
    { expression: `globalThis[Symbol.for("${key.description}")]` },
    (_, reply) => {
      const errorObjectId = reply?.result.objectId;
      session.post("Runtime.getExceptionDetails", { errorObjectId }, (_failed, answer) => {
        const { exceptionDetails } = (answer ?? {}) as {
          exceptionDetails?: { lineNumber: number; columnNumber: number };
        };
        if (exceptionDetails === undefined || exceptionDetails.lineNumber < 0) return;
        found = { line: exceptionDetails.lineNumber + 1, column: exceptionDetails.columnNumber + 1 };
      });
    },
  );
  delete holder[key];
  return found;
}

function lineOf(path: string, line: number): string | undefined {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/)[line - 1];
  } catch {
    return undefined;
  }
}
