// postern/sessions: values that stay with a client from one request to the next. Each store has an entry point of its own,
// so that a program loads the one it names.

import { GatewayError } from "../errors.ts";
import type { App } from "./application.ts";
import { readSessionOptions, type SessionOptions } from "./sessions/options.ts";
import type { Session, SessionShape } from "./sessions/session.ts";
import { SessionSource } from "./sessions/session-source.ts";
import type { CookieStore, SessionStore } from "./sessions/store.ts";
import type { Web } from "./web.ts";

export type { SessionOptions } from "./sessions/options.ts";
export type { Flash, Session, SessionControls } from "./sessions/session.ts";
export type {
  CookieStore,
  SessionChanges,
  SessionStore,
  SessionValues,
  StoredSession,
} from "./sessions/store.ts";

/**
 * The session of a request: the same at each call.
 *
 * @throws HttpResponse 401: it has expired, and `ignoreExpiry` or `ignoreChangeIp` is off; 503: the store does not work
 */
export type SessionOf<T> = (web: Web) => Promise<Session<T>>;

/**
 * Sessions of an application and of those mounted in it. The store is asked by requests that ask for their session, and
 * nothing is stored, nor a cookie sent, until something is set.
 *
 * What a handler has changed is stored when it has answered, before the head goes out; not where the status is 500 or more.
 *
 * @example
 * class Count {
 *   async GET(web: Web) {
 *     const s = await session(web);
 *     s.count += 1;
 *     return `You have been here ${s.count} times.`;
 *   }
 * }
 *
 * // `: App` is for the compiler: the handlers use a session that is made of the application they are in.
 * export const app: App = application([["/", Count]]);
 * const session = sessions(app, memoryStore(), { initializer: { count: 0 } });
 *
 * @throws GatewayError `OPTION`: a time or size that is none, or no application and store; `UNKNOWN_OPTION`
 */
export function sessions<T extends object = Record<string, unknown>>(
  app: App,
  store: SessionStore | CookieStore,
  options?: SessionOptions<T> & SessionShape<T>,
): SessionOf<T> {
  if (
    typeof app !== "function" ||
    typeof store !== "object" ||
    !store ||
    !("read" in store || "open" in store)
  )
    throw new GatewayError(
      "OPTION",
      "sessions() takes an application and a store, such as sessions(app, memoryStore())",
    );
  const source = new SessionSource(store, readSessionOptions(app, (options ?? {}) as SessionOptions<object>));
  return (web) => {
    const view = source.of(web).then((session) => session.view as Session<T>);
    // A handler that does not wait for it must not end the process where it fails.
    view.catch(() => {});
    return view;
  };
}
