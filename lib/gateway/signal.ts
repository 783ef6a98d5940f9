// `postern.signal`: made when it is first read, since making one costs as much as all the rest of a small request.

import { plainEnviron } from "./plain-environ.ts";
import type { Environ } from "./types.ts";

/**
 * Defines `postern.signal`, an own, enumerable, assignable property like the others.
 *
 * Its accessor is the same for all requests. V8 keeps each pair of accessor functions among its old objects, so a pair
 * made for one request would keep that request, with all that it holds, until the next full collection.
 */
export function defineSignal(environ: Environ, cancellation: AbortController): void {
  new Cancellable(environ, cancellation);
  Object.defineProperty(environ, "postern.signal", accessor);
}

class Borrowed {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the class below puts its field on this object
    return object;
  }
}

/** An environ with a private field, which is neither copied nor listed as a key would be, and is cheaper than a WeakMap. */
class Cancellable extends Borrowed {
  readonly #cancellation: AbortController;

  constructor(environ: Environ, cancellation: AbortController) {
    super(environ);
    this.#cancellation = cancellation;
  }

  /** Also of an object that has the environ as its prototype. */
  static signalOf(environ: object): AbortSignal {
    let holder: object = plainEnviron(environ as Environ);
    while (!(#cancellation in holder)) holder = Object.getPrototypeOf(holder);
    return holder.#cancellation.signal;
  }
}

const accessor: PropertyDescriptor & ThisType<object> = {
  configurable: true,
  enumerable: true,
  get() {
    return Cancellable.signalOf(this);
  },
  set(value: AbortSignal) {
    Object.defineProperty(this, "postern.signal", {
      configurable: true,
      enumerable: true,
      writable: true,
      value,
    });
  },
};
