import { pathToFileURL } from "node:url";

export interface SourcePlace {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The text of the line. */
  readonly text: string;
}

/** Gives a syntax error the place it stands at, in the form in which Node prints one that nobody catches. */
export function placeSyntaxError(error: Error, { path, line, column, text }: SourcePlace): Error {
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  const frame = `    at ${pathToFileURL(path).href}:${line}:${column}`;
  error.stack = `${path}:${line}\n${text}\n${indent}^\n\nSyntaxError: ${error.message}\n${frame}`;
  return error;
}
