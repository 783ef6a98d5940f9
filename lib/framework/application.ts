import { ApplicationError, GatewayError, refuseUnknownOptions } from "../errors.ts";
import { checkOrigins } from "../gateway/cross-origin.ts";
import type { Application } from "../gateway/types.ts";
import type { run } from "../run.ts";
import type { Browser } from "../testing/browser.ts";
import type { BrowserOptions } from "../testing/browser-transport.ts";
import type { CallResponse, OpenResponse } from "../testing/call.ts";
import type { TestRequest, TestStreamRequest } from "../testing/request.ts";
import { AllowedHosts } from "./allowed-hosts.ts";
import { answer } from "./answer.ts";
import type { AppCore, ApplicationOptions, Page } from "./app-core.ts";
import type { CookieDefaults } from "./cookies.ts";
import { mountEndpoint } from "./dispatch.ts";
import { type Endpoint, toEndpoint } from "./endpoint.ts";
import { checkLimits, inputLimits } from "./limits.ts";
import { applicationEndpoint, Mount } from "./mount.ts";
import { NamedRoutes } from "./named-routes.ts";
import { compileHost, compilePattern, compilePrefix } from "./pattern.ts";
import { checkProcessor, type Processor } from "./processors.ts";
import { Router } from "./router.ts";
import type { RouteInfo } from "./routes.ts";
import type { Checked, HandlerClass, Route, Target } from "./target.ts";
import type { Web } from "./web.ts";

/** A gateway application with a URL map. Any server serves it, any middleware wraps it, another one mounts it. */
export interface App extends Application, Mountable {}

/** What makes an application more than a function. */
export interface Mountable {
  /**
   * Answers 404 in the place of the plain page. A mounted application without one uses that of the application
   * it is mounted in.
   */
  notFound: Page | undefined;

  /**
   * Answers 500 when a handler fails, after the error was written to the log. Must not tell the client of the
   * error. A mounted application without one uses that of the application it is mounted in; where there is none
   * the server answers.
   */
  internalError: Page | undefined;

  /**
   * Answers a status in the place of its plain page, where the response has no body of its own; `"any"` all errors that have no
   * page here (400 and up, and handlers that fail). What a mounted application has no page for is its parent's. 404 and 500
   * are `notFound` and `internalError`.
   *
   * @throws ApplicationError `STATUS`: none of a response; `PAGE`: no function
   */
  errorPage(status: number | "any", page: Page): App;

  /** Appends a route. Those that are there already win. */
  addMapping<const P extends string | RegExp>(pattern: P, target: Target<P>, name?: string): App;

  /**
   * Wraps every request, those that match nothing too. The first processor is the outermost.
   *
   * @throws ApplicationError `PROCESSOR`: no function, as of `loadHook()` and `unloadHook()`
   */
  use(processor: Processor): App;

  /** Runs `hook` before every request. */
  loadHook(hook: (web: Web) => unknown): App;

  /** Runs `hook` after every request: after an error too, and after the last chunk of a streamed body. */
  unloadHook(hook: (web: Web) => unknown): App;

  /** The URL map in its order, with the routes of mounted applications in the place of each mount. */
  routes(): Promise<RouteInfo[]>;

  /**
   * Serves this application in the way in which the process was started (CGI, FastCGI, HTTP …), if `meta` is that
   * of the main script, or of the start-up file that a web server's loader has loaded, as those of Phusion Passenger and
   * LiteSpeed do; imported, it does nothing. Need not be waited for: an error ends the process with status 1.
   *
   * @param meta - always `import.meta`
   */
  run(meta: ImportMeta, options?: RunOptions): void;

  /**
   * Calls this application in this process, without a server. With `stream` it does not wait for the end of the
   * response.
   *
   * @param target - path and query as they stand in a URL
   */
  request(target: string, request: TestStreamRequest): Promise<OpenResponse>;
  request(target?: string, request?: TestRequest): Promise<CallResponse>;

  /**
   * A browser without a screen and without scripts, for tests: it follows links and redirects, fills forms and keeps
   * cookies.
   */
  browser(options?: BrowserOptions): Promise<Browser>;
}

/** Options of `run()` in `postern/server`. */
export type RunOptions = NonNullable<Parameters<typeof run>[1]>;

const cores = new WeakMap<object, AppCore>();

/**
 * Makes an application of a URL map: pairs of a pattern and what answers there, of which the first that matches
 * wins.
 *
 * A pattern is a regular expression for the whole path; `/:name` is short for a named group of one segment. All
 * groups are handed to the handler in order, named ones are in `web.params` too. A route may have a name as its third
 * member, which `web.url()` builds links of.
 *
 * @example
 * const app = application([["/hello/(.*)", class { GET(web: Web, name: string) { return `Hello, ${name}!`; } }]]);
 *
 * @throws ApplicationError `PATTERN`: no regular expression, or one that no path matches; `TARGET`: nothing that
 * answers a request; `URL_MAP`: no list of pairs
 * @throws GatewayError `OPTION`: a trusted origin, an allowed host or a secret that is none; `UNKNOWN_OPTION`
 */
export function application<const Urls extends readonly Route[]>(
  urls: Urls & Checked<Urls>,
  options?: ApplicationOptions,
): App {
  return makeApplication(urls, options, false);
}

/**
 * Makes an application whose patterns are for the host that is asked for, without its port: web.py's
 * `subdomain_application`. Nothing is taken of the path, so that an application that a pattern leads to sees all of it. A
 * handler gets the groups of the pattern, as ever; for an application they should be named, which puts them in `web.params`.
 * A host that fits no pattern, or that is none, is answered 404.
 *
 * A dot stands for any character, so escape it. The host is what the client sent; a forwarded one is that of a trusted proxy
 * (`postern/middleware/trusted-proxies`).
 *
 * @example
 * const app = subdomainApplication([["(?:www\\.)?example\\.org", site], ["(?<user>[^.]+)\\.example\\.org", blog]]);
 *
 * @throws ApplicationError as `application` does; `URL_MAP` also for a route with a name: a host has no path to link to
 */
export function subdomainApplication<const Urls extends readonly Route[]>(
  urls: Urls & Checked<Urls>,
  options?: ApplicationOptions,
): App {
  return makeApplication(urls, options, true);
}

/** A class of handlers that knows its own pattern. */
export type PageClass = HandlerClass & {
  /** Left out, it is the class's name after a slash; `null` is for classes that others extend. It is not inherited. */
  readonly path?: string | null;
};

/**
 * Makes an application of classes that say themselves where they are: web.py's `auto_application`.
 *
 * @example
 * class Article { static path = "/articles/(\\d+)"; GET(web: Web, id: string) { return id; } }
 * const app = autoApplication([Article]);
 *
 * @throws ApplicationError as `application` does
 */
export function autoApplication(classes: readonly PageClass[], options?: ApplicationOptions): App {
  if (!Array.isArray(classes) || classes.some((page) => typeof page !== "function"))
    throw new ApplicationError(
      "URL_MAP",
      "autoApplication() takes a list of classes, such as [Index, Article]",
    );
  const urls = (classes as readonly PageClass[])
    .map((page) => [ownPath(page), page] as const)
    .filter(([path]) => path !== null)
    .map(([path, page]) => [path ?? `/${page.name}`, page] as const);
  return makeApplication(urls, options, false);
}

// As in web.py: what a class extends is at a place of its own, or at none.
function ownPath(page: PageClass): string | null | undefined {
  return Object.hasOwn(page, "path") ? page.path : undefined;
}

function makeApplication(urls: unknown, given: ApplicationOptions | undefined, isByHost: boolean): App {
  if (given !== undefined) checkOptions(given);
  const options = given ?? {};
  const gateway: Application = (environ, startResponse) => answer(core, environ, startResponse);
  const app: App = Object.assign(gateway, {
    notFound: undefined,
    internalError: undefined,
    errorPage(status: number | "any", page: Page) {
      checkPage(status, page);
      if (status === 404) app.notFound = page;
      else if (status === 500) app.internalError = page;
      else core.statusPages.set(status, page);
      return app;
    },
    addMapping(pattern: string | RegExp, target: unknown, name?: string) {
      add(core, pattern, target, name);
      return app;
    },
    use(processor: Processor) {
      checkProcessor("use()", processor);
      core.processors.push(processor);
      return app;
    },
    loadHook(hook: (web: Web) => unknown) {
      checkProcessor("loadHook()", hook);
      return app.use(async (web, next) => {
        await hook(web);
        return next();
      });
    },
    unloadHook(hook: (web: Web) => unknown) {
      checkProcessor("unloadHook()", hook);
      return app.use((web, next) => {
        web.atEnd(() => hook(web));
        return next();
      });
    },
    async routes() {
      const { listRoutes } = await import("./routes.ts");
      return listRoutes(core, coreOf);
    },
    run(meta: ImportMeta, runOptions?: RunOptions) {
      start(app, meta, runOptions);
    },
    request,
    async browser(browserOptions?: BrowserOptions) {
      const { Browser } = await import("../testing/browser.ts");
      return new Browser(app, browserOptions);
    },
  });
  function request(target: string, description: TestStreamRequest): Promise<OpenResponse>;
  function request(target?: string, description?: TestRequest): Promise<CallResponse>;
  async function request(target = "/", description?: TestRequest): Promise<CallResponse | OpenResponse> {
    const testing = await import("../testing/request.ts");
    return testing.request(app, target, description);
  }
  const { allowedHosts } = options;
  const core: AppCore = {
    options,
    allowedHosts: allowedHosts === undefined ? undefined : new AllowedHosts(allowedHosts),
    router: new Router<Endpoint>(),
    map: [],
    names: new NamedRoutes(),
    isByHost,
    processors: [],
    pages: app,
    statusPages: new Map(),
  };
  cores.set(app, core);
  for (const [pattern, target, name] of pairsOf(urls)) add(core, pattern, target, name);
  return app;
}

function checkOptions(options: ApplicationOptions): void {
  const known: Readonly<Record<keyof ApplicationOptions, true>> = {
    limits: true,
    secrets: true,
    config: true,
    cookies: true,
    checkOrigin: true,
    allowedHosts: true,
    trailingSlash: true,
    trustedOrigins: true,
  };
  refuseUnknownOptions("an application", options, known);
  refuseUnknownOptions('the option "limits"', options.limits ?? {}, inputLimits);
  checkLimits(options.limits ?? {});
  const ofCookies: Readonly<Record<keyof CookieDefaults, true>> = {
    path: true,
    domain: true,
    secure: true,
    httpOnly: true,
    sameSite: true,
  };
  refuseUnknownOptions('the option "cookies"', options.cookies ?? {}, ofCookies);
  checkSecrets(options.secrets ?? []);
  checkWords(options);
  checkOrigins("trustedOrigins", options.trustedOrigins ?? []);
}

// A variable of the environment, "false" among them, is a text; any other word of trailingSlash would be "remove".
function checkWords({ checkOrigin = true, trailingSlash = "add" }: ApplicationOptions): void {
  if (typeof checkOrigin !== "boolean")
    throw new GatewayError(
      "OPTION",
      `option "checkOrigin" is ${JSON.stringify(checkOrigin)}; give true or false`,
    );
  if (trailingSlash === "add" || trailingSlash === "remove") return;
  throw new GatewayError(
    "OPTION",
    `option "trailingSlash" is ${JSON.stringify(trailingSlash)}; give "add" or "remove"`,
  );
}

function checkPage(status: unknown, page: unknown): void {
  if (status !== "any" && !isStatus(status))
    throw new ApplicationError(
      "STATUS",
      `errorPage() takes a status from 200 to 599 or "any", and not ${JSON.stringify(status)}`,
    );
  if (typeof page === "function") return;
  throw new ApplicationError(
    "PAGE",
    `the page of errorPage() is a function of web, and this is of type ${typeof page}`,
  );
}

function isStatus(status: unknown): boolean {
  return Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
}

// The letters of a text would be keys, and a variable that is not set is none. Whether a key is empty is seen when it is used.
function checkSecrets(secrets: readonly string[]): void {
  if (Array.isArray(secrets) && secrets.every((secret) => typeof secret === "string")) return;
  throw new GatewayError(
    "OPTION",
    'option "secrets" is a list of keys, each a text of 32 random bytes or more, such as [process.env.SECRET]; is a variable not set?',
  );
}

// web.py's map is one flat list. The compiler tells those who ask it.
function pairsOf(urls: unknown): readonly Route[] {
  if (Array.isArray(urls) && urls.every(isPair)) return urls;
  throw new ApplicationError(
    "URL_MAP",
    'a URL map is a list of pairs, such as [["/", Index], ["/hello/(.*)", Hello]]',
  );
}

function isPair(route: unknown): boolean {
  return Array.isArray(route) && (typeof route[0] === "string" || route[0] instanceof RegExp);
}

function add(core: AppCore, pattern: string | RegExp, target: unknown, name: string | undefined): void {
  const mounted = coreOf(target);
  const isPrefix = mounted !== undefined || target instanceof Mount;
  const compile = core.isByHost ? compileHost : isPrefix ? compilePrefix : compilePattern;
  const compiled = compile(pattern);
  if (name !== undefined && core.isByHost) {
    throw new ApplicationError(
      "URL_MAP",
      `the route "${name}" cannot have a name: a host has no path to link to`,
    );
  }
  if (name !== undefined) core.names.add(name, compiled, mounted);
  core.router.add(compiled, endpointOf(target, mounted, pattern));
  core.map.push([pattern, target, name]);
}

function endpointOf(target: unknown, mounted: AppCore | undefined, pattern: string | RegExp): Endpoint {
  if (mounted !== undefined) return mountEndpoint(mounted);
  return target instanceof Mount ? applicationEndpoint(target) : toEndpoint(target, pattern);
}

function coreOf(target: unknown): AppCore | undefined {
  return typeof target === "function" ? cores.get(target) : undefined;
}

// Not awaited by the caller: a module that waits at its top level hangs those that load it with require().
function start(app: Application, meta: ImportMeta, options: RunOptions | undefined): void {
  import("./startup-file.ts")
    .then(async ({ isStartupFile, explainIdle }) => {
      if (!isStartupFile(meta)) return explainIdle(meta);
      const { run } = await import("../run.ts");
      await run(app, options);
    })
    .catch((error: unknown) => {
      const text =
        error instanceof GatewayError ? error.message : error instanceof Error ? error.stack : error;
      process.stderr.write(`postern: ${text}\n`);
      process.exit(1);
    });
}
