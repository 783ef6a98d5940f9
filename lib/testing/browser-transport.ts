// How a browser asks: the headers it sends of itself, its cookies, and redirects.

import { GatewayError } from "../errors.ts";
import type { Application } from "../gateway/types.ts";
import { type CallResponse, type OpenResponse, REDIRECTS } from "./call.ts";
import { type CookieContext, CookieJar } from "./cookie-jar.ts";
import { fetchMetadata, isSameSite, siteOf } from "./fetch-metadata.ts";
import { originOf, type ReferrerPolicy, referrerOf, referrerPolicy } from "./referrer.ts";
import { request, type TestRequest } from "./request.ts";

export interface BrowserOptions {
  /** The host that the first address has. @defaultValue `"localhost:8080"` */
  readonly host?: string;
  /** Whether the first address is one of https. @defaultValue `false` */
  readonly https?: boolean;
  /** Where the application is mounted. @defaultValue `""` */
  readonly scriptName?: string;
  /** Other hosts that the application answers; those below `host` are its own. @defaultValue none */
  readonly hosts?: readonly string[];
  /** Headers of every request, such as `Accept-Language`. @defaultValue none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Variables of every request, such as `REMOTE_ADDR`. @defaultValue none */
  readonly environ?: Readonly<Record<string, unknown>>;
  /** Redirects that are followed before it is taken for a loop; 0 shows the redirect itself. @defaultValue 20, as browsers */
  readonly maxRedirects?: number;
  /** Throws when anything is written to the error log. @defaultValue `false` */
  readonly fatal?: boolean;
}

/** Where the browser is sent. */
export interface Asked {
  readonly url: URL;
  readonly method: string;
  /** The page that sends it; `undefined` where the user does. */
  readonly from: URL | undefined;
  readonly policy: ReferrerPolicy;
  readonly mode: "navigate" | "cors";
  readonly request: TestRequest;
}

/** What came of it. */
export interface Loaded {
  readonly response: CallResponse | OpenResponse;
  /** What was asked in the end, at which address and how: behind a redirect it is another request. */
  readonly asked: Asked;
  /** The redirects before that. */
  readonly passed: readonly URL[];
}

type Header = readonly [name: string, value: string];

export class BrowserTransport {
  readonly cookies = new CookieJar();
  /** The address that the first one is relative to. */
  readonly start: URL;
  readonly #application: Application;
  readonly #options: BrowserOptions;

  /** @throws {GatewayError} `OPTION`: a host that is none */
  constructor(application: Application, options: BrowserOptions) {
    const { host = "localhost:8080", https = false, scriptName = "" } = options;
    const start = `${https ? "https" : "http"}://${host}${scriptName}/`;
    if (!URL.canParse(start))
      throw new GatewayError("OPTION", `"${host}" is no host, such as "localhost:8080"`);
    this.#application = application;
    this.#options = options;
    this.start = new URL(start);
  }

  /** Asks, and follows redirects as the Fetch standard has it (§4.4). */
  async load(asked: Asked): Promise<Loaded> {
    const { maxRedirects = 20 } = this.#options;
    const passed: URL[] = [];
    let step = asked;
    for (;;) {
      const response = await this.#send(step, passed);
      const location = response.header("Location");
      if (!REDIRECTS.has(response.status) || location === undefined || maxRedirects === 0) {
        return { response, asked: step, passed };
      }
      if ("close" in response) await response.close();
      passed.push(step.url);
      if (passed.length > maxRedirects) {
        const ways = passed.map(({ pathname, search }) => pathname + search).join(" → ");
        throw new GatewayError("REDIRECTS", `more than ${maxRedirects} redirects, which is a loop: ${ways}`);
      }
      step = redirected(step, response.status, location);
      step = { ...step, policy: referrerPolicy(response.header("Referrer-Policy")) ?? step.policy };
    }
  }

  async #send(asked: Asked, passed: readonly URL[]): Promise<CallResponse | OpenResponse> {
    const { url, method, from, mode } = asked;
    const target = this.#targetOf(url);
    const context: CookieContext = {
      crossSite: from !== undefined && !isSameSite(from, url),
      safeNavigation: mode === "navigate" && (method === "GET" || method === "HEAD"),
    };
    const { fatal } = this.#options;
    const response = await request(this.#application, target, {
      ...(fatal !== undefined && { fatal }),
      ...asked.request,
      method,
      host: url.host,
      https: url.protocol === "https:",
      scriptName: this.#options.scriptName ?? "",
      environ: { ...this.#options.environ, ...asked.request.environ },
      headers: this.#headers(asked, passed, context),
    });
    for (const [name, value] of response.headers) {
      // A page that is opened has no other around it: what it sets is its own (§5.7 step 13).
      const own = { ...context, safeNavigation: mode === "navigate" };
      if (name.toLowerCase() === "set-cookie") this.cookies.store(url, value, own);
    }
    if (response.cut) {
      throw new GatewayError(
        "CUT",
        `${method} ${url.href} was cut: the application failed in the middle of the body.\n${response.errors}`,
      );
    }
    return response;
  }

  #headers(asked: Asked, passed: readonly URL[], context: CookieContext): Header[] {
    const { url, method, from, policy, mode } = asked;
    const headers: Header[] = [
      ["User-Agent", "Mozilla/5.0 (postern/testing)"],
      [
        "Accept",
        mode === "navigate" ? "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" : "*/*",
      ],
      ["Accept-Language", "en"],
    ];
    for (const [name, value] of fetchMetadata(url, siteOf(from, [...passed, url]), mode)) {
      headers.push([name, value]);
    }
    if (from !== undefined) {
      const referrer = referrerOf(from, url, policy);
      if (referrer !== undefined) headers.push(["Referer", referrer]);
      const elsewhere = mode === "cors" && from.origin !== url.origin;
      if ((method !== "GET" && method !== "HEAD") || elsewhere) {
        headers.push(["Origin", isTainted(from, [...passed, url]) ? "null" : originOf(from, url, policy)]);
      }
    }
    const cookies = this.cookies
      .for(url, context)
      .map(({ name, value }) => (name ? `${name}=${value}` : value));
    if (cookies.length > 0) headers.push(["Cookie", cookies.join("; ")]);
    return replaced(replaced(headers, pairs(this.#options.headers)), pairs(asked.request.headers));
  }

  /** The request's target below the mount. */
  #targetOf(url: URL): string {
    const { scriptName = "", hosts = [] } = this.#options;
    const own = this.start.hostname;
    const here =
      url.hostname === own ||
      url.hostname.endsWith(`.${own}`) ||
      hosts.some((host) => host === url.host || host === url.hostname);
    const below = url.pathname === scriptName || url.pathname.startsWith(`${scriptName}/`);
    if (here && below && /^https?:$/.test(url.protocol)) {
      return url.pathname.slice(scriptName.length) + url.search;
    }
    throw new GatewayError(
      "LEFT_SITE",
      `${url.href} is not this application's, which answers ${this.start.href}${hosts.length > 0 ? ` and ${hosts.join(", ")}` : ""}: the option "hosts" names others`,
    );
  }
}

/** Where a redirect leads, and with what (Fetch §4.4). */
function redirected(asked: Asked, status: number, location: string): Asked {
  const { url, method } = asked;
  if (!URL.canParse(location, url.href)) {
    throw new GatewayError(
      "LEFT_SITE",
      `${url.href} redirects to ${JSON.stringify(location)}, which is no address`,
    );
  }
  const next = new URL(location, url);
  if (next.hash === "") next.hash = url.hash;
  const turns =
    (status === 303 && method !== "GET" && method !== "HEAD") ||
    ((status === 301 || status === 302) && method === "POST");
  const sent = pairs(asked.request.headers);
  const headers = next.origin === url.origin ? sent : without(sent, OF_ORIGIN);
  if (!turns) return { ...asked, url: next, request: { ...asked.request, headers } };
  const { data: _data, json: _json, files: _files, ...request } = asked.request;
  return { ...asked, url: next, method: "GET", request: { ...request, headers: without(headers, OF_BODY) } };
}

/** Fetch §2.2.2: what says something of the body. */
const OF_BODY = new Set(["content-encoding", "content-language", "content-location", "content-type"]);
/** What is for one origin only. */
const OF_ORIGIN = new Set(["authorization"]);

function without(headers: readonly Header[], names: ReadonlySet<string>): Header[] {
  return headers.filter(([name]) => !names.has(name.toLowerCase()));
}

/** Headers with others in the place of those of the same names. */
function replaced(headers: readonly Header[], others: readonly Header[]): Header[] {
  return [...without(headers, new Set(others.map(([name]) => name.toLowerCase()))), ...others];
}

/** A redirect through a foreign address hides who sent the browser (Fetch §2.2.5). */
function isTainted(from: URL, steps: readonly URL[]): boolean {
  return steps.some((step, index) => {
    const before = steps[index - 1];
    return before !== undefined && before.origin !== step.origin && before.origin !== from.origin;
  });
}

function pairs(headers: TestRequest["headers"] = []): Header[] {
  return Symbol.iterator in headers ? [...(headers as Iterable<Header>)] : Object.entries(headers);
}
