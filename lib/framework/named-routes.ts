// The names of a URL map's routes, and the links that are built of them.

import { ApplicationError } from "../errors.ts";
import type { AppCore } from "./app-core.ts";
import { Link, type LinkArgument, type LinkFields } from "./link.ts";
import type { Pattern } from "./pattern.ts";
import type { QueryFields } from "./query.ts";

interface NamedRoute {
  readonly link: Link;
  /** The application that is mounted there. */
  readonly mounted: AppCore | undefined;
}

/** A link in two parts, of which the first is still to be encoded. */
export interface BuiltLink {
  /** From where the application is mounted. */
  readonly path: string;
  readonly query: QueryFields;
}

export class NamedRoutes {
  readonly #routes = new Map<string, NamedRoute>();

  /** @throws ApplicationError `URL_MAP`: no name, or one that is taken; `PATTERN`: no link can be built of it */
  add(name: unknown, pattern: Pattern, mounted: AppCore | undefined): void {
    if (typeof name !== "string" || !/^[A-Za-z_][\w-]*$/.test(name)) {
      throw new ApplicationError(
        "URL_MAP",
        `${JSON.stringify(name)} is no name of a route: use letters, digits, "_" and "-"`,
      );
    }
    if (this.#routes.has(name)) {
      throw new ApplicationError("URL_MAP", `two routes of one application are named "${name}"`);
    }
    this.#routes.set(name, { link: new Link(pattern, name), mounted });
  }

  /** The routes on the way to `blog.article`: the mount and what is in it. `undefined`: there is no such way. */
  find(name: string): readonly Link[] | undefined {
    const own = this.#routes.get(name);
    if (own !== undefined) return [own.link];
    const dot = name.indexOf(".");
    if (dot === -1) return undefined;
    const outer = this.#routes.get(name.slice(0, dot));
    const inner = outer?.mounted?.names.find(name.slice(dot + 1));
    return outer === undefined || inner === undefined ? undefined : [outer.link, ...inner];
  }
}

/** @throws ApplicationError `LINK`: a group is missing, there is one too many, or the pattern does not match with one */
export function buildLink(name: string, links: readonly Link[], fields: LinkFields): BuiltLink {
  const names = links.flatMap((link) => link.names);
  const { groups, query } = isList(fields)
    ? { groups: inOrder(name, names, fields), query: {} }
    : byName(names, fields);
  let path = "";
  let used = 0;
  for (const link of links) {
    const own = groups.slice(used, used + link.names.length);
    const part = link.path(own);
    if (part === undefined) {
      throw new ApplicationError(
        "LINK",
        `the route "${name}" has no link with ${JSON.stringify(Object.fromEntries(own.map(described(link))))}: ` +
          "its pattern does not match with these groups",
      );
    }
    path += part;
    used += link.names.length;
  }
  return { path, query };
}

function described(link: Link): (group: string | undefined, index: number) => [string, string | null] {
  return (group, index) => [link.names[index] ?? String(index + 1), group ?? null];
}

function inOrder(
  name: string,
  names: readonly unknown[],
  fields: readonly LinkArgument[],
): (string | undefined)[] {
  if (fields.length > names.length) {
    throw new ApplicationError(
      "LINK",
      `the route "${name}" has ${names.length} groups, and ${fields.length} were given`,
    );
  }
  return names.map((_name, index) => text(fields[index]));
}

function byName(
  names: readonly (string | undefined)[],
  fields: QueryFields,
): { groups: (string | undefined)[]; query: QueryFields } {
  const query = { ...fields };
  const groups = names.map((name) => {
    if (name === undefined) return undefined;
    delete query[name];
    return text(fields[name]);
  });
  return { groups, query };
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}

export function isList(fields: LinkFields): fields is readonly LinkArgument[] {
  return Array.isArray(fields);
}
