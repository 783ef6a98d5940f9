// Makes the requests, or the responses, that a listener gets, with the prototype that its application gives them.

export type Constructor<From, Message extends object> = new (from: From) => Message;

/**
 * Express gives each request and each response another prototype. Up to Node 22 nothing that V8 has learned about objects
 * holds for one to which that was done and a property added: two thirds of what a small request costs. Made with that
 * prototype from the start, they have it already.
 */
export class MessageKind<From, Message extends object> {
  readonly #base: Constructor<From, Message>;
  /** What the application shows, and what makes messages of it. */
  #prototype: unknown;
  #made: Constructor<From, Message>;

  constructor(base: Constructor<From, Message>) {
    this.#base = base;
    this.#made = base;
  }

  /** @param prototype what the application shows as the prototype; the base's own where it is none of its kind */
  make(from: From, prototype: unknown): Message {
    if (prototype !== this.#prototype) {
      this.#prototype = prototype;
      this.#made =
        prototype instanceof this.#base && !isMessage(prototype)
          ? derived(this.#base, prototype)
          : this.#base;
    }
    return new this.#made(from);
  }
}

/**
 * One that a constructor has made, such as the current request where a listener keeps it for itself: the next one would have
 * what was put on it, the user who is logged in among it.
 */
function isMessage(prototype: object): boolean {
  return "complete" in prototype || "req" in prototype;
}

/** A constructor as in the days before classes, whose prototype can be any object. */
function derived<From, Message extends object>(
  base: Constructor<From, Message>,
  prototype: Message,
): Constructor<From, Message> {
  // One of a class cannot be called. Node's own are none, in all versions that there are.
  if (Object.getOwnPropertyDescriptor(base, "prototype")?.writable !== true) return base;
  function construct(this: Message, from: From): void {
    base.call(this, from);
  }
  construct.prototype = prototype;
  return construct as unknown as Constructor<From, Message>;
}
