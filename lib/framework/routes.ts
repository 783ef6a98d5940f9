// A URL map as a person reads it: `postern routes` prints it.

import type { AppCore } from "./app-core.ts";
import { isClass } from "./endpoint.ts";
import { HttpResponse, Redirect } from "./http-response.ts";
import { METHODS, type Method } from "./method.ts";
import { Mount } from "./mount.ts";
import { Lazy, Processed } from "./target-wrappers.ts";

/** One line of a URL map. */
export interface RouteInfo {
  /** For the whole path, those of the mounts above it in front. */
  readonly pattern: string;
  /** Methods that the target has; empty where it answers every one. HEAD and OPTIONS follow from them. */
  readonly methods: readonly string[];
  /** Name of a class or a function, or what stands there instead, such as `redirect to /`. */
  readonly target: string;
  /** What `web.url()` builds links of; those of the mounts above it in front, with dots. */
  readonly name?: string;
}

/** @param coreOf - the inside of a target that is an application */
export function listRoutes(
  core: AppCore,
  coreOf: (target: unknown) => AppCore | undefined,
  prefix = "",
  outerName: string | undefined = "",
): RouteInfo[] {
  return core.map.flatMap(([pattern, target, ownName]) => {
    const name = ownName === undefined || outerName === undefined ? undefined : outerName + ownName;
    const mounted = coreOf(target);
    if (mounted !== undefined) {
      const inner = prefix + text(pattern).replace(/\/+$/, "");
      return listRoutes(mounted, coreOf, inner, name === undefined ? undefined : `${name}.`);
    }
    const route = { pattern: prefix + text(pattern), methods: methodsOf(target), target: nameOf(target) };
    return [name === undefined ? route : { ...route, name }];
  });
}

/** A regular expression without the marks that a pattern need not have. */
function text(pattern: string | RegExp): string {
  if (typeof pattern === "string") return pattern;
  const source = pattern.source.replace(/^\^|(?<!\\)\$$/g, "").replaceAll("\\/", "/");
  return pattern.flags.includes("i") ? `(?i:${source})` : source;
}

function methodsOf(target: unknown): Method[] {
  if (target instanceof Processed) return methodsOf(target.target);
  const methods = (isClass(target) ? target.prototype : target) as Partial<Record<Method, unknown>>;
  return METHODS.filter((method) => typeof methods[method] === "function");
}

function nameOf(target: unknown): string {
  if (target instanceof Redirect)
    return `redirect to ${typeof target.target === "string" ? target.target : target.target[0]}`;
  if (target instanceof HttpResponse) return target.message;
  if (target instanceof Processed) return nameOf(target.target);
  if (target instanceof Lazy) return "loaded when it is asked for";
  if (target instanceof Mount) return target.application.name || "an application";
  if (typeof target === "function") return target.name || (isClass(target) ? "a class" : "a function");
  return "an object";
}
