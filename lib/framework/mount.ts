// A gateway application of any kind as a target of a URL map: a client of another server, an Express application behind its
// bridge, an application behind middleware of its own.

import { ApplicationError } from "../errors.ts";
import { EARLY_HEAD } from "../gateway/early-head.ts";
import type { ResponseHead } from "../gateway/head.ts";
import { respond } from "../gateway/respond.ts";
import type { ResponseSink } from "../gateway/sink.ts";
import type { Application, Chunk, Environ } from "../gateway/types.ts";
import { type Call, methodOf, mountPrefix, refuseOtherOrigins } from "./endpoint.ts";
import { Level } from "./level.ts";

/** A gateway application that answers below a prefix. Made by {@link mount}. */
export class Mount {
  readonly application: Application;

  constructor(application: Application) {
    this.application = application;
  }
}

/**
 * Makes a target of any gateway application. Its pattern is a prefix that ends at a `/`, which is in its `SCRIPT_NAME`;
 * what follows is its `PATH_INFO`. An application made by `application()` needs no `mount()`: it is a target as it is, and
 * shares options and pages with the one around it.
 *
 * Processors run for its requests, `web.header()` and cookies add to its response, and requests of other origins are
 * refused as for any handler (`checkOrigin`).
 *
 * @example
 * const app = application([["/php", mount(fcgiClient({ address: "/run/php.sock", php: { documentRoot: "/srv/site" } }))]]);
 *
 * @throws ApplicationError `TARGET`: no function
 */
export function mount(application: Application): Mount {
  if (typeof application !== "function")
    throw new ApplicationError(
      "TARGET",
      `mount() takes an application, a function of environ and startResponse, and this is of type ${typeof application}; ` +
        "those of other frameworks are wrapped by postern/bridge/node and postern/bridge/fetch",
    );
  return new Mount(application);
}

/** Answers with the application's response. */
export function applicationEndpoint({ application }: Mount): (call: Call) => Promise<MountedResponse> {
  return (call) => {
    const { level, web } = call;
    refuseOtherOrigins(call, methodOf(web.method));
    const prefix = mountPrefix(call);
    const { environ } = new Level(level.core, level.path.slice(prefix.length), { parent: level, prefix });
    return new MountedResponse().run(application, environ);
  };
}

/** Chunks of at least so many bytes wait until the outer response takes them. */
const FULL_BYTES = 65_536;

/** What an application answers, by the gateway's rules, as a body that the outer response takes at its own pace. */
export class MountedResponse implements ResponseSink, AsyncIterableIterator<Chunk> {
  /** The outer response has left this one. */
  closed = false;
  #head: ResponseHead | undefined;
  #chunks: Chunk[] = [];
  #queuedBytes = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #onHead: () => void = () => {};
  #onChunk: () => void = () => {};
  /** No chunk has come with the head, which is to be sent early. */
  #isHeadAlone = false;
  #waiting: (() => void)[] = [];

  /** Settles when the response has begun; rejects when the application failed before. */
  async run(application: Application, environ: Environ): Promise<this> {
    const begun = new Promise<void>((resolve) => {
      this.#onHead = resolve;
    });
    void respond(application, environ, this, { onError: (error) => this.#fail(error) });
    await begun;
    if (this.#head === undefined) throw this.#failure?.error;
    return this;
  }

  get begun(): ResponseHead {
    if (this.#head === undefined) throw new Error("the response has not begun");
    return this.#head;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    for (;;) {
      const value = this.#chunks.shift();
      if (value !== undefined) return { value, done: false };
      this.#queuedBytes = 0;
      this.#onRoom();
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#ended || this.closed) return { value: undefined, done: true };
      await new Promise<void>((resolve) => {
        this.#onChunk = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<Chunk>> {
    this.closed = true;
    this.#chunks = [];
    this.#onRoom();
    return { value: undefined, done: true };
  }

  head(head: ResponseHead): void {
    this.#head = head;
    this.#isHeadAlone = true;
    this.#onHead();
  }

  write(chunk: Chunk, size: number): void {
    this.#isHeadAlone = false;
    this.#chunks.push(chunk);
    this.#queuedBytes += size;
    this.#onChunk();
  }

  flush(): boolean {
    if (this.#isHeadAlone) this.write(EARLY_HEAD, 0);
    return this.#queuedBytes < FULL_BYTES;
  }

  drained(): Promise<void> {
    if (this.closed || this.flush()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    this.#ended = true;
    this.#onChunk();
  }

  /** Not called: failures come with their error. */
  cut(): void {
    this.#fail(new Error("a mounted application's response was cut"));
  }

  #onRoom(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#onHead();
    this.#onChunk();
  }
}
