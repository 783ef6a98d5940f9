import type { Application } from "../gateway/types.ts";
import type { AllowedHosts } from "./allowed-hosts.ts";
import type { CookieDefaults } from "./cookies.ts";
import type { Endpoint } from "./endpoint.ts";
import type { InputLimits } from "./limits.ts";
import type { NamedRoutes } from "./named-routes.ts";
import type { Processor } from "./processors.ts";
import type { Router } from "./router.ts";
import type { Web } from "./web.ts";

/** Settings of an application's own, by their names. */
export type Config = Readonly<Record<string, unknown>>;

/** What an application can be told. A mounted one takes what it is not told from the one it is mounted in. */
export interface ApplicationOptions {
  /**
   * What a client may send.
   *
   * @defaultValue `inputLimits`
   */
  limits?: InputLimits;

  /**
   * Keys of signed cookies. The first one signs; all are tried when a cookie is read, so that a key can be
   * replaced without signing everyone out. Use 32 random bytes or more.
   *
   * @defaultValue none: signed cookies cannot be used
   */
  secrets?: readonly string[];

  /**
   * Settings of the application's own, which its handlers find in `web.config`. A mounted application sees those of the
   * applications around it too, where it has none of that name.
   *
   * @defaultValue none
   */
  config?: Config;

  /**
   * What `web.setCookie()` uses where it is not told.
   *
   * @defaultValue `HttpOnly`, `SameSite=Lax`, `Secure` on https, the application's own path
   */
  cookies?: CookieDefaults;

  /**
   * Refuses unsafe methods (all but GET, HEAD, OPTIONS and TRACE) that a page of another origin makes a browser
   * send. Off is right only for an application that uses no cookies and no HTTP authentication. A handler that is
   * there for other sites' pages says so itself, with a property `checkOrigin` that is `false`.
   *
   * @defaultValue `true`
   */
  checkOrigin?: boolean;

  /**
   * The hosts that this application answers for: `"example.org"` at any port, `"example.org:8443"` at that one,
   * `".example.org"` and all below it. A request whose `Host` is another, or none, gets 400 before anything of the
   * application runs. Addresses with a host (`web.ctx.home`) are only made of a host that is named here; without this
   * option they are made of this machine's own names, for its own requests, and of no other.
   *
   * A forwarded host is one that `postern/middleware/trusted-proxies` has taken from a trusted proxy.
   *
   * @defaultValue any host is answered
   */
  allowedHosts?: readonly string[];

  /**
   * Where a GET fits no route with its last slash (`"remove"`) or without it (`"add"`), and one the other way: redirects to
   * that one, for good.
   *
   * @defaultValue none: `/about` and `/about/` are two paths, as in web.py
   */
  trailingSlash?: "add" | "remove";

  /**
   * Origins whose pages may send unsafe methods, such as `https://admin.example.org`.
   *
   * @defaultValue none
   */
  trustedOrigins?: readonly string[];
}

/** Answers in the place of a handler; what it returns is a result like a handler's. */
export type Page = (web: Web, error?: unknown) => unknown;

/** The inside of an application. */
export interface AppCore {
  readonly options: ApplicationOptions;
  /** What its option of that name says. */
  readonly allowedHosts: AllowedHosts | undefined;
  readonly router: Router<Endpoint>;
  /** The URL map as it was written, for those who want to read it. */
  readonly map: (readonly [pattern: string | RegExp, target: unknown, name: string | undefined])[];
  readonly names: NamedRoutes;
  /** The patterns are for the host's name, and take nothing of the path. */
  readonly isByHost: boolean;
  readonly processors: Processor[];
  /** Its own pages, as they are at the time of the request. */
  readonly pages: Application & {
    readonly notFound: Page | undefined;
    readonly internalError: Page | undefined;
  };
  /** Those of other statuses; `any` for all from 400 on that have none. */
  readonly statusPages: Map<number | "any", Page>;
}
