// Names of nested fields, such as `address.city` and `items[0].name`, and the objects that are made of them.

/** A key of an object, or an index of a list. */
export type Segment = string | number;

/**
 * All but `.`, `[`, `]` and control characters. Their Unicode property, `\p{Cc}`, would cost a process at its start as much as
 * loading all of a form does.
 */
const SEGMENT = /^[ -\-/-Z\\^-~\xa0-\uffff]+$/;

/** Names that every object has: what is written there changes more than one object. */
const RESERVED: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Undefined for a name of another form, and for one that has a reserved word in it. */
export function parseName(name: string): Segment[] | undefined {
  if (typeof name !== "string") return undefined;
  const path: Segment[] = [];
  for (const part of name.split(".")) {
    const [, key = "", indexes = ""] = /^([^[\]]+)((?:\[\d{1,9}\])*)$/.exec(part) ?? [];
    if (!SEGMENT.test(key) || RESERVED.has(key)) return undefined;
    path.push(key);
    for (const [, digits] of indexes.matchAll(/\[(\d+)\]/g)) path.push(Number(digits));
  }
  return path;
}

/** A value made of others: objects have no prototype, so no key is special. */
export type Tree = Record<string, unknown> | unknown[];

export function emptyTree(): Record<string, unknown> {
  return Object.create(null);
}

/**
 * Puts a value where a path leads, and makes what is missing on the way.
 *
 * @returns whether it could be put there: nothing else was in the way
 */
export function place(root: Record<string, unknown>, path: readonly Segment[], value: unknown): boolean {
  let tree: Tree = root;
  for (const [index, segment] of path.entries()) {
    if (Array.isArray(tree) !== (typeof segment === "number")) return false;
    const known = valueAt(tree, segment);
    if (index === path.length - 1) {
      if (known !== undefined) return false;
      setAt(tree, segment, value);
      return true;
    }
    const next = known ?? (typeof path[index + 1] === "number" ? [] : emptyTree());
    if (!isTree(next)) return false;
    if (known === undefined) setAt(tree, segment, next);
    tree = next;
  }
  return false;
}

/** What is at the end of a path; undefined where it does not lead. Only an object's own keys count. */
export function lookUp(root: unknown, path: readonly Segment[]): unknown {
  let found = root;
  for (const segment of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, segment)) return undefined;
    found = valueAt(found as Tree, segment);
  }
  return found;
}

/** A path as text, by which issues of a schema are found. */
export function pathKey(path: readonly Segment[]): string {
  return JSON.stringify(path.map(String));
}

function isTree(value: unknown): value is Tree {
  return Array.isArray(value) || (typeof value === "object" && value !== null && isPlain(value));
}

// An upload is a value, whatever it is made of.
function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === null;
}

function valueAt(tree: Tree, segment: Segment): unknown {
  return (tree as Record<Segment, unknown>)[segment];
}

function setAt(tree: Tree, segment: Segment, value: unknown): void {
  (tree as Record<Segment, unknown>)[segment] = value;
}
