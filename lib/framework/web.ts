import type { Buffer } from "node:buffer";
import { ApplicationError } from "../errors.ts";
import type { Environ } from "../gateway/types.ts";
import { Context } from "./context.ts";
import type { CookieOptions } from "./cookies.ts";
import { EventStream } from "./event-stream.ts";
import type { Exchange } from "./exchange.ts";
import type { FileResult } from "./file-result.ts";
import type { Level, Params } from "./level.ts";
import { inputLimits } from "./limits.ts";
import type { LinkFields } from "./link.ts";
import { isName, linkFrom, withQuery } from "./link-from.ts";
import { encodePath, resolveLocation } from "./location.ts";
import type { Part } from "./multipart.ts";
import { isList } from "./named-routes.ts";
import { type QueryFields, readQuery } from "./query.ts";
import type { RequestBody } from "./request-body.ts";
import { statusLine } from "./status.ts";
import { type NamedValues, type Picked, pick, type Wanted } from "./values.ts";

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
    const value = this.#exchange.environ[unprefixed ? variable : `HTTP_${variable}`];
    return typeof value === "string" ? value : undefined;
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
   * Adds a header to the response. One that a response has once, such as `Content-Type`, is replaced.
   *
   * @throws ApplicationError `HEADER`: no header name, or a value with a line break or other control character
   */
  header(name: string, value: string | number, options: HeaderOptions = {}): void {
    if (options.unique && this.#exchange.headers.has(name)) return;
    this.#exchange.headers.add(name, value);
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
    const query = this.#queryValues();
    const form = await (await this.#body()).form();
    return pick(new Map([...query, ...form]), wanted) as Picked<W>;
  }

  /** The form alone. See `input()`. */
  async form<const W extends Wanted>(...wanted: W): Promise<Picked<W>> {
    return pick(await (await this.#body()).form(), wanted) as Picked<W>;
  }

  /** The query alone. See `input()`. */
  query<const W extends Wanted>(...wanted: W): Picked<W> {
    return pick(this.#queryValues(), wanted) as Picked<W>;
  }

  /**
   * Everything that was sent under each name, in its order; files too. Where query and form both have a name, the form's
   * values count.
   *
   * @throws HttpResponse 400: the form is broken; 413, 414: past a limit
   */
  async rawInput(from: "both" | "query" | "form" = "both"): Promise<NamedValues> {
    const query = from === "form" ? [] : this.#queryValues();
    const form = from === "query" ? [] : await (await this.#body()).form();
    return new Map([...query, ...form]);
  }

  /**
   * The parts of a form as they arrive, files as streams that are not kept anywhere. Once, and instead of
   * `input()`.
   *
   * @throws HttpResponse 400: the form is broken; 413: past a limit
   */
  async *parts(): AsyncGenerator<Part, void, undefined> {
    yield* (await this.#body()).parts();
  }

  /**
   * The whole body; the same bytes at each call.
   *
   * @throws HttpResponse 413: longer than `maxDataBytes`
   */
  async data(): Promise<Buffer> {
    return (await this.#body()).data();
  }

  /**
   * The body as JSON, whatever its `Content-Type` says.
   *
   * @throws HttpResponse 400: not JSON in UTF-8; 413: longer than `maxJsonBytes`
   */
  async json(): Promise<unknown> {
    return (await this.#body()).json();
  }

  /**
   * The cookies the client sent. Strings name what must be there, an object gives defaults for the rest.
   *
   * @throws HttpResponse 400: a required cookie is missing
   */
  async cookies<const W extends Wanted>(...wanted: W): Promise<Picked<W>> {
    return pick(await this.#cookies(), wanted) as Picked<W>;
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
    const value = (await this.#cookies()).get(name)?.[0];
    if (typeof value !== "string") return undefined;
    const { unsign } = await import("./signed-value.ts");
    return unsign(name, value, secrets);
  }

  /**
   * Sets a cookie. It goes out with the head of the response; what no cookie can hold is an ApplicationError
   * (`COOKIE`) then.
   */
  setCookie(name: string, value: string, options: CookieOptions = {}): void {
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
    for (const [name, values] of this.#queryValues()) fields[name] = values.map(String);
    return this.url(undefined, Object.assign(fields, changes));
  }

  /**
   * A result that is sent as server-sent events: strings, or objects with `event`, `data`, `id`, `retry`. It ends
   * when the client has gone; a source that waits for something of its own should watch `signal` too.
   */
  events(source: AsyncIterable<unknown>): EventStream {
    return new EventStream(source, this.signal);
  }

  /**
   * A result that is a file, sent in the server's best way. A part of the path that comes from the client must have
   * been checked: nothing is kept inside a folder here.
   *
   * @param type - the media type; by the end of the name if left out
   * @throws HttpResponse 404: there is no such file
   */
  async file(path: string | URL, type?: string): Promise<FileResult> {
    const { fileResult } = await import("./file.ts");
    return fileResult(this.#exchange.environ, path, type);
  }

  #queryValues(): NamedValues {
    const { QUERY_STRING } = this.#exchange.environ;
    return this.#exchange.memo(QUERY, () => readQuery(QUERY_STRING, this.#limits()));
  }

  #cookies(): Promise<NamedValues> {
    return this.#exchange.memo(COOKIES, async () => {
      const header = this.#exchange.environ.HTTP_COOKIE;
      if (!header) return new Map();
      const { readCookies } = await import("./cookies.ts");
      return readCookies(header);
    });
  }

  #body(): Promise<RequestBody> {
    return this.#exchange.memo(BODY, async () => {
      const { RequestBody } = await import("./request-body.ts");
      return new RequestBody(this.#exchange, this.#limits());
    });
  }

  #limits(): typeof inputLimits {
    return { ...inputLimits, ...this.#level.option("limits") };
  }
}

const STATE = {};
const QUERY = {};
const COOKIES = {};
const BODY = {};
