// What a module exports, told by what it has, and how that becomes a gateway application.

import type { RequestListener, Server } from "node:http";
import type { FetchHandler } from "../bridges/fetch.ts";
import { GatewayError } from "../errors.ts";
import type { Application, Body, Environ, StartResponse } from "../gateway/types.ts";

/** The shapes that can be named, for what cannot be told by looking at it. */
export const shapeNames = ["gateway", "node", "fetch"] as const;

export type ShapeName = (typeof shapeNames)[number];

interface Shape {
  readonly fits: (value: unknown) => boolean;
  readonly toApplication: (value: never) => Application | Promise<Application> | undefined;
}

/** The first that fits is taken. */
const shapes: readonly Shape[] = [
  {
    // A fetch application, such as Hono's; in front, since a router of itty-router has a method of every name.
    fits: (value) => has(value, "fetch"),
    toApplication: fromHandler,
  },
  {
    // An Express or connect application.
    fits: (value) => typeof value === "function" && has(value, "handle", "use", "listen"),
    toApplication: fromListener,
  },
  {
    // A Fastify application.
    fits: (value) => has(value, "inject", "route", "ready", "routing"),
    toApplication: fromFastify,
  },
  {
    // A Koa application.
    fits: (value) => has(value, "callback", "use", "listen"),
    toApplication: (koa: { callback(): RequestListener }) => fromListener(koa.callback()),
  },
  {
    // A Nest application, on Express or Fastify.
    fits: (value) => has(value, "getHttpAdapter", "init"),
    toApplication: fromNest,
  },
  {
    // A Polka application.
    fits: (value) => has(value, "handler", "use", "listen"),
    toApplication: (polka: { handler: RequestListener }) => fromListener(polka.handler),
  },
  {
    // A Restify server, which has the HTTP server that listens.
    fits: (value) => isServer((value as { server?: unknown } | null)?.server) && has(value, "use", "listen"),
    toApplication: ({ server }: { server: Server }) => fromListener(server),
  },
  {
    // A Node HTTP server.
    fits: isServer,
    toApplication: fromListener,
  },
  {
    fits: isEventHandler,
    toApplication: () => undefined,
  },
  {
    // A Node request listener, (request, response).
    fits: (value) => isFunction(value) && nodeParameters.test(parametersOf(value)),
    toApplication: fromListener,
  },
  {
    // A fetch handler, (request).
    fits: (value) => isFunction(value) && (value.length === 1 || fetchParameters.test(parametersOf(value))),
    toApplication: fromHandler,
  },
  {
    // A function that takes what comes, (...all).
    fits: (value) => isFunction(value) && value.length === 0 && parametersOf(value).startsWith("..."),
    toApplication: fromAnswers,
  },
  {
    // A function without parameters, or with such that may be left out.
    fits: (value) => isFunction(value) && value.length === 0,
    toApplication: toldByItsAnswer,
  },
  {
    // A gateway application, (environ, startResponse).
    fits: isFunction,
    toApplication: (value: Application) => value,
  },
];

/** How the parameters of a listener of node:http are called everywhere. */
const nodeParameters = /^_?(req|request)\w*\s*,\s*_?(res|resp|rsp|response|reply)\b/;

/** What fetch handlers of other hosts are given beside the request. */
const fetchParameters = /^_?(req|request)\w*\s*,\s*_?(env|context|ctx|info)\b/;

/** How the parameters of a handler of AWS Lambda and of its likes are called everywhere. */
const eventParameters = /^_?(event|evt)\b/;

/** A handler of events, (event, context), of which no web server here has any. */
export function isEventHandler(value: unknown): boolean {
  return isFunction(value) && eventParameters.test(parametersOf(value));
}

/**
 * Makes a gateway application of whatever a module exports. A function that has nothing to tell it by is told by its parameters:
 * `(req, res)` or `(request, response)` is a listener of node:http, one parameter a fetch handler, none whatever it answers as,
 * or a function that makes an application, as one is whose parameters all have defaults, anything else a gateway application,
 * but for `(event)` and `(event, context)`, as of AWS Lambda.
 *
 * @param named takes the value for that shape, whatever it looks like
 * @returns undefined for what no server can call
 */
export async function toApplication(value: unknown, named?: ShapeName): Promise<Application | undefined> {
  if (named !== undefined) {
    const isObject = typeof value === "object" && value !== null;
    if (!isFunction(value) && !(isObject && named !== "gateway")) return undefined;
    return asNamed[named](value as never);
  }
  return shapes.find(({ fits }) => fits(value))?.toApplication(value as never);
}

const asNamed: Readonly<Record<ShapeName, Shape["toApplication"]>> = {
  gateway: (value: Application) => value,
  node: fromListener,
  fetch: fromHandler,
};

interface Fastify {
  readonly routing: RequestListener;
  ready(): PromiseLike<unknown>;
  close(): PromiseLike<unknown>;
}

async function fromFastify(fastify: Fastify): Promise<Application> {
  await fastify.ready();
  const application = await fromListener(fastify.routing);
  closers.set(application, () => fastify.close());
  return application;
}

/** What applications want to be told when nobody will call them any more. */
const closers = new WeakMap<Application, () => PromiseLike<unknown>>();

/** Says to an application that {@link toApplication} made that no request will follow: Fastify's `onClose` hooks run. */
export async function closeApplication(application: Application): Promise<void> {
  await closers.get(application)?.();
}

async function fromListener(listener: RequestListener | Server): Promise<Application> {
  const { fromNode } = await import("../bridges/node.ts");
  return fromNode(listener);
}

async function fromHandler(handler: FetchHandler): Promise<Application> {
  const { fromFetch } = await import("../bridges/fetch.ts");
  return fromFetch(handler);
}

interface Nest {
  init(): PromiseLike<unknown>;
  getHttpAdapter(): { getInstance(): unknown };
  close(): PromiseLike<unknown>;
}

async function fromNest(nest: Nest): Promise<Application> {
  await nest.init();
  const application = await toApplication(nest.getHttpAdapter().getInstance());
  if (application === undefined)
    throw new GatewayError("NO_APPLICATION", "Nest's HTTP adapter has no application.");
  closers.set(application, () => nest.close());
  return application;
}

/**
 * A function without parameters may answer or make the application: only calling it shows. Until a call has shown it the
 * others wait, so that one application is made.
 */
async function toldByItsAnswer(handler: Application): Promise<Application> {
  let told: Application | undefined;
  let asking: Promise<void> | undefined;
  // Options with defaults are no place for what a client has sent.
  const called: Application = parametersOf(handler) === "" ? handler : () => (handler as () => Body)();
  const application: Application = async (environ, startResponse) => {
    while (asking !== undefined) await asking;
    if (told !== undefined) return told(environ, startResponse);
    let done = (): void => {};
    asking = new Promise((resolve) => {
      done = resolve;
    });
    try {
      const answer: unknown = await called(environ, startResponse);
      const made = await toApplication(answer);
      told = made ?? fromAnswers(called);
      return made === undefined ? send(answer, environ, startResponse) : made(environ, startResponse);
    } finally {
      asking = undefined;
      done();
    }
  };
  closers.set(application, async () => {
    if (told !== undefined) await closeApplication(told);
  });
  return application;
}

/** A handler of a gateway, or one that answers with a Response: its parameters do not tell. */
function fromAnswers(handler: Application): Application {
  return async (environ, startResponse) =>
    send(await handler(environ, startResponse), environ, startResponse);
}

async function send(answer: unknown, environ: Environ, startResponse: StartResponse): Promise<Body> {
  // Touching the global Response would load all of fetch.
  if (Object.prototype.toString.call(answer) !== "[object Response]") return answer as Body;
  return (await fromHandler(() => answer as Response))(environ, startResponse);
}

function isServer(value: unknown): boolean {
  return has(value, "listen", "close", "address", "on");
}

function isFunction(value: unknown): value is (...args: never[]) => unknown {
  return typeof value === "function" && !isClass(value);
}

function has(value: unknown, ...members: readonly string[]): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return members.every((member) => typeof (value as Record<string, unknown>)[member] === "function");
}

/** The text between a function's parentheses, or the one name that an arrow function has there. */
function parametersOf(value: (...args: never[]) => unknown): string {
  const text = Function.prototype.toString.call(value);
  const [, inside, alone = ""] = /^(?:[^(=]*\(([^)]*)\)|(?:async\s+)?([\w$]+)\s*=>)/.exec(text) ?? [];
  return (inside ?? alone).trim();
}

/** Such as `a class`, `the string "x"` or `an object`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") return isClass(value) ? `the class ${value.name}` : "a function";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A class is a function too, but cannot be called. */
function isClass(value: unknown): boolean {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}
