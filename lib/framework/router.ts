// Finds the first pattern that matches. Regular expressions are only tried for routes whose plain first segments
// are those of the path, so a map with a thousand pages costs no more than one with ten.

import type { Pattern } from "./pattern.ts";

/** A route and its place in the map. */
interface Entry<T> {
  readonly order: number;
  readonly expression: RegExp;
  readonly value: T;
}

/** Routes whose plain text ends here, and the segments that go on. */
class Branch<T> {
  readonly entries: Entry<T>[] = [];
  readonly branches = new Map<string, Branch<T>>();
}

export interface RouteMatch<T> {
  readonly value: T;
  readonly groups: RegExpExecArray;
}

export class Router<T> {
  readonly #root = new Branch<T>();
  #size = 0;

  /** Appends a route: those added before it win. */
  add(pattern: Pattern, value: T): void {
    let branch = this.#root;
    for (const segment of pattern.segments) {
      let next = branch.branches.get(segment);
      if (next === undefined) {
        next = new Branch();
        branch.branches.set(segment, next);
      }
      branch = next;
    }
    branch.entries.push({ order: this.#size++, expression: pattern.expression, value });
  }

  match(path: string): RouteMatch<T> | undefined {
    return firstMatch(this.#candidates(path), path);
  }

  #candidates(path: string): readonly Entry<T>[] {
    let found: readonly Entry<T>[] = [];
    let branch: Branch<T> | undefined = this.#root;
    let start = 0;
    while (branch !== undefined) {
      if (branch.entries.length > 0) found = merge(found, branch.entries);
      if (branch.branches.size === 0 || path.charCodeAt(start) !== 47) break;
      const slash = path.indexOf("/", start + 1);
      const end = slash === -1 ? path.length : slash;
      branch = branch.branches.get(path.slice(start + 1, end));
      start = end;
    }
    return found;
  }
}

function firstMatch<T>(entries: readonly Entry<T>[], path: string): RouteMatch<T> | undefined {
  for (const { expression, value } of entries) {
    const groups = expression.exec(path);
    if (groups !== null) return { value, groups };
  }
  return undefined;
}

function merge<T>(some: readonly Entry<T>[], others: readonly Entry<T>[]): readonly Entry<T>[] {
  if (some.length === 0) return others;
  return [...some, ...others].sort((a, b) => a.order - b.order);
}
