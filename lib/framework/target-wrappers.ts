// Targets of a URL map that are made of other targets.

import { ApplicationError } from "../errors.ts";
import { checkProcessor, type Processor } from "./processors.ts";

/** A target that is loaded by the first request for it. Made by {@link lazy}. */
export class Lazy<T> {
  readonly load: () => Promise<T>;

  constructor(load: () => Promise<T>) {
    this.load = load;
  }
}

/**
 * Makes a target of a handler that is loaded by the first request for it, once; what fails is tried again by the next.
 * An application cannot be loaded so: whether a pattern is a prefix has to be known before.
 *
 * @example
 * const app = application([["/report/(\\d+)", lazy(async () => (await import("./report.js")).Report)]]);
 *
 * @throws ApplicationError `TARGET`: no function
 */
export function lazy<T>(load: () => Promise<T>): Lazy<T> {
  if (typeof load !== "function")
    throw new ApplicationError(
      "TARGET",
      `lazy() takes a function that loads a handler, and this is of type ${typeof load}`,
    );
  return new Lazy(load);
}

/** A target with processors of its own. Made by {@link withProcessors}. */
export class Processed<T> {
  readonly processors: readonly Processor[];
  readonly target: T;

  constructor(processors: readonly Processor[], target: T) {
    this.processors = processors;
    this.target = target;
  }
}

/**
 * Makes a target that processors wrap for this route alone, the first outermost, inside those of the application. (A mounted
 * application has its own: `use()`.)
 *
 * @example
 * const app = application([["/admin", withProcessors([requireLogin], Admin)]]);
 *
 * @throws ApplicationError `PROCESSOR`: no list of functions
 */
export function withProcessors<T>(processors: readonly Processor[], target: T): Processed<T> {
  if (!Array.isArray(processors))
    throw new ApplicationError(
      "PROCESSOR",
      "withProcessors() takes a list of functions first, and then the target",
    );
  for (const processor of processors) checkProcessor("withProcessors()", processor);
  return new Processed(processors, target);
}
