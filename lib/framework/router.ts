// Finds the first pattern that matches. Only those are tried whose plain text does not differ from the path where it
// differs from that of others, so a map with a thousand pages costs no more than one with ten.

import type { Groups, Pattern } from "./pattern.ts";

/** A route and its place in the map. */
interface Entry<T> {
  readonly order: number;
  readonly pattern: Pattern;
  readonly value: T;
}

export interface RouteMatch<T> {
  readonly value: T;
  readonly pattern: Pattern;
  readonly groups: Groups;
}

export class Router<T> {
  readonly #entries: Entry<T>[] = [];
  #root: Branch<T> | undefined;
  #isAskedAgain = false;

  /** Appends a route: those added before it win. */
  add(pattern: Pattern, value: T): void {
    this.#entries.push({ order: this.#entries.length, pattern, value });
    this.#root = undefined;
  }

  match(path: string): RouteMatch<T> | undefined {
    const root = this.#root;
    const candidates = root === undefined ? this.#firstCandidates(path) : innermost(root, path).candidates;
    for (let order = 0; order < candidates.length; order++) {
      const { pattern, value } = candidates[order] as Entry<T>;
      const groups = pattern.expression.exec(path);
      if (groups !== null) return { value, pattern, groups };
    }
    return undefined;
  }

  /** For the first path each is looked at: a CGI script is asked for no other, and an index would cost it more. */
  #firstCandidates(path: string): readonly Entry<T>[] {
    if (!this.#isAskedAgain) {
      this.#isAskedAgain = true;
      return this.#entries.filter(({ pattern }) => path.startsWith(pattern.start));
    }
    this.#root = indexOf(this.#entries);
    return innermost(this.#root, path).candidates;
  }
}

/** Routes whose plain text has the same keys up to a place, and those that go on with others there. */
class Branch<T> {
  /** The place of the character that chooses among the branches. */
  readonly at: number;
  branches: (Branch<T> | undefined)[] = NO_BRANCHES;
  readonly #parent: Branch<T> | undefined;
  /** Those whose plain text ends here, and until it is split all others too. */
  #entries: readonly Entry<T>[];
  #candidates: readonly Entry<T>[] | undefined;

  /** @param from - the plain text of all entries has the same keys up to here */
  constructor(entries: readonly Entry<T>[], from: number, parent?: Branch<T>) {
    this.at = firstDifference(entries, from);
    this.#parent = parent;
    this.#entries = entries;
  }

  /** Moves the entries whose plain text goes on into branches of their own, which are not split yet. */
  split(): readonly Branch<T>[] {
    const ending: Entry<T>[] = [];
    const byKey = new Map<number, Entry<T>[]>();
    for (const entry of this.#entries) {
      const key = keyOf(entry.pattern, this.at);
      const group = key === undefined ? ending : byKey.get(key);
      if (group !== undefined) group.push(entry);
      else if (key !== undefined) byKey.set(key, [entry]);
    }
    this.#entries = ending;
    if (byKey.size > 0) this.branches = new Array(KEYS).fill(undefined);
    return Array.from(byKey, ([key, group]) => {
      const branch = new Branch(group, this.at + 1, this);
      this.branches[key] = branch;
      return branch;
    });
  }

  /** The routes from here up to the root, in the order of the map. */
  get candidates(): readonly Entry<T>[] {
    this.#candidates ??= this.#upwards().sort((a, b) => a.order - b.order);
    return this.#candidates;
  }

  #upwards(): Entry<T>[] {
    const entries: Entry<T>[] = [];
    let branch: Branch<T> | undefined = this;
    while (branch !== undefined) {
      for (const entry of branch.#entries) entries.push(entry);
      branch = branch.#parent;
    }
    return entries;
  }
}

// By loops, here and upwards: where each of some thousand routes is the beginning of the next, branches are as deep.
function indexOf<T>(entries: readonly Entry<T>[]): Branch<T> {
  const root = new Branch(entries, 0);
  const unsplit = [root];
  for (let branch = unsplit.pop(); branch !== undefined; branch = unsplit.pop()) {
    for (const next of branch.split()) unsplit.push(next);
  }
  return root;
}

function innermost<T>(root: Branch<T>, path: string): Branch<T> {
  let branch = root;
  while (branch.branches !== NO_BRANCHES) {
    const key = branch.at < path.length ? path.charCodeAt(branch.at) % KEYS : END;
    const next = branch.branches[key];
    if (next === undefined) break;
    branch = next;
  }
  return branch;
}

/** Where a key is not that of all others, or the plain text of one ends. */
function firstDifference([first, ...others]: readonly Entry<unknown>[], from: number): number {
  if (first === undefined) return from;
  let end = from;
  while (keyOf(first.pattern, end) !== undefined) end++;
  for (const { pattern } of others) {
    let at = from;
    while (at < end && keyOf(pattern, at) === keyOf(first.pattern, at)) at++;
    end = at;
  }
  return end;
}

/** `undefined` where a pattern says nothing of the character any more. */
function keyOf({ start, isStartAll }: Pattern, at: number): number | undefined {
  if (at < start.length) return start.charCodeAt(at) % KEYS;
  return isStartAll && at === start.length ? END : undefined;
}

/** How many branches there can be. Characters that would have to share one do, as patterns look at the whole path. */
const KEYS = 128;

/** The key behind the last character of a path. */
const END = 0;

const NO_BRANCHES: undefined[] = [];
