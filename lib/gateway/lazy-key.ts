import { plainEnviron } from "./plain-environ.ts";
import type { Environ } from "./types.ts";

/**
 * A key of environs whose value a middleware makes out of the one that was there, when it is first read.
 *
 * Its accessor is the same for all requests: V8 keeps each pair of accessor functions among its old objects, with all
 * that a pair of one request holds. Whatever puts it into an environ needs one of its own.
 */
export class LazyKey<Key extends keyof Environ & string> {
  readonly #key: Key;
  readonly #accessor: PropertyDescriptor & ThisType<object>;
  readonly #keep: (environ: object, make: () => Environ[Key]) => void;
  readonly #isKept: (environ: object) => boolean;

  constructor(key: Key) {
    this.#key = key;
    const { keep, isKept, makeOf } = makers<Environ[Key]>();
    const settle = (environ: object, value: unknown): void => {
      Object.defineProperty(environ, key, { configurable: true, enumerable: true, writable: true, value });
    };
    this.#keep = keep;
    this.#isKept = isKept;
    this.#accessor = {
      configurable: true,
      enumerable: true,
      get() {
        const { holder, make } = makeOf(this);
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
  define(someEnviron: Environ, make: (before: Environ[Key]) => Environ[Key]): void {
    const environ = plainEnviron(someEnviron);
    // An application is tried again with the same environ: the accessors that it has would find what is defined now. So would
    // those of its prototype.
    const own = this.#isKept(environ) ? undefined : Object.getOwnPropertyDescriptor(environ, this.#key);
    const before = own ?? { value: environ[this.#key] };
    this.#keep(environ, () =>
      make((before.get === undefined ? before.value : before.get.call(environ)) as Environ[Key]),
    );
    Object.defineProperty(environ, this.#key, this.#accessor);
  }
}

class Borrowed {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the class below puts its field on this object
    return object;
  }
}

/** A private field of its own on each environ, which is neither copied nor listed as a key would be; cheaper than a WeakMap. */
function makers<Value>() {
  class Maker extends Borrowed {
    #make: () => Value;

    constructor(environ: object, make: () => Value) {
      super(environ);
      this.#make = make;
    }

    static isKept(environ: object): boolean {
      return #make in environ;
    }

    static keep(environ: object, make: () => Value): void {
      if (#make in environ) environ.#make = make;
      else new Maker(environ, make);
    }

    /** Also of an object that has the environ as its prototype. */
    static of(environ: object): { holder: object; make: () => Value } {
      let holder: object = plainEnviron(environ as Environ);
      while (!(#make in holder)) holder = Object.getPrototypeOf(holder);
      return { holder, make: holder.#make };
    }
  }
  return {
    keep: (environ: object, make: () => Value): void => Maker.keep(environ, make),
    isKept: (environ: object): boolean => Maker.isKept(environ),
    makeOf: (environ: object) => Maker.of(environ),
  };
}
