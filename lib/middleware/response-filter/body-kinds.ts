import { inspect } from "node:util";
import type { Body, Chunk, Environ, FileBody } from "../../gateway/types.ts";

type AnyIterator = Iterator<Chunk> | AsyncIterator<Chunk>;

/** Whether an application has kept to the interface; a string is iterable and no body. */
export function isIterable(body: Body): boolean {
  return (
    typeof body === "object" && body !== null && (Symbol.asyncIterator in body || Symbol.iterator in body)
  );
}

/** A body that is a file, opened when its first chunk is asked for. */
export function isFileBody(body: Body): body is FileBody {
  return "path" in body && typeof body.path === "string" && "range" in body && Symbol.asyncIterator in body;
}

/** An iterator of a body of either kind. */
export function iteratorOf(body: Body): AnyIterator {
  return Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]();
}

/** PEP 3333's `close()` of a body, which its owner is called once; undefined where there is none. */
export function closeOf(body: Body): (() => void) | undefined {
  const { close } = body as { close?: unknown };
  return typeof close === "function" ? () => close.call(body) : undefined;
}

/** Something of a response's cleaning up failed: the log is told, and nothing changes for the client. */
export function logFailure(environ: Environ, error: unknown): void {
  environ["wsgi.errors"].write(`${inspect(error)}\n`);
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | null | undefined)?.then === "function";
}
