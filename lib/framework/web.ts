import type { Buffer } from "node:buffer";
import { ApplicationError } from "../errors.ts";
import { type Credentials, parseCredentials } from "../gateway/basic-credentials.ts";
import type { Environ } from "../gateway/types.ts";
import type { Config } from "./app-core.ts";
import { type CacheOptions, cacheControl } from "./cache-control.ts";
import { contentDisposition } from "./content-disposition.ts";
import { Context } from "./context.ts";
import type { CookieOptions } from "./cookies.ts";
import { type EventOptions, EventStream } from "./event-stream.ts";
import type { Exchange } from "./exchange.ts";
import type { FileOptions } from "./file.ts";
import type { FileResult } from "./file-result.ts";
import type { Redirect } from "./http-response.ts";
import type { Level, Params } from "./level.ts";
import type { LinkFields, RouteLink } from "./link.ts";
import { isName, linkFrom, withQuery } from "./link-from.ts";
import { loaded } from "./loaded.ts";
import { encodePath, pathText, resolveLocation } from "./location.ts";
import type { Part } from "./multipart.ts";
import { isList } from "./named-routes.ts";
import type { QueryFields } from "./query.ts";
import { refererPath } from "./referer.ts";
import { matchingType } from "./request-type.ts";
import { cookieValues, queryValues, requestBody } from "./request-values.ts";
import { withCharset } from "./response-headers.ts";
import { seeOther } from "./responses.ts";
import { statusLine } from "./status.ts";
import { checkModified, httpDate } from "./validators.ts";
import { type NamedValues, type Picked, pick, type Wanted } from "./values.ts";

// What few requests need.
const loadAccepted = loaded(() => import("./accepted.ts"));
const loadFile = loaded(() => import("./file.ts"));
const loadSignedValue = loaded(() => import("./signed-value.ts"));

export interface HeaderOptions {
  /** Leaves a header of that name as it is, if there is one. @defaultValue `false` */
  unique?: boolean;
}

/** One request and its response, as a handler sees them. Belongs to this request alone. */
export class Web {
  readonly #exchange: Exchange;
  readonly #level: Level;
  #ctx: Context | undefined;

  constructor(exchange: Exchange, level: Level) {
    this.#exchange = exchange;
    this.#level = level;
  }

  /** What is known of the request, and the response so far: web.py's `web.ctx`. */
  get ctx(): Context {
    this.#ctx ??= new Context(this.#exchange, this.#level);
    return this.#ctx;
  }

  /** The gateway's variables; inside a mounted application with its `SCRIPT_NAME` and `PATH_INFO`. */
  get environ(): Environ {
    return this.#level.environ;
  }

  /** Such as `GET`. */
  get method(): string {
    return this.#exchange.environ.REQUEST_METHOD;
  }

  /** The named groups of the patterns that led here. */
  get params(): Params {
    return this.#level.params;
  }

  /** Aborted when the client has gone, the request took too long, or the server cannot wait any more. */
  get signal(): AbortSignal {
    return this.#exchange.environ["postern.signal"];
  }

  /** What processors and handlers keep for each other during this request. */
  get state(): Record<string, unknown> {
    return this.#exchange.memo(STATE, () => Object.create(null));
  }

  /**
   * Runs `task` when the handler and all processors have answered, and a stream has given its first chunk, but before
   * the head goes out; the latest first. It may change the response, and a response that it throws takes the
   * place of the handler's. Where the request has failed without a page of its own it does not run.
   */
  beforeHead(task: () => unknown): void {
    this.#exchange.beforeHead(task);
  }

  /** The head has gone out: headers and cookies set from now on are lost. */
  get headSent(): boolean {
    return this.#exchange.headSent;
  }

  /** Runs `task` when the last chunk has gone or the request has failed; the latest first. */
  atEnd(task: () => unknown): void {
    this.#exchange.atEnd(task);
  }

  /** A header of the request, or `undefined`; the name in any case. */
  requestHeader(name: string): string | undefined {
    const variable = name.toUpperCase().replaceAll("-", "_");
    const unprefixed = variable === "CONTENT_TYPE" || variable === "CONTENT_LENGTH";
    // The header is misspelled, and nobody remembers how.
    const sent = variable === "REFERRER" ? "REFERER" : variable;
    const value = this.#exchange.environ[unprefixed ? variable : `HTTP_${sent}`];
    return typeof value === "string" ? value : undefined;
  }

  /**
   * The first of these types that the request's body is of, or `undefined`: where it is of none, or there is no body. Types may
   * be short (`"json"`, `"urlencoded"`), or leave something open (`"image/*"`, `"multipart"`, `"+json"`): then the type itself
   * is given, as it is where nothing is asked for.
   *
   * @example
   * if (!web.is("json", "+json")) throw unsupportedMediaType();
   */
  is(...types: readonly string[]): string | undefined {
    const { environ } = this.#exchange;
    const hasBody = environ["postern.chunked"] === true || this.ctx.contentLength !== undefined;
    return hasBody ? matchingType(this.ctx.contentType, types) : undefined;
  }

  /**
   * Name and password that the client claims (`Authorization: Basic`, RFC 7617), not checked by anybody; or `undefined`.
   * `postern/middleware/basic-auth` compares them in constant time. `web.ctx.user` is who the web server has checked.
   */
  get credentials(): Credentials | undefined {
    return parseCredentials(this.#exchange.environ.HTTP_AUTHORIZATION);
  }

  /** The settings of the application and of those around it: the option `config`. The innermost counts. */
  get config(): Config {
    return this.#level.config;
  }

  /** The status of the response: an integer from 200 to 599. */
  get status(): number {
    return this.#exchange.status;
  }

  /** @throws ApplicationError `STATUS`: no such integer */
  set status(code: number) {
    statusLine(code);
    this.#exchange.status = code;
  }

  /**
   * Adds a header to the response. One that a response has once, such as `Content-Type`, is replaced. Types `text/*` get
   * `charset=utf-8` where no charset is named.
   *
   * @throws ApplicationError `HEADER`: no header name, or a value with a line break or other control character
   */
  header(name: string, value: string | number, options: HeaderOptions = {}): void {
    if (options.unique && this.#exchange.headers.has(name)) return;
    this.#exchange.headers.add(name, withCharset(name, value));
  }

  /**
   * Query and form together; where both have a name, the form's values count. Strings name what must be there;
   * an object gives defaults for the rest and decides what is a list (`[]`) or a file (`upload()`).
   *
   * @example
   * const { name, tags, picture } = await web.input("name", { tags: [], picture: upload() });
   *
   * @throws HttpResponse 400: a required name is missing, or the form is broken; 413, 414: past a limit
   */
  async input<const W extends Wanted>(...wanted: W): Promise<Picked<W>> {
    const query = queryValues(this.#exchange, this.#level);
    const form = await (await requestBody(this.#exchange, this.#level)).form();
    return pick(new Map([...query, ...form]), wanted) as Picked<W>;
  }

  /** The form alone. See `input()`. */
  async form<const W extends Wanted>(...wanted: W): Promise<Picked<W>> {
    return pick(await (await requestBody(this.#exchange, this.#level)).form(), wanted) as Picked<W>;
  }

  /** The query alone. See `input()`. */
  query<const W extends Wanted>(...wanted: W): Picked<W> {
    return pick(queryValues(this.#exchange, this.#level), wanted) as Picked<W>;
  }

  /**
   * Everything that was sent under each name, in its order; files too. Where query and form both have a name, the form's
   * values count.
   *
   * @throws HttpResponse 400: the form is broken; 413, 414: past a limit
   */
  async rawInput(from: "both" | "query" | "form" = "both"): Promise<NamedValues> {
    const query = from === "form" ? [] : queryValues(this.#exchange, this.#level);
    const form = from === "query" ? [] : await (await requestBody(this.#exchange, this.#level)).form();
    return new Map([...query, ...form]);
  }

  /**
   * The parts of a form as they arrive, files as streams that are not kept anywhere. Once, and instead of
   * `input()`.
   *
   * @throws HttpResponse 400: the form is broken; 413: past a limit
   */
  async *parts(): AsyncGenerator<Part, void, undefined> {
    yield* (await requestBody(this.#exchange, this.#level)).parts();
  }

  /**
   * The whole body; the same bytes at each call.
   *
   * @throws HttpResponse 413: longer than `maxDataBytes`
   */
  async data(): Promise<Buffer> {
    return (await requestBody(this.#exchange, this.#level)).data();
  }

  /**
   * The body as JSON, whatever its `Content-Type` says.
   *
   * @throws HttpResponse 400: not JSON in UTF-8; 413: longer than `maxJsonBytes`
   */
  async json(): Promise<unknown> {
    return (await requestBody(this.#exchange, this.#level)).json();
  }

  /**
   * The cookies the client sent. Strings name what must be there, an object gives defaults for the rest.
   *
   * @throws HttpResponse 400: a required cookie is missing
   */
  async cookies<const W extends Wanted>(...wanted: W): Promise<Picked<W>> {
    return pick(await cookieValues(this.#exchange), wanted) as Picked<W>;
  }

  /**
   * The value of a cookie that was set with `signed`; `undefined` where it is missing or was changed.
   *
   * @throws ApplicationError `SECRETS`: the application has none, or an empty one
   */
  async signedCookie(name: string): Promise<string | undefined> {
    const secrets = this.#level.option("secrets") ?? [];
    if (secrets.length === 0 || secrets.includes("")) {
      throw new ApplicationError(
        "SECRETS",
        "signed cookies need the option `secrets` with keys that are not empty",
      );
    }
    const value = (await cookieValues(this.#exchange)).get(name)?.[0];
    if (typeof value !== "string") return undefined;
    const { unsign } = await loadSignedValue();
    return unsign(name, value, secrets);
  }

  /**
   * Sets a cookie. It goes out with the head of the response; what no cookie can hold is an ApplicationError
   * (`COOKIE`) then.
   */
  setCookie(name: string, value: string, options: CookieOptions = {}): void {
    // web.py's third argument is a time.
    if (typeof options !== "object")
      throw new ApplicationError(
        "COOKIE",
        `the options of a cookie are an object, such as { maxAge: 3600 }, and this is ${options}`,
      );
    const defaults = {
      path: `${this.#level.homepath}/`,
      httpOnly: true,
      sameSite: "lax",
      secure: this.ctx.protocol === "https",
      ...this.#level.option("cookies"),
    } as const;
    this.#exchange.cookies.push({
      name,
      value,
      options: { ...defaults, ...options },
      secrets: options.signed ? (this.#level.option("secrets") ?? []) : undefined,
    });
  }

  /** Makes the client forget a cookie. Path and domain must be those with which it was set. */
  deleteCookie(name: string, options: CookieOptions = {}): void {
    this.setCookie(name, "", { ...options, signed: false, maxAge: 0, expires: new Date(0) });
  }

  /** Where an application is mounted that this request has come through, percent-encoded; else `undefined`. */
  homepathOf(app: object): string | undefined {
    // An application's pages are members of the application itself.
    let level: Level | undefined = this.#level;
    while (level !== undefined && level.core.pages !== app) level = level.parent;
    return level?.homepath;
  }

  /**
   * A path to link to.
   *
   * `/…` is taken from where the application is mounted; `./…`, `../…`, `?…` and `#…` from the current path, which it is when
   * left out; their fields are those of the query. Anything else is the name of a route, of this application or of one around
   * it (`blog.article`: of the one mounted as `blog`). Its groups are given in order as a list, or by name among the fields;
   * the other fields are the query.
   *
   * @example
   * web.url("article", { id: 7, page: 2 }); // "/articles/7?page=2" of ["/articles/:id", Article, "article"]
   *
   * @throws ApplicationError `LINK`: no route has this name, or its pattern does not match with these groups
   */
  url(target?: string, fields: LinkFields = {}, query: QueryFields = {}): string {
    const level = this.#level;
    if (target !== undefined && isName(target)) return linkFrom(level, target, fields, query);
    if (isList(fields)) throw new ApplicationError("LINK", `the path "${target}" has no groups to be given`);
    const path = resolveLocation(target ?? encodePath(level.path), level.homepath, level.path);
    return withQuery(path, { ...fields, ...query });
  }

  /** The current path with some fields of its query changed; `null` takes one out. */
  changeQuery(changes: QueryFields): string {
    const fields: Record<string, QueryFields[string]> = Object.create(null);
    for (const [name, values] of queryValues(this.#exchange, this.#level)) fields[name] = values.map(String);
    return this.url(undefined, Object.assign(fields, changes));
  }

  /**
   * A result that is sent as server-sent events: strings, or objects with `event`, `data`, `id`, `retry`. It ends
   * when the client has gone; a source that waits for something of its own should watch `signal` too. While nothing happens a
   * comment is sent every 15 seconds.
   *
   * @throws ApplicationError `EVENTS`: the time between two comments is none
   */
  events(source: AsyncIterable<unknown>, options: EventOptions = {}): EventStream {
    return new EventStream(source, this.signal, options);
  }

  /** The `id` of the last event that the client has seen, when it connects again; or `undefined`. */
  get lastEventId(): string | undefined {
    const id = this.requestHeader("Last-Event-ID");
    return id === undefined ? undefined : pathText(id);
  }

  /**
   * A result that is a file, sent in the server's best way, with `Last-Modified`, `ETag` and what a request may ask of them
   * (304, 412), and one range (206, 416; several in one request get the whole file). What comes from the client belongs into
   * `path` only together with `root`, which keeps it inside a folder.
   *
   * @param options - or the media type alone
   * @throws HttpResponse 404: there is no such file; 304, 412, 416: the request asks for it
   */
  async file(path: string | URL, options: FileOptions | string = {}): Promise<FileResult> {
    const { fileResult } = await loadFile();
    return fileResult(this.#exchange, path, typeof options === "string" ? { type: options } : options);
  }

  /** Has the browser save the response under this name (`Content-Disposition`, RFC 6266). */
  attachment(fileName: string): void {
    this.#exchange.headers.add("Content-Disposition", contentDisposition(fileName));
  }

  /** Says when the page was last changed: `Last-Modified`. Milliseconds are not sent. */
  lastModified(date: Date): void {
    this.#exchange.headers.add("Last-Modified", httpDate(date));
  }

  /** Says until when the response may be kept, as a date or in seconds from now: `Expires`. */
  expires(when: Date | number): void {
    const date = typeof when === "number" ? new Date(Date.now() + when * 1000) : when;
    this.#exchange.headers.set("Expires", httpDate(date));
  }

  /**
   * Says how the response may be kept: `Cache-Control`, in the place of what it was.
   *
   * @example
   * web.cacheControl({ scope: "public", maxAgeSeconds: 3600 });
   *
   * @throws ApplicationError `CACHE`: a time is not a whole number of seconds
   */
  cacheControl(options: CacheOptions): void {
    this.#exchange.headers.set("Cache-Control", cacheControl(options));
  }

  /** Says that the response depends on this header of the request: `Vary`. */
  vary(name: string): void {
    this.#exchange.headers.append("Vary", name);
  }

  /**
   * Ends the request where the client has this page already (304), or wants to change another than there is (412): call it
   * before the work is done. Sets `Last-Modified` and `ETag`.
   *
   * @param etag - any text that is another when the page is; `W/"…"` for a weak tag
   * @throws HttpResponse 304: the page is the one that the client has; 412: not the one that it asks for (RFC 9110 §13.2.2)
   * @throws ApplicationError `HEADER`: no text for a tag; `DATE`: no date
   */
  modified(lastModified?: Date, etag?: string): void {
    checkModified(this.#exchange, lastModified, etag);
  }

  /**
   * Which of these types the client likes best, or `undefined` where it likes none; the first where it does not say.
   * `"html"` and the like are short for their media types. The response says `Vary: Accept`.
   *
   * @example
   * if ((await web.accepts("html", "json")) === "json") return articles;
   */
  async accepts<const T extends string>(...types: readonly T[]): Promise<T | undefined> {
    this.vary("Accept");
    const { acceptedType } = await loadAccepted();
    return acceptedType(this.#exchange.environ, types);
  }

  /** The same for languages: `web.acceptsLanguage("en", "de")`. */
  async acceptsLanguage<const T extends string>(...languages: readonly T[]): Promise<T | undefined> {
    this.vary("Accept-Language");
    const { acceptedLanguage } = await loadAccepted();
    return acceptedLanguage(this.#exchange.environ, languages);
  }

  /**
   * The same for content codings, `web.acceptsEncoding("br", "gzip", "identity")`: for bodies that lie ready in several. Where the
   * client does not say, it likes `identity` alone.
   */
  async acceptsEncoding<const T extends string>(...codings: readonly T[]): Promise<T | undefined> {
    this.vary("Accept-Encoding");
    const { acceptedEncoding } = await loadAccepted();
    return acceptedEncoding(this.#exchange.environ, codings);
  }

  /** The same for charsets, which browsers do not name any more: `web.acceptsCharset("utf-8", "iso-8859-1")`. */
  async acceptsCharset<const T extends string>(...charsets: readonly T[]): Promise<T | undefined> {
    this.vary("Accept-Charset");
    const { acceptedCharset } = await loadAccepted();
    return acceptedCharset(this.#exchange.environ, charsets);
  }

  /**
   * A redirect to the page that the request came from, where that is one of this application; to `otherwise` if not.
   *
   * @param otherwise - as for any redirect
   */
  back(otherwise: string | RouteLink = "/"): Redirect {
    return seeOther(refererPath(this.#exchange.environ, this.#level.homepath) ?? otherwise);
  }
}

const STATE = {};
