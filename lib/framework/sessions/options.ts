import { GatewayError } from "../../errors.ts";
import { checkOptions } from "../../gateway/option-names.ts";
import type { CookieDefaults } from "../cookies.ts";
import type { Web } from "../web.ts";

/** How sessions behave. The names are web.py's. */
export interface SessionOptions<T> {
  /**
   * What a new session has, or a function that makes it; copied for each. It is stored together with the first change. A
   * key that a stored session lacks reads as its initial value.
   *
   * @defaultValue nothing
   */
  initializer?: T | ((web: Web) => T);

  /**
   * How long a session lasts that nobody uses, in seconds. So that reading does not write at each request, a use counts
   * when a tenth of this, or a minute, has passed since the last one that counted.
   *
   * @defaultValue `86_400` (a day)
   */
  timeout?: number;

  /** @defaultValue `"session"` */
  cookieName?: string;

  /** @defaultValue where the application is mounted, with a `/` at the end */
  cookiePath?: string;

  /** @defaultValue none: the host alone */
  cookieDomain?: string;

  /**
   * How long the browser keeps the cookie: until it is closed (`"session"`), as long as the session lasts (`"timeout"`), or
   * so many seconds. It is counted from the last use that counts: see `timeout`.
   *
   * @defaultValue `"session"`
   */
  cookieLifetime?: "session" | "timeout" | number;

  /** Scripts cannot read the cookie. @defaultValue `true` */
  httpOnly?: boolean;

  /** The cookie is sent over https alone. @defaultValue `true` on https */
  secure?: boolean;

  /** @defaultValue `"lax"` */
  sameSite?: "strict" | "lax" | "none";

  /**
   * A cookie whose session is not there any more, or never was, gets a new session. `false` answers with
   * `expiredMessage` and makes the client forget the cookie.
   *
   * @defaultValue `true`
   */
  ignoreExpiry?: boolean;

  /**
   * A session may be used from another address than the one it began at. `false` answers there as for one that has expired;
   * whoever began it keeps it. Clients in mobile networks change their address often.
   *
   * @defaultValue `true`
   */
  ignoreChangeIp?: boolean;

  /**
   * The answer when a session has expired: text, or a function that returns what a handler may return, or throws a response
   * such as a redirect to the page where people log in.
   *
   * @defaultValue `"Session expired"`
   */
  expiredMessage?: string | ((web: Web) => unknown);

  /**
   * Its status. 401 comes with the header `WWW-Authenticate` that RFC 9110 §15.5.2 asks for.
   *
   * @defaultValue `401`
   */
  expiredStatus?: number;

  /**
   * What the keys and values of a session may take together, in bytes of JSON. Past it the request fails (`SESSION_SIZE`) and
   * the session stays as it was.
   *
   * @defaultValue `1_048_576` (1 MiB)
   */
  maxBytes?: number;

  /**
   * How long a request waits for the store, in milliseconds; past it the answer is 503.
   *
   * @defaultValue `5_000`
   */
  storeTimeoutMs?: number;
}

/** The options with their defaults. */
export interface SessionSettings {
  readonly initializer: object | ((web: Web) => object) | undefined;
  readonly timeoutMs: number;
  readonly cookieName: string;
  readonly cookieAttributes: CookieDefaults;
  readonly pathOf: (web: Web) => string;
  /** In seconds; `undefined`: until the browser is closed. */
  readonly cookieMaxAge: number | undefined;
  readonly ignoreExpiry: boolean;
  readonly ignoreChangeIp: boolean;
  readonly expiredMessage: string | ((web: Web) => unknown);
  readonly expiredStatus: number;
  readonly maxBytes: number;
  readonly storeTimeoutMs: number;
}

/** @throws GatewayError `OPTION`: a time or size that is none */
export function readSessionOptions(app: object, options: SessionOptions<object>): SessionSettings {
  checkOptions("sessions()", options, {
    initializer: true,
    timeout: true,
    cookieName: true,
    cookiePath: true,
    cookieDomain: true,
    cookieLifetime: true,
    httpOnly: true,
    secure: true,
    sameSite: true,
    ignoreExpiry: true,
    ignoreChangeIp: true,
    expiredMessage: true,
    expiredStatus: true,
    maxBytes: true,
    storeTimeoutMs: true,
  });
  const {
    timeout = 86_400,
    cookieLifetime = "session",
    maxBytes = 1_048_576,
    storeTimeoutMs = 5_000,
  } = options;
  const { cookiePath, cookieDomain, httpOnly, secure, sameSite } = options;
  checkFlags({
    httpOnly,
    secure,
    ignoreExpiry: options.ignoreExpiry,
    ignoreChangeIp: options.ignoreChangeIp,
  });
  checkInitializer(options.initializer);
  checkPositive("timeout", timeout);
  checkPositive("maxBytes", maxBytes);
  checkPositive("storeTimeoutMs", storeTimeoutMs);
  if (typeof cookieLifetime === "number") checkPositive("cookieLifetime", cookieLifetime);
  else if (cookieLifetime !== "session" && cookieLifetime !== "timeout")
    throw new GatewayError(
      "OPTION",
      `option "cookieLifetime": ${JSON.stringify(cookieLifetime)} is neither "session", "timeout" nor seconds`,
    );
  const lifetimes = { session: undefined, timeout };
  const maxAge = typeof cookieLifetime === "number" ? cookieLifetime : lifetimes[cookieLifetime];
  return {
    initializer: options.initializer,
    timeoutMs: timeout * 1000,
    cookieName: options.cookieName ?? "session",
    cookieAttributes: {
      ...(cookieDomain === undefined ? {} : { domain: cookieDomain }),
      ...(httpOnly === undefined ? {} : { httpOnly }),
      ...(secure === undefined ? {} : { secure }),
      ...(sameSite === undefined ? {} : { sameSite }),
    },
    pathOf: (web) => cookiePath ?? `${web.homepathOf(app) ?? web.ctx.homepath}/`,
    // A cookie's lifetime is in whole seconds.
    cookieMaxAge: maxAge === undefined ? undefined : Math.ceil(maxAge),
    ignoreExpiry: options.ignoreExpiry ?? true,
    ignoreChangeIp: options.ignoreChangeIp ?? true,
    expiredMessage: options.expiredMessage ?? "Session expired",
    expiredStatus: options.expiredStatus ?? 401,
    maxBytes,
    storeTimeoutMs,
  };
}

function checkPositive(name: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new GatewayError("OPTION", `option "${name}": ${value} is no number above 0`);
}

// Of a variable of the environment, "0" and "false" would be true.
function checkFlags(flags: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || typeof value === "boolean") continue;
    throw new GatewayError("OPTION", `option "${name}": ${JSON.stringify(value)} is neither true nor false`);
  }
}

function checkInitializer(initializer: unknown): void {
  if (initializer === undefined || typeof initializer === "function") return;
  if (typeof initializer === "object" && initializer !== null) return;
  throw new GatewayError("OPTION", 'option "initializer" is an object, such as { count: 0 }, or a function');
}
