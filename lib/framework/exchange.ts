import type { Environ } from "../gateway/types.ts";
import type { PendingCookie } from "./cookies.ts";
import { type HttpResponse, Redirect } from "./http-response.ts";
import type { Level } from "./level.ts";
import { linkFrom } from "./link-from.ts";
import { resolveLocation } from "./location.ts";
import { ResponseHeaders, withCharset } from "./response-headers.ts";
import { reasonOf, statusLine } from "./status.ts";

/** What all applications that see one request share: the response so far, and what is to be done at its end. */
export class Exchange {
  readonly environ: Environ;
  readonly headers = new ResponseHeaders();
  readonly cookies: PendingCookie[] = [];
  status = 200;
  /** The status line of a mounted application's response, which counts as long as `status` is its code. */
  mountedStatus: string | undefined;
  /** The innermost application reached. */
  level: Level;
  /** The last error that left an application, and which one that was. */
  failure: { readonly error: unknown; readonly level: Level } | undefined;
  /** The head has been handed to the server. */
  headSent = false;
  readonly #headTasks: (() => unknown)[] = [];
  readonly #tasks: (() => unknown)[] = [];
  #memos: Map<object, unknown> | undefined;

  constructor(environ: Environ, level: Level) {
    this.environ = environ;
    this.level = level;
  }

  /** Something is left to do before the head goes out, or when the request ends. */
  get hasTasks(): boolean {
    return this.hasHeadTasks || this.#tasks.length > 0;
  }

  get hasHeadTasks(): boolean {
    return this.#headTasks.length > 0;
  }

  get statusLine(): string {
    const { mountedStatus, status } = this;
    return mountedStatus?.startsWith(`${status} `) ? mountedStatus : statusLine(status);
  }

  /** Runs `task` when the response is known and its head has not gone out; the latest first. */
  beforeHead(task: () => unknown): void {
    this.#headTasks.push(task);
  }

  /** Runs the tasks that wait for the head, up to one that throws. */
  async prepareHead(): Promise<void> {
    for (let task = this.#headTasks.pop(); task !== undefined; task = this.#headTasks.pop()) await task();
  }

  /** Runs `task` when the last chunk has gone or the request has failed; the latest first. */
  atEnd(task: () => unknown): void {
    this.#tasks.push(task);
  }

  /** Runs every task, and then throws what went wrong in them. */
  async end(): Promise<void> {
    const errors: unknown[] = [];
    for (let task = this.#tasks.pop(); task !== undefined; task = this.#tasks.pop()) {
      try {
        await task();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 1) throw new AggregateError(errors, "several tasks at the end of a request failed");
    if (errors.length > 0) throw errors[0];
  }

  /** The value that `make` makes at the first call with `key`. */
  memo<T>(key: object, make: () => T): T {
    this.#memos ??= new Map();
    if (!this.#memos.has(key)) this.#memos.set(key, make());
    return this.#memos.get(key) as T;
  }

  /** Takes over status and headers of a response, and gives what is to be its body. */
  take(response: HttpResponse): unknown {
    this.status = response.status;
    if (response.status >= 300 && response.status !== 304) this.headers.removeRepresentation();
    for (const [name, value] of response.headers) this.headers.add(name, withCharset(name, value));
    if (response instanceof Redirect) this.headers.add("Location", locationOf(response, this.level));
    return response.body === undefined ? plainPage(response.status) : response.body;
  }

  /** Forgets the response so far, for a page that says that it failed. */
  reset(status: number): void {
    this.status = status;
    this.headers.list = [];
    this.cookies.length = 0;
  }
}

/** Where a redirect goes from an application. */
export function locationOf(redirect: Redirect, level: Level): string {
  const from = redirect.absolute ? level.root : level;
  if (typeof redirect.target !== "string") return linkFrom(from, ...redirect.target);
  return resolveLocation(redirect.target, from.homepath, level.path);
}

/** web.py's page for a status: its reason in small letters. */
function plainPage(status: number): string {
  return (reasonOf(status) ?? "unregistered").toLowerCase();
}
