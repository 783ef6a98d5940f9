import type { HttpResponse } from "../http-response.ts";
import { badRequest } from "../responses.ts";
import { emptyTree, parseName, place, type Segment } from "./name-path.ts";

export interface NestedOptions {
  /**
   * Keys and indexes in one name.
   *
   * @defaultValue `32`, Rack's
   */
  maxDepth?: number;

  /**
   * Largest index of a list.
   *
   * @defaultValue `999`
   */
  maxIndex?: number;
}

/**
 * Makes objects and lists of values whose names say where they belong: `address.city` and `items[0].name`. For what no form
 * declares, such as the input of a schema. Objects have no prototype, and lists no holes: `items[7]` alone is the first.
 *
 * @example
 * const order = Order.parse(nested(await web.input()));
 *
 * @throws HttpResponse 400: a name that is none, one with `__proto__`, `constructor` or `prototype` in it, one past a limit,
 * or two that cannot be together
 */
export function nested(
  values: Readonly<Record<string, unknown>>,
  { maxDepth = 32, maxIndex = 999 }: NestedOptions = {},
): Record<string, unknown> {
  const tree = emptyTree();
  for (const [name, value] of Object.entries(values)) {
    const path = parseName(name);
    if (path === undefined || path.length > maxDepth || path.some((one) => isPast(one, maxIndex))) {
      throw badRequest("bad request: a field has a name that is none here");
    }
    if (value !== undefined && !place(tree, path.map(keyOf), value)) throw exclusive();
  }
  return dense(tree) as Record<string, unknown>;
}

function isPast(segment: Segment, maxIndex: number): boolean {
  return typeof segment === "number" && segment > maxIndex;
}

// An index until it is known which there are: a list with room for all before it takes kilobytes for a few bytes of a name. No
// key has brackets.
function keyOf(segment: Segment): string {
  return typeof segment === "number" ? `[${segment}]` : segment;
}

function dense(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== null) return value;
  const entries = Object.entries(value);
  const items = entries.filter(([key]) => key.startsWith("["));
  if (items.length > 0 && items.length < entries.length) throw exclusive();
  if (items.length > 0) {
    return items.sort(([a], [b]) => indexIn(a) - indexIn(b)).map(([, one]) => dense(one));
  }
  const copy = emptyTree();
  for (const [key, one] of entries) copy[key] = dense(one);
  return copy;
}

function indexIn(key: string): number {
  return Number(key.slice(1, -1));
}

function exclusive(): HttpResponse {
  return badRequest("bad request: two fields have names that exclude each other");
}
