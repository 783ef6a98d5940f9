// One application's part of a request: its processors, its route, its own pages.

import { parseHost } from "../gateway/host.ts";
import type { AppCore, Page } from "./app-core.ts";
import { type Call, mountPrefix } from "./endpoint.ts";
import { type Exchange, locationOf } from "./exchange.ts";
import { asResponse } from "./foreign-error.ts";
import { HttpResponse, Redirect } from "./http-response.ts";
import { Level } from "./level.ts";
import { encodePath } from "./location.ts";
import { runProcessors } from "./processors.ts";
import { badRequest, movedPermanently, notFound } from "./responses.ts";
import { isThenable } from "./thenable.ts";
import { Web } from "./web.ts";

/**
 * Gives the result of a request: what a handler returned, or the response it threw. Any other error is
 * thrown; it passes through the processors of every application on its way.
 */
export function runLevel(exchange: Exchange, level: Level): unknown {
  exchange.level = level;
  const { processors, allowedHosts } = level.core;
  if (allowedHosts?.has(exchange.environ.HTTP_HOST ?? "") === false) {
    throw badRequest("bad request: this host is not served here");
  }
  const web = new Web(exchange, level);
  try {
    const result =
      processors.length === 0
        ? route(exchange, level, web)
        : runProcessors(processors, web, () => route(exchange, level, web));
    if (!isThenable(result)) return settle(level, web, result);
    return result.then(
      (value) => settle(level, web, value),
      (error) => settle(level, web, caught(exchange, level, error)),
    );
  } catch (error) {
    return settle(level, web, caught(exchange, level, error));
  }
}

/** A response that was thrown. Any other error goes on, and it is noted where it comes from. */
function caught(exchange: Exchange, level: Level, error: unknown): HttpResponse {
  try {
    return asResponse(error);
  } catch {
    if (exchange.failure === undefined || exchange.failure.error !== error)
      exchange.failure = { error, level };
    throw error;
  }
}

/** Replaces what depends on the application: the address of a redirect, and a page it has of its own. */
export function settle(level: Level, web: Web, result: unknown): unknown {
  if (!(result instanceof HttpResponse)) return result;
  if (result instanceof Redirect) {
    const headers = [...result.headers, ["Location", locationOf(result, level)] as const];
    return new HttpResponse(result.status, result.body, headers);
  }
  if (result.body !== undefined) return result;
  const page = pageFor(level.core, result.status);
  return page === undefined ? result : new HttpResponse(result.status, page(web, result), result.headers);
}

/** The page that an application has for a status. */
export function pageFor({ pages, statusPages }: AppCore, status: number): Page | undefined {
  const named =
    status === 404 ? pages.notFound : status === 500 ? pages.internalError : statusPages.get(status);
  return named ?? (status >= 400 ? statusPages.get("any") : undefined);
}

function route(exchange: Exchange, level: Level, web: Web): unknown {
  const subject = level.core.isByHost ? parseHost(web.ctx.host)?.name : level.path;
  const match = subject === undefined ? undefined : level.core.router.match(subject);
  if (match === undefined) throw otherSlash(level, web) ?? notFound();
  level.match = match;
  return match.value({ web, level, groups: match.groups, exchange });
}

/** The redirect that the option `trailingSlash` asks for, where the other path is one of the map's. */
function otherSlash(level: Level, web: Web): Redirect | undefined {
  const wanted = level.option("trailingSlash");
  if (wanted === undefined || level.core.isByHost || (web.method !== "GET" && web.method !== "HEAD"))
    return undefined;
  const hasSlash = level.path.endsWith("/");
  if (level.path === "/" || hasSlash === (wanted === "add")) return undefined;
  // Slashes elsewhere in the path are not looked at from each one of them.
  const other = hasSlash ? level.path.replace(/(?<!\/)\/+$/, "") : `${level.path}/`;
  if (level.core.router.match(other) === undefined) return undefined;
  return movedPermanently(encodePath(other) + web.ctx.query);
}

/** The endpoint of a mounted application: the rest of the path is its path. */
export function mountEndpoint(core: AppCore): (call: Call) => unknown {
  return (call) => {
    const { exchange, level } = call;
    const prefix = mountPrefix(call);
    return runLevel(exchange, new Level(core, level.path.slice(prefix.length), { parent: level, prefix }));
  };
}
