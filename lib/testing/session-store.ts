// What every store of sessions must show, whoever wrote it: each case holds what is asked of it and what must come of it.

import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { SessionStore, SessionValues } from "../framework/sessions/store.ts";

/** One behaviour that every store must show. */
export interface SessionStoreCase {
  /** Unique, such as `merge() makes no session`. */
  readonly name: string;
  /** @throws Error with a sentence that says what the store did wrong */
  check(store: SessionStore): Promise<void>;
}

const MINUTE_MS = 60_000;

/** Of a session that is to be past its time: how long it lasts, and how long a case waits, in milliseconds. */
const SHORT_MS = 20;
const PAST_MS = 100;

/** Changes that meet. */
const AT_ONCE = 20;

/** Keys and texts that not every way of keeping them keeps. */
const ODD_VALUES: SessionValues = new Map([
  ["__proto__", '{"a":1}'],
  ["constructor", "null"],
  ["1", '"one"'],
  ["a b:c'\"\\`;$ü😀", '"ü 😀 \\u0000 \\ud800 \'\\"\\\\ \\r\\n %s $1"'],
  ["empty", '""'],
  ["@mark", "[]"],
  ["long", JSON.stringify("x".repeat(100_000))],
]);

/**
 * What a store must show to be one: see `SessionStore`. Each case uses ids of its own, so that all may run with one store,
 * and leaves nothing behind. It takes fractions of a second.
 *
 * @example
 * test.each(sessionStoreCases)("$name", ({ check }) => check(myStore()));
 */
export const sessionStoreCases: readonly SessionStoreCase[] = [
  {
    name: "read() of an unknown id gives undefined",
    async check(store) {
      same(await store.read(newId()), undefined, "read() of an unknown id");
    },
  },
  {
    name: "create() makes a session that read() gives back, with the time that is left",
    async check(store) {
      const id = newId();
      await store.create(id, values({ a: "1", b: "[true]" }), MINUTE_MS);
      await holds(store, id, { a: "1", b: "[true]" });
      await store.delete(id);
    },
  },
  {
    name: "a session may be empty",
    async check(store) {
      const id = newId();
      await store.create(id, values({}), MINUTE_MS);
      await holds(store, id, {});
      same(await store.merge(id, values({ a: "1" }), MINUTE_MS), true, "merge() into an empty session");
      same(await store.merge(id, changes({ a: null }), MINUTE_MS), true, "merge() that takes the last key");
      await holds(store, id, {});
      await store.delete(id);
    },
  },
  {
    name: "keys and texts come back exactly as they were",
    async check(store) {
      const id = newId();
      await store.create(id, ODD_VALUES, MINUTE_MS);
      await holds(store, id, ODD_VALUES);
      for (const [key, text] of ODD_VALUES) {
        const name = `replace() of the key ${JSON.stringify(key)} by what it is`;
        same(await store.replace(id, key, text, text, MINUTE_MS), true, name);
      }
      same(await store.merge(id, ODD_VALUES, MINUTE_MS), true, "merge() of the same values");
      await holds(store, id, ODD_VALUES);
      const none = new Map([...ODD_VALUES].map(([key]) => [key, null]));
      same(await store.merge(id, none, MINUTE_MS), true, "merge() that takes all keys");
      await holds(store, id, {});
      await store.delete(id);
    },
  },
  {
    name: "merge() changes its keys and no others",
    async check(store) {
      const id = newId();
      await store.create(id, values({ a: "1", b: "2", c: "3" }), MINUTE_MS);
      const wanted = changes({ a: "9", b: null, d: "4", absent: null });
      same(await store.merge(id, wanted, MINUTE_MS), true, "merge()");
      await holds(store, id, { a: "9", c: "3", d: "4" });
      await store.delete(id);
    },
  },
  {
    name: "merge() makes no session",
    async check(store) {
      const id = newId();
      same(await store.merge(id, values({ a: "1" }), MINUTE_MS), false, "merge() of an unknown id");
      same(await store.read(id), undefined, "read() after it");
    },
  },
  {
    name: "merge() and replace() give a session its whole time again",
    async check(store) {
      const id = newId();
      await store.create(id, values({ a: "1" }), MINUTE_MS / 2);
      await holds(store, id, { a: "1" }, MINUTE_MS / 2);
      same(await store.merge(id, changes({}), MINUTE_MS), true, "merge() without changes");
      await holds(store, id, { a: "1" }, MINUTE_MS);
      same(await store.replace(id, "a", "1", "2", 2 * MINUTE_MS), true, "replace()");
      await holds(store, id, { a: "2" }, 2 * MINUTE_MS);
      await store.delete(id);
    },
  },
  {
    name: "changes of different keys at once are all kept",
    async check(store) {
      const id = newId();
      await store.create(id, values({ gone: "1" }), MINUTE_MS);
      const keys = Array.from({ length: AT_ONCE }, (_, index) => `key${index}`);
      const all = [...keys.map((key) => changes({ [key]: "1" })), changes({ gone: null })];
      const done = await Promise.all(all.map((one) => store.merge(id, one, MINUTE_MS)));
      same(done.includes(false), false, "whether one of several merge() at once found no session");
      await holds(store, id, Object.fromEntries(keys.map((key) => [key, "1"])));
      await store.delete(id);
    },
  },
  {
    name: "replace() changes a key if its text is still the one before",
    async check(store) {
      const id = newId();
      await store.create(id, values({ a: "1", b: "2" }), MINUTE_MS);
      same(await store.replace(id, "a", "0", "9", MINUTE_MS), false, "replace() of another text");
      same(await store.replace(id, "a", null, "9", MINUTE_MS), false, "replace() of a key that is there");
      same(await store.replace(id, "c", "1", "9", MINUTE_MS), false, "replace() of a key that is not there");
      await holds(store, id, { a: "1", b: "2" });
      same(await store.replace(id, "a", "1", "9", MINUTE_MS), true, "replace() of the text that is there");
      same(await store.replace(id, "b", "2", null, MINUTE_MS), true, "replace() that takes a key");
      same(await store.replace(id, "c", null, "3", MINUTE_MS), true, "replace() that makes a key");
      await holds(store, id, { a: "9", c: "3" });
      same(await store.replace(newId(), "a", null, "1", MINUTE_MS), false, "replace() of an unknown id");
      await store.delete(id);
    },
  },
  {
    name: "of several replace() at once one wins",
    async check(store) {
      const id = newId();
      await store.create(id, values({ count: "0" }), MINUTE_MS);
      const texts = Array.from({ length: AT_ONCE }, (_, index) => String(index + 1));
      const done = await Promise.all(texts.map((text) => store.replace(id, "count", "0", text, MINUTE_MS)));
      const won = texts.filter((_, index) => done[index]);
      same(won.length, 1, "how many of several replace() of one text at once have changed it");
      await holds(store, id, { count: won[0] ?? "" });
      await store.delete(id);
    },
  },
  {
    name: "rename() moves a session, and nothing stays under the old id",
    async check(store) {
      const [id, newer] = [newId(), newId()];
      await store.create(id, values({ a: "1" }), MINUTE_MS);
      same(await store.rename(id, newer), true, "rename()");
      same(await store.read(id), undefined, "read() of the old id");
      same(await store.merge(id, values({ b: "2" }), MINUTE_MS), false, "merge() of the old id");
      await holds(store, newer, { a: "1" });
      same(await store.rename(id, newId()), false, "rename() of an unknown id");
      await store.delete(newer);
    },
  },
  {
    name: "of several rename() at once one finds the session",
    async check(store) {
      const id = newId();
      await store.create(id, values({ a: "1" }), MINUTE_MS);
      const newer = Array.from({ length: AT_ONCE }, newId);
      const done = await Promise.all(newer.map((one) => store.rename(id, one)));
      const won = newer.filter((_, index) => done[index]);
      same(won.length, 1, "how many of several rename() at once have moved it");
      await holds(store, won[0] ?? "", { a: "1" });
      await store.delete(won[0] ?? "");
    },
  },
  {
    name: "delete() ends a session, and nothing brings it back",
    async check(store) {
      const id = newId();
      await store.create(id, values({ a: "1" }), MINUTE_MS);
      await store.delete(id);
      await isGone(store, id);
      await store.delete(id);
    },
  },
  {
    name: "a session past its time is as if it were not there",
    async check(store) {
      const id = newId();
      await store.create(id, values({ a: "1" }), SHORT_MS);
      await sleep(PAST_MS);
      await isGone(store, id);
      await store.cleanUp?.();
      await isGone(store, id);
    },
  },
  {
    name: "one session is nothing to another, and cleanUp() leaves those that live",
    async check(store) {
      const [id, other, brief] = [newId(), newId(), newId()];
      await store.create(id, values({ a: "1" }), MINUTE_MS);
      await store.create(other, values({ a: "2" }), MINUTE_MS);
      await store.create(brief, values({ a: "3" }), SHORT_MS);
      await store.merge(id, values({ a: "9" }), MINUTE_MS);
      await sleep(PAST_MS);
      await store.cleanUp?.();
      await store.delete(brief);
      await holds(store, id, { a: "9" });
      await holds(store, other, { a: "2" });
      await store.delete(id);
      await holds(store, other, { a: "2" });
      await store.delete(other);
    },
  },
];

function newId(): string {
  return randomBytes(16).toString("hex");
}

function values(texts: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(texts));
}

function changes(texts: Readonly<Record<string, string | null>>): Map<string, string | null> {
  return new Map(Object.entries(texts));
}

async function holds(
  store: SessionStore,
  id: string,
  expected: SessionValues | Readonly<Record<string, string>>,
  lifetimeMs = MINUTE_MS,
): Promise<void> {
  const stored = await store.read(id);
  if (stored === undefined) throw new Error("read() gave undefined for a session that is there");
  const wanted = expected instanceof Map ? expected : values(expected as Record<string, string>);
  same(sorted(stored.values), sorted(wanted), "the values that read() gave");
  const { remainingMs } = stored;
  // A minute is long for whatever came between, and rounding may give a little more.
  if (remainingMs > lifetimeMs - MINUTE_MS / 4 && remainingMs < lifetimeMs + 1_000) return;
  throw new Error(`remainingMs is ${remainingMs} right after a lifetime of ${lifetimeMs} was set`);
}

async function isGone(store: SessionStore, id: string): Promise<void> {
  same(await store.read(id), undefined, "read() of what has ended");
  same(await store.merge(id, values({ a: "2" }), MINUTE_MS), false, "merge() of what has ended");
  same(await store.replace(id, "a", "1", "2", MINUTE_MS), false, "replace() of what has ended");
  same(
    await store.replace(id, "b", null, "2", MINUTE_MS),
    false,
    "replace() that makes a key of what has ended",
  );
  same(await store.rename(id, newId()), false, "rename() of what has ended");
  same(await store.read(id), undefined, "read() after changes of what has ended");
}

function sorted(texts: SessionValues): (readonly [string, string])[] {
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function same(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what} is ${shown(actual)}, not ${shown(expected)}`);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "undefined").slice(0, 500);
}
