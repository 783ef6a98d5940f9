// How many processes a pool may have: what contradicts itself, or would take all of a machine's memory, is refused.

import { describe, expect, test } from "vitest";
import { sizesOf } from "../../lib/workers/prefork/sizes.ts";

describe("the sizes of a pool", () => {
  test.each([
    [{ maxChildren: 4 }, { minSpare: 1, maxSpare: 4, maxChildren: 4 }],
    [
      { minSpare: 1_000, maxSpare: 1_024 },
      { minSpare: 1_000, maxSpare: 1_024, maxChildren: 1_024 },
    ],
    [
      { minSpare: 0, maxSpare: 2, maxChildren: 3 },
      { minSpare: 0, maxSpare: 2, maxChildren: 3 },
    ],
  ])("%j", (options, sizes) => {
    expect(sizesOf(options)).toMatchObject(sizes);
  });

  test.each([
    [{ maxChildren: 100_000 }, 'option "maxChildren" is 100000; give a whole number from 1 to 1024'],
    [{ maxChildren: 0 }, 'option "maxChildren" is 0; give a whole number from 1 to 1024'],
    [{ maxSpare: 1_025 }, 'option "maxSpare" is 1025; give a whole number from 1 to 1024'],
    [{ maxSpare: "x" as never }, 'option "maxSpare" is x; give a whole number from 1 to 1024'],
    [{ minSpare: 1_025 }, 'option "minSpare" is 1025; give a whole number from 0 to 1024'],
    [{ minSpare: 3, maxSpare: 2 }, 'option "minSpare" is 3, and "maxSpare" only 2'],
    [{ maxSpare: 3, maxChildren: 2 }, 'option "maxSpare" is 3, and "maxChildren" only 2'],
    [{ maxRequests: "1e3" as never }, 'option "maxRequests" is 1e3; give a number, or 0 for no limit'],
  ])("not %j", (options, message) => {
    expect(() => sizesOf(options)).toThrow(expect.objectContaining({ code: "OPTION", message }));
  });
});
