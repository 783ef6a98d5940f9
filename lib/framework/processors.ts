import { ApplicationError } from "../errors.ts";
import { asResponse } from "./foreign-error.ts";
import type { Web } from "./web.ts";

/**
 * Calls the rest: the processors added later, then the handler. Resolves with its result; a response that the
 * handler threw is a result too, any other error rejects.
 */
export type Next = () => Promise<unknown>;

/**
 * Wraps every request of an application. What it returns is the result; one that returns nothing passes on what
 * `next()` gave.
 */
export type Processor = (web: Web, next: Next) => unknown;

/** @throws ApplicationError `PROCESSOR`: it is no function, which each request would find out */
export function checkProcessor(of: string, processor: unknown): void {
  if (typeof processor === "function") return;
  throw new ApplicationError(
    "PROCESSOR",
    `${of} takes a function of web, and this is of type ${typeof processor}`,
  );
}

/** The first processor is the outermost. */
export function runProcessors(processors: readonly Processor[], web: Web, handler: () => unknown): unknown {
  const run = async (index: number): Promise<unknown> => {
    const processor = processors[index];
    if (processor === undefined) return handler();
    let inner: Promise<unknown> | undefined;
    const result = await processor(web, () => {
      if (inner !== undefined) {
        throw new ApplicationError("NEXT_TWICE", "a processor called next() twice for one request");
      }
      inner = run(index + 1).catch(asResponse);
      // A processor may answer in its place without waiting; an error that nobody sees must not end the process.
      inner.catch(() => {});
      return inner;
    });
    return result === undefined && inner !== undefined ? inner : result;
  };
  return run(0);
}
