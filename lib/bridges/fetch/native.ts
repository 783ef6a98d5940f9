// Node's own Request and Response, whatever stands in their place later on.

export const NativeRequest = globalThis.Request;
export const NativeResponse = globalThis.Response;

type Constructor = typeof NativeRequest | typeof NativeResponse;

/** Lets a class stand in the place of a native one: it has the name, and all instances of that one are its own. */
export function standInFor(native: Constructor, standIn: Constructor): void {
  const ordinary = Function.prototype[Symbol.hasInstance];
  Object.defineProperties(standIn, {
    name: { value: native.name },
    [Symbol.hasInstance]: {
      value(this: unknown, value: unknown) {
        // A subclass inherits this, and has instances of its own.
        return ordinary.call(this === standIn ? native : this, value);
      },
    },
  });
}
