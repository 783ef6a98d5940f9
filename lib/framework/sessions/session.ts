/** What a session has besides its values. None of these names can be a key. */
export interface SessionControls<T> {
  /** 32 hexadecimal digits. Whoever knows it has the session: never put it into a page, a link or a log. */
  readonly id: string;

  /** Nothing was there when the request came. */
  readonly isNew: boolean;

  /**
   * The client came with the id of a session that is not there any more, and this is a new one in its place: it has expired,
   * was ended, or never was. With `ignoreExpiry: false` such a request ends before anybody could ask.
   */
  readonly isExpired: boolean;

  /**
   * Changes one value in one step: no other request, in whichever process, comes between reading and writing. It is stored
   * when the promise resolves.
   *
   * @param change - gets the value as it is in the store; may be called again, and so must do nothing else
   * @returns the new value
   * @throws HttpResponse 503: the store does not work
   */
  update<K extends keyof T & string>(key: K, change: (value: T[K]) => T[K]): Promise<T[K]>;

  /** Gives the session another id and ends the old one, as is needed whenever somebody logs in. */
  regenerate(): void;

  /** Ends the session with all its values. What is set afterwards begins a new one. */
  kill(): void;

  /** Keeps a value, such as a message to show after a redirect, until somebody takes it. */
  flash(kind: string, value: unknown): void;

  /** Takes out what `flash()` has kept, the oldest first. */
  flashes(kind?: string): Flash[];
}

export interface Flash {
  readonly kind: string;
  readonly value: unknown;
}

/** One client's values, typed by the initializer, and what can be done with the session itself. */
export type Session<T> = T & SessionControls<T>;

/** What JSON gives back as it was: a `Date` or a `Map` in a session does not compile. */
export type Storable<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends
          | bigint
          | symbol
          | ((...args: never) => unknown)
          | Date
          | RegExp
          | ReadonlyMap<unknown, unknown>
          | ReadonlySet<unknown>
      ? never
      : { [K in keyof T]: Storable<T[K]> };

type Reserved = keyof SessionControls<unknown> | "then";

/** Nothing, or what makes the compiler name the keys that no session can have, or whose values none can store. */
export type SessionShape<T> =
  T extends Storable<T>
    ? Extract<keyof T, Reserved> extends never
      ? unknown
      : { "a session has a member of this name": Extract<keyof T, Reserved> }
    : {
        "JSON cannot hold the value of": { [K in keyof T]: T[K] extends Storable<T[K]> ? never : K }[keyof T];
      };
