// What a session needs of the place where it is kept. Whoever writes a store of his own writes this, and runs
// `sessionStoreCases` of `postern/testing` over it.

/** The values of a session: JSON texts under their keys. A store need not know what they say. */
export type SessionValues = ReadonlyMap<string, string>;

/** What a request changes: the new text of a key, or `null` for one that is taken out. */
export type SessionChanges = ReadonlyMap<string, string | null>;

export interface StoredSession {
  readonly values: SessionValues;
  /** How long it stays if nobody uses it from now on, in milliseconds. */
  readonly remainingMs: number;
}

/**
 * Keeps sessions. Ids are 32 hexadecimal digits in small letters, made by postern and never by a client. A session that
 * is past its lifetime is to every method as if it were not there.
 *
 * A promise that rejects means that the store does not work at present: the request is answered with 503.
 */
export interface SessionStore {
  /** The session, or `undefined` where there is none. */
  read(id: string): Promise<StoredSession | undefined>;

  /** Makes a session. `values` may be empty: that is a session too. */
  create(id: string, values: SessionValues, lifetimeMs: number): Promise<void>;

  /**
   * Changes the keys that are in `changes` and no other, whatever else happens to the session at the same time, and lets it
   * live for another `lifetimeMs`. Without changes it only does the latter.
   *
   * @returns whether there is such a session; it must not be made here, or one that has ended would come back
   */
  merge(id: string, changes: SessionChanges, lifetimeMs: number): Promise<boolean>;

  /**
   * Changes one key if its text is still `before` (`null`: the key is not there), in one step that no other change can
   * come between.
   *
   * @returns whether it has been changed: not where the text is another, or there is no such session
   */
  replace(
    id: string,
    key: string,
    before: string | null,
    after: string | null,
    lifetimeMs: number,
  ): Promise<boolean>;

  /**
   * Moves a session to another id. From then on there is none under the old one.
   *
   * @returns whether there was such a session
   */
  rename(id: string, newId: string): Promise<boolean>;

  /** Removes a session, if there is one. */
  delete(id: string): Promise<void>;

  /**
   * Removes sessions that are past their lifetime; left out where they go by themselves. Called now and then.
   *
   * @param atMost - so many sessions are looked at, or removed, and others the next time: a client waits for it. All, where it
   *   is left out
   */
  cleanUp?(atMost?: number): Promise<void>;

  /** Other processes and threads do not see the sessions: where there are any, a warning is logged. */
  readonly inProcess?: boolean;
}

/** A store that keeps nothing on the server: the cookie is the session. */
export interface CookieStore {
  /** @param cookie - what the client sent; what is none of ours counts as nothing */
  open(cookie: string | undefined, cookieName: string): SessionKeep;
}

/** Where one request's session is kept, and which cookie leads there. */
export interface SessionKeep {
  readonly store: SessionStore;
  /** The session that the client's cookie asks for. */
  readonly id: string | undefined;
  /** The value of the cookie that leads to the session from now on. */
  cookieFor(id: string): string;
  /** Each change needs a new cookie. */
  readonly isCookie: boolean;
}
