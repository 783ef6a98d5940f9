import { expect, test } from "vitest";
import { LazyKey } from "../../lib/gateway/lazy-key.ts";
import { testEnviron } from "../support/environ.ts";

function keyed() {
  const { environ } = testEnviron();
  const outer = environ["postern.signal"];
  const inner = new AbortController().signal;
  const asked: AbortSignal[] = [];
  new LazyKey("postern.signal").define(environ, (before) => {
    asked.push(before);
    return inner;
  });
  return { environ, outer, inner, asked };
}

test("is made once, out of what was there, when it is first read", () => {
  const { environ, outer, inner, asked } = keyed();
  expect(asked).toEqual([]);
  expect([environ["postern.signal"], environ["postern.signal"]]).toEqual([inner, inner]);
  expect(asked).toEqual([outer]);
});

test("is an own, enumerable property that is copied with its value", () => {
  const { environ, inner } = keyed();
  expect(Object.keys(environ)).toContain("postern.signal");
  expect(Object.getOwnPropertyDescriptor({ ...environ }, "postern.signal")).toMatchObject({ value: inner });
});

test("can be assigned to, and is not made then", () => {
  const { environ, asked } = keyed();
  const other = new AbortController().signal;
  environ["postern.signal"] = other;
  expect([environ["postern.signal"], asked]).toEqual([other, []]);
});

test("is made for an object that has the environ as its prototype, and kept in the environ", () => {
  const { environ, inner, asked } = keyed();
  const child = Object.create(environ);
  expect(child["postern.signal"]).toBe(inner);
  expect(environ["postern.signal"]).toBe(inner);
  expect(asked).toHaveLength(1);
});

test("may be defined for such an object, out of what the environ has", () => {
  const { environ, inner } = keyed();
  const child = Object.create(environ);
  const own = new AbortController().signal;
  let given: AbortSignal | undefined;
  new LazyKey("postern.signal").define(child, (before) => {
    given = before;
    return own;
  });
  expect([child["postern.signal"], environ["postern.signal"], given]).toEqual([own, inner, inner]);
});

test("one around another is made out of the other", () => {
  const { environ, inner, asked } = keyed();
  const outermost = new AbortController().signal;
  let given: AbortSignal | undefined;
  new LazyKey("postern.signal").define(environ, (before) => {
    given = before;
    return outermost;
  });
  expect(asked).toEqual([]);
  expect([environ["postern.signal"], given]).toEqual([outermost, inner]);
});

test.each([
  ["was read in between", true],
  ["was not", false],
])(
  "two of them may be defined again, as where an application is tried again, when the value %s",
  (_when, isRead) => {
    const { environ } = testEnviron();
    const outer = environ["postern.signal"];
    const keys = [new LazyKey("postern.signal"), new LazyKey("postern.signal")];
    const befores = new Map<AbortSignal, AbortSignal>();
    const defined = [...keys, ...keys].map((key) => {
      const { signal } = new AbortController();
      key.define(environ, (before) => {
        befores.set(signal, before);
        return signal;
      });
      if (isRead) expect(environ["postern.signal"]).toBe(signal);
      return signal;
    });
    expect(environ["postern.signal"]).toBe(defined[3]);
    expect(defined.map((signal) => befores.get(signal))).toEqual([outer, ...defined.slice(0, 3)]);
  },
);
