import { ApplicationError } from "../errors.ts";
import { parseHost } from "../gateway/host.ts";
import type { Application, Environ, Header } from "../gateway/types.ts";
import { charsetOf } from "./charset.ts";
import type { Exchange } from "./exchange.ts";
import type { Level } from "./level.ts";
import { statusLine } from "./status.ts";

/**
 * web.py's `web.ctx`: what is known of the request, and the response so far. Inside a mounted application
 * `home`, `homepath`, `path` and `fullpath` are its own.
 *
 * `host` is what the client sent: fit for a log, not for a link. `homedomain`, `home` and `realhome` are fit for links, and
 * throw an ApplicationError (`ALLOWED_HOSTS`) where the option `allowedHosts` does not name that host.
 */
export class Context {
  readonly #exchange: Exchange;
  readonly #level: Level;

  constructor(exchange: Exchange, level: Level) {
    this.#exchange = exchange;
    this.#level = level;
  }

  /** The gateway's environ, as the application that handles the request sees it. */
  get environ(): Environ {
    return this.#level.environ;
  }

  /** Another name for `environ`. */
  get env(): Environ {
    return this.#level.environ;
  }

  /** The `Host` header, or `""`. */
  get host(): string {
    return this.#exchange.environ.HTTP_HOST ?? "";
  }

  get protocol(): "http" | "https" {
    const { HTTPS, "wsgi.url_scheme": scheme } = this.#exchange.environ;
    if (scheme === "http" || scheme === "https") return scheme;
    return /^(on|true|1)$/i.test(HTTPS ?? "") ? "https" : "http";
  }

  /** Protocol and host, such as `http://example.org:8080`; the host is `[unknown]` where the client names none. */
  get homedomain(): string {
    const { host, protocol } = this;
    if (host === "") return `${protocol}://[unknown]`;
    if (this.#level.hasAllowedHost) return `${protocol}://${host}`;
    throw new ApplicationError(
      "ALLOWED_HOSTS",
      `no address is made of the host ${JSON.stringify(host)}, which the client chose: name the hosts of this ` +
        'application in its option `allowedHosts`, such as ["example.org"], or link with paths (web.url())',
    );
  }

  /** Where the application is mounted, as it stands in a URL: `""` or `/app`. */
  get homepath(): string {
    return this.#level.homepath;
  }

  get home(): string {
    return this.homedomain + this.homepath;
  }

  /** `home` of the outermost application. */
  get realhome(): string {
    return this.homedomain + this.#level.root.homepath;
  }

  /** The client's address, as the front end tells it. */
  get ip(): string {
    return this.#exchange.environ.REMOTE_ADDR ?? "";
  }

  /** The applications on the way to this one, the outermost first. */
  get appStack(): readonly Application[] {
    return this.#level.stack;
  }

  /** The host's name without its port, in small letters; `""` where the client names none. */
  get hostname(): string {
    return parseHost(this.host)?.name ?? "";
  }

  /**
   * What stands in front of the host's domain, from the domain outwards: `["blog", "ann"]` of `ann.blog.example.org`. An address
   * has none.
   *
   * @param domainLabels - how many names the domain is made of, such as 3 for `example.co.uk`
   */
  subdomains(domainLabels = 2): string[] {
    const { hostname } = this;
    if (hostname === "" || hostname.includes(":") || /^[\d.]+$/.test(hostname)) return [];
    return hostname.split(".").reverse().slice(domainLabels);
  }

  /** The port of the address that was asked for. */
  get port(): number {
    return Number(parseHost(this.host)?.port ?? (this.protocol === "https" ? 443 : 80));
  }

  /** The protocol is https. */
  get secure(): boolean {
    return this.protocol === "https";
  }

  /** The media type of the body in small letters, without parameters, such as `application/json`; or `""`. */
  get contentType(): string {
    return (this.#exchange.environ.CONTENT_TYPE ?? "").replace(/;.*/s, "").trim().toLowerCase();
  }

  /** The charset of the body in small letters; or `""`. */
  get charset(): string {
    return charsetOf(this.#exchange.environ.CONTENT_TYPE ?? "");
  }

  /** The length of the body in bytes; `undefined` where the client does not say. */
  get contentLength(): number | undefined {
    const { CONTENT_LENGTH: length } = this.#exchange.environ;
    return length === undefined || length === "" ? undefined : Number(length);
  }

  /** Who the web server says it is (`REMOTE_USER`), or `""`. What a client claims of itself is not looked at. */
  get user(): string {
    const { REMOTE_USER: user } = this.#exchange.environ;
    return typeof user === "string" ? user : "";
  }

  /** The request says that a script made it (`X-Requested-With: XMLHttpRequest`), as jQuery does and `fetch` does not. */
  get isXhr(): boolean {
    return /^XMLHttpRequest$/i.test(String(this.#exchange.environ["HTTP_X_REQUESTED_WITH"] ?? ""));
  }

  get method(): string {
    return this.#exchange.environ.REQUEST_METHOD;
  }

  /** What follows `homepath`, decoded: `/` at the least. */
  get path(): string {
    return this.#level.path;
  }

  /** `""`, or the query with its question mark. */
  get query(): string {
    const query = this.#exchange.environ.QUERY_STRING;
    return query ? `?${query}` : "";
  }

  /** `path` and `query`. */
  get fullpath(): string {
    return this.path + this.query;
  }

  /** The status of the response so far, such as `200 OK`. */
  get status(): string {
    return statusLine(this.#exchange.status);
  }

  /** The headers of the response so far. */
  get headers(): readonly Header[] {
    return this.#exchange.headers.list;
  }
}
