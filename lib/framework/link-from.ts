// Links to named routes, from the application that makes them.

import { ApplicationError } from "../errors.ts";
import type { Level } from "./level.ts";
import type { LinkFields } from "./link.ts";
import { encodePath, resolveLocation, SCHEME } from "./location.ts";
import { buildLink } from "./named-routes.ts";
import { type QueryFields, writeQuery } from "./query.ts";

/** What is no path and no address. */
export function isName(target: string): boolean {
  return target !== "" && !/^[/.?#]/.test(target) && !SCHEME.test(target);
}

/** @throws ApplicationError `LINK`: no route has this name, or its pattern does not match with these groups */
export function linkFrom(
  level: Level,
  name: string,
  fields: LinkFields = {},
  query: QueryFields = {},
): string {
  for (let from: Level | undefined = level; from !== undefined; from = from.parent) {
    const links = from.core.names.find(name);
    if (links === undefined) continue;
    const built = buildLink(name, links, fields);
    const path = resolveLocation(encodePath(built.path) || "/", from.homepath, "/");
    return withQuery(path, { ...built.query, ...query });
  }
  throw new ApplicationError(
    "LINK",
    `no route is named "${name}": a name is the third member of a route, and a relative path begins with "./"`,
  );
}

export function withQuery(path: string, query: QueryFields): string {
  return addQuery(path, writeQuery(query));
}

/** @param fields - a query without its question mark */
export function addQuery(path: string, fields: string): string {
  if (fields === "") return path;
  const hash = path.indexOf("#");
  const [before, after] = hash === -1 ? [path, ""] : [path.slice(0, hash), path.slice(hash)];
  return `${before}${before.includes("?") ? "&" : "?"}${fields}${after}`;
}
