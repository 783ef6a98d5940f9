// Finds the first pattern that matches. Regular expressions are only tried for routes whose plain first segments
// are those of the path, so a map with a thousand pages costs no more than one with ten.

import type { Pattern } from "./pattern.ts";

/** A route and its place in the map. */
interface Entry<T> {
  readonly order: number;
  readonly pattern: Pattern;
  readonly value: T;
}

/** Routes whose plain text ends here, and the segments that go on. */
class Branch<T> {
  readonly entries: Entry<T>[] = [];
  readonly branches = new Map<string, Branch<T>>();
  readonly #parent: Branch<T> | undefined;
  #candidates: readonly Entry<T>[] = [];
  #size = 0;

  constructor(parent?: Branch<T>) {
    this.#parent = parent;
  }

  /**
   * The routes from here up to the root, in the order of the map. Kept until the map has another size.
   *
   * @param size - of the map
   */
  candidates(size: number): readonly Entry<T>[] {
    if (this.#size !== size) {
      const above = this.#parent?.candidates(size) ?? [];
      this.#candidates = [...above, ...this.entries].sort((a, b) => a.order - b.order);
      this.#size = size;
    }
    return this.#candidates;
  }
}

export interface RouteMatch<T> {
  readonly value: T;
  readonly pattern: Pattern;
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
        next = new Branch(branch);
        branch.branches.set(segment, next);
      }
      branch = next;
    }
    branch.entries.push({ order: this.#size++, pattern, value });
  }

  match(path: string): RouteMatch<T> | undefined {
    for (const { pattern, value } of this.#innermost(path).candidates(this.#size)) {
      const groups = pattern.expression.exec(path);
      if (groups !== null) return { value, pattern, groups };
    }
    return undefined;
  }

  #innermost(path: string): Branch<T> {
    let branch = this.#root;
    let start = 0;
    while (branch.branches.size > 0 && path.charCodeAt(start) === SLASH) {
      const slash = path.indexOf("/", start + 1);
      const end = slash === -1 ? path.length : slash;
      const next = branch.branches.get(path.slice(start + 1, end));
      if (next === undefined) break;
      branch = next;
      start = end;
    }
    return branch;
  }
}

const SLASH = 47;
