import { expect, test } from "vitest";
import { parseName } from "../../../lib/framework/forms/name-path.ts";

test("a field's name has no control character of Unicode in it", () => {
  const special = new Set([".", "[", "]"]);
  const characters = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
  const wrong = characters.filter((character) => {
    const isRefused = parseName(`a${character}z`) === undefined;
    return isRefused !== /\p{Cc}/u.test(character) && !special.has(character);
  });
  expect(wrong).toEqual([]);
  const others = Array.from({ length: 0x100000 }, (_, code) => String.fromCodePoint(0x10000 + code)).join("");
  expect([/\p{Cc}/u.test(others), parseName(others)?.length]).toEqual([false, 1]);
});
