// Node's own Request, Response and Headers, whatever stands in their place later on.

export const NativeRequest: typeof Request = globalThis.Request;
export const NativeResponse: typeof Response = globalThis.Response;

export const NativeHeaders: typeof Headers = globalThis.Headers;

type Constructor = typeof NativeRequest | typeof NativeResponse;

/** Lets a class stand in the place of a native one: it has the name, and all instances of that one are its own. */
export function standInFor(native: Constructor, standIn: Constructor): void {
  const ordinary = Function.prototype[Symbol.hasInstance];
  Object.defineProperties(standIn, {
    name: { value: native.name },
    length: { value: native.length },
    [Symbol.hasInstance]: {
      value(this: unknown, value: unknown) {
        // A subclass inherits this, and has instances of its own.
        return ordinary.call(this === standIn ? native : this, value);
      },
    },
  });
}

/** Gives a class the members of a native one that it has not itself: those of the object that `nativeOf` makes of its own. */
export function inherit<Light extends object>(
  prototype: Light,
  native: object,
  nativeOf: (light: Light) => object,
): void {
  for (const name of Reflect.ownKeys(native)) {
    if (Object.hasOwn(prototype, name)) continue;
    const { get, value } = Object.getOwnPropertyDescriptor(native, name) ?? {};
    const property = { configurable: true, enumerable: true };
    if (get !== undefined) {
      Object.defineProperty(prototype, name, {
        ...property,
        get(this: Light) {
          return get.call(nativeOf(this));
        },
      });
    } else if (typeof value === "function") {
      Object.defineProperty(prototype, name, {
        ...property,
        writable: true,
        value(this: Light, ...parameters: unknown[]) {
          return Reflect.apply(value, nativeOf(this), parameters);
        },
      });
    }
  }
  Object.setPrototypeOf(prototype, native);
}
