import type { Environ } from "./types.ts";

/**
 * A key of environs whose value a middleware makes out of the one that was there, when it is first read.
 *
 * Its accessor is the same for all requests: V8 keeps each pair of accessor functions among its old objects, with all
 * that a pair of one request holds. Whatever puts it into an environ needs one of its own.
 */
export class LazyKey<Key extends keyof Environ & string> {
  readonly #key: Key;
  readonly #makers = new WeakMap<object, () => Environ[Key]>();
  readonly #accessor: PropertyDescriptor & ThisType<object>;

  constructor(key: Key) {
    this.#key = key;
    const makers = this.#makers;
    const settle = (environ: object, value: unknown): void => {
      Object.defineProperty(environ, key, { configurable: true, enumerable: true, writable: true, value });
    };
    this.#accessor = {
      configurable: true,
      enumerable: true,
      get() {
        // Also of an object that has the environ as its prototype.
        let holder: object = this;
        let make = makers.get(holder);
        while (make === undefined) {
          holder = Object.getPrototypeOf(holder);
          make = makers.get(holder);
        }
        const value = make();
        settle(holder, value);
        return value;
      },
      set(value: Environ[Key]) {
        settle(this, value);
      },
    };
  }

  /** @param make gets what the key had before, which is made as late */
  define(environ: Environ, make: (before: Environ[Key]) => Environ[Key]): void {
    const before = Object.getOwnPropertyDescriptor(environ, this.#key);
    this.#makers.set(environ, () =>
      make((before?.get === undefined ? before?.value : before.get.call(environ)) as Environ[Key]),
    );
    Object.defineProperty(environ, this.#key, this.#accessor);
  }
}
