// What a bundled CGI script keeps for the requests to come.

import { expect, test } from "vitest";
import { KeptValues } from "../../../lib/cli/bundle/kept-values.mts";

function read(text: string): KeptValues {
  return new KeptValues(Buffer.from(text, "latin1"));
}

test("values come back as they were, in any letters, and only what is new is new", () => {
  const first = new KeptValues(undefined);
  expect([first.get("a"), first.hasNew, first.text()]).toEqual([undefined, false, ""]);
  const value = { text: "Zoë \u2028 \ud83d\ude00 \ud800 \0 \\", list: [1, null, true] };
  first.set("schlüssel", value);
  expect(first.hasNew).toBe(true);
  const text = first.text();
  expect(text).toMatch(/^[\x20-\x7e]+$/);
  const second = read(text);
  expect(second.get("schlüssel")).toEqual(value);
  expect([second.hasNew, second.text()]).toEqual([false, text]);
});

test("past 100,000 characters what a request did not use is forgotten, and all of it where that is too much", () => {
  const kept = new KeptValues(undefined);
  for (let number = 0; number < 10; number++) kept.set(`${number}`, "x".repeat(9_900));
  expect(kept.text().length).toBeLessThan(100_000);
  const next = read(kept.text());
  expect(next.get("3")).toHaveLength(9_900);
  next.set("more", "y".repeat(1_000));
  const last = read(next.text());
  expect(["0", "3", "more"].map((key) => typeof last.get(key))).toEqual(["undefined", "string", "string"]);
  last.set("much", "z".repeat(100_000));
  expect(last.text()).toBe("");
});
