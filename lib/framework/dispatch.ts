// One application's part of a request: its processors, its route, its own pages.

import type { AppCore, Page } from "./app-core.ts";
import type { Call } from "./endpoint.ts";
import { type Exchange, locationOf } from "./exchange.ts";
import { asResponse, HttpResponse, Redirect } from "./http-response.ts";
import { Level } from "./level.ts";
import { runProcessors } from "./processors.ts";
import { badRequest, notFound } from "./responses.ts";
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
      (error) => settle(level, web, asResponse(error)),
    );
  } catch (error) {
    return settle(level, web, asResponse(error));
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

function pageFor(core: AppCore, status: number): Page | undefined {
  if (status === 404) return core.pages.notFound;
  return status === 500 ? core.pages.internalError : undefined;
}

function route(exchange: Exchange, level: Level, web: Web): unknown {
  const match = level.core.router.match(level.path);
  if (match === undefined) throw notFound();
  level.match = match;
  return match.value({ web, level, groups: match.groups, exchange });
}

/** The endpoint of a mounted application: the rest of the path is its path. */
export function mountEndpoint(core: AppCore): (call: Call) => unknown {
  return ({ exchange, level, groups }) => {
    const prefix = groups[0];
    return runLevel(exchange, new Level(core, level.path.slice(prefix.length), level, prefix));
  };
}
