// What a target of a URL map becomes: a function that answers a request whose path matched.

import { ApplicationError } from "../errors.ts";
import { isFromHere, logRefusal } from "../gateway/cross-origin.ts";
import type { Exchange } from "./exchange.ts";
import { HttpResponse, Redirect } from "./http-response.ts";
import type { Level } from "./level.ts";
import { addQuery } from "./link-from.ts";
import { encodePath, SCHEME } from "./location.ts";
import { allowedMethods, isSafe, knownMethod, METHODS, type Method } from "./method.ts";
import type { Groups } from "./pattern.ts";
import { runProcessors } from "./processors.ts";
import { forbidden, methodNotAllowed, notFound, notImplemented } from "./responses.ts";
import { Lazy, Processed } from "./target-wrappers.ts";
import type { Web } from "./web.ts";

/** A request on its way to a target. */
export interface Call {
  readonly exchange: Exchange;
  readonly web: Web;
  readonly level: Level;
  readonly groups: Groups;
}

export type Endpoint = (call: Call) => unknown;

type Methods = Readonly<Record<Method, unknown>> & { readonly checkOrigin?: unknown };

/** @throws ApplicationError `TARGET`: nothing that could answer a request */
export function toEndpoint(target: unknown, pattern: string | RegExp): Endpoint {
  if (target instanceof Redirect) return (call) => expand(target, call);
  if (target instanceof HttpResponse) return () => target;
  if (target instanceof Lazy) return lazyEndpoint(target, pattern);
  if (target instanceof Processed) {
    const inner = toEndpoint(target.target, pattern);
    return (call) => runProcessors(target.processors, call.web, () => inner(call));
  }
  if (isApplication(target)) {
    throw new ApplicationError(
      "TARGET",
      `the target of "${pattern}" is an application, which can only be mounted as it is`,
    );
  }
  if (typeof target === "function") {
    if (!isClass(target)) return functionEndpoint(target);
    refuseSilentClass(target, pattern);
    return classEndpoint(target);
  }
  if (typeof target === "object" && target !== null) {
    if (METHODS.some((method) => typeof (target as Methods)[method] === "function")) {
      return (call) => callMethod(target as Methods, call);
    }
  }
  throw new ApplicationError(
    "TARGET",
    `the target of "${pattern}" answers no request: give a class or an object with methods such as GET, ` +
      "a function, an application or redirect()",
  );
}

/**
 * Refuses a class that would answer 405 for ever: its methods are written as in `get()`, are static, or are not there.
 *
 * @throws ApplicationError `TARGET`
 */
function refuseSilentClass(target: new (web: Web) => Methods, pattern: string | RegExp): void {
  const { prototype } = target as { readonly prototype: Methods };
  if (METHODS.some((method) => method in prototype)) return;
  const written = Object.getOwnPropertyNames(prototype).find((name) => knownMethod(name.toUpperCase()));
  const fixed = METHODS.find((method) => Object.hasOwn(target, method));
  if (written === undefined && fixed === undefined && maySetMethods(target)) return;
  const reason =
    written !== undefined
      ? `has a method ${written}, which no request calls: call it ${written.toUpperCase()}`
      : fixed !== undefined
        ? `has a static method ${fixed}, which no request calls: leave "static" out`
        : "answers no request: its class has no method such as GET";
  throw new ApplicationError("TARGET", `the target of "${pattern}" ${reason}`);
}

/** Whether a class, or one that it extends, may set its methods when it is made, as in `GET = () => …`: its text tells. */
function maySetMethods(target: object | null): boolean {
  if (target === null || target === Function.prototype) return false;
  const text = Function.prototype.toString.call(target);
  return (
    METHODS.some((method) => text.includes(method)) ||
    // It takes any name for one, or may give away or replace an object that is being made.
    /\]\s*=|\bthis\s*[[,)]|\bconstructor\s*\(|^(?!class\b)/.test(text) ||
    maySetMethods(Object.getPrototypeOf(target))
  );
}

function lazyEndpoint({ load }: Lazy<unknown>, pattern: string | RegExp): Endpoint {
  let loaded: Promise<Endpoint> | undefined;
  return async (call) => {
    loaded ??= load().then((target) => toEndpoint(target, pattern));
    try {
      await loaded;
    } catch (error) {
      loaded = undefined;
      throw error;
    }
    return (await loaded)(call);
  };
}

function isApplication(target: unknown): boolean {
  return typeof target === "function" && "addMapping" in target;
}

/** @throws HttpResponse 501: not a method we know */
export function methodOf(word: string): Method {
  const method = knownMethod(word);
  if (method === undefined) throw notImplemented();
  return method;
}

function classEndpoint(Class: new (web: Web) => Methods): Endpoint {
  return (call) => callMethod(new Class(call.web), call);
}

function functionEndpoint(target: unknown): Endpoint {
  const handler = target as (...args: unknown[]) => unknown;
  return (call) => {
    refuseOtherOrigins(call, methodOf(call.web.method));
    return handler(call.web, ...groupsOf(call));
  };
}

// The method is one of ours by now; it is never the peer's word that is looked up on a handler.
function callMethod(handler: Methods, call: Call): unknown {
  const method = methodOf(call.web.method);
  const own = handler[method];
  const run = own === undefined && method === "HEAD" ? handler.GET : own;
  if (typeof run !== "function") {
    const allow = allowedMethods(handler);
    return method === "OPTIONS"
      ? new HttpResponse(204, "", { Allow: allow.join(", ") })
      : methodNotAllowed(allow);
  }
  if (handler.checkOrigin !== false) refuseOtherOrigins(call, method);
  return run.call(handler, call.web, ...groupsOf(call));
}

/** @throws HttpResponse 403: a page of another origin made a browser send an unsafe method */
export function refuseOtherOrigins({ exchange, level }: Call, method: Method): void {
  if (isSafe(method) || level.option("checkOrigin") === false) return;
  if (isFromHere(exchange.environ, level.option("trustedOrigins") ?? [])) return;
  logRefusal(exchange.environ);
  throw forbidden();
}

/** The part of the path that led to a mounted application. */
export function mountPrefix({ level, groups }: Call): string {
  return level.core.isByHost ? "" : groups[0];
}

function groupsOf({ groups }: Call): (string | undefined)[] {
  return groups.length === 1 ? [] : groups.slice(1);
}

// A group comes from the client, so it is encoded, and what it begins is a path (RFC 3986 §4.2).
function expand(redirect: Redirect, { web, level, groups }: Call): Redirect {
  const { target, status, headers, absolute } = redirect;
  if (typeof target !== "string") return redirect;
  const expanded = target.replace(/\$(?:(\d{1,2})|<(\w+)>)/g, (_text, index, name, at: number) => {
    const group = encodePath((name === undefined ? groups[Number(index)] : level.params[name]) ?? "");
    if (leadsElsewhere(target.slice(0, at), group)) throw notFound();
    return group;
  });
  const path = SCHEME.test(expanded) && !SCHEME.test(target) ? `./${expanded}` : expanded;
  const query = web.method === "GET" || web.method === "HEAD" ? web.ctx.query.slice(1) : "";
  return new Redirect(status, addQuery(path, query), { absolute, headers });
}

// Of `https://example.org$1` a group `.example.com` or `@example.com` would make another host: behind a host it begins the path,
// and in a host's place it is names with dots between them.
function leadsElsewhere(before: string, group: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*$/i.test(before)) return false;
  if (/[/.]$/.test(before)) return !/^[\w-]+(?:\.[\w-]+)*$/.test(group);
  return group !== "" && !group.startsWith("/");
}

/** A class of handlers; any other function answers by itself. */
export function isClass(target: unknown): target is new (web: Web) => Methods {
  if (typeof target !== "function") return false;
  const { prototype } = target as { prototype?: Methods };
  if (METHODS.some((method) => typeof prototype?.[method] === "function")) return true;
  return /^class\b/.test(Function.prototype.toString.call(target));
}
