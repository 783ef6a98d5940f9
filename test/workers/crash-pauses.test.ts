// How long a pool waits before it starts a child or thread in the place of one that has ended, on a clock of the test's own.

import { describe, expect, test } from "vitest";
import { CrashPauses } from "../../lib/workers/crash-pauses.ts";

describe("pauses behind children and threads that end at once", () => {
  test("double with each failure, up to 30 s", () => {
    const pauses = new CrashPauses();
    const lengths: number[] = [];
    for (let now = 0, failures = 0; failures < 11; failures++) {
      const pause = pauses.ended(undefined, now);
      lengths.push(pause);
      now += pause;
    }
    expect(lengths).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  });

  test("are as long for eight that end together as for one", () => {
    const pauses = new CrashPauses();
    const together = (now: number) =>
      Array.from({ length: 8 }, (_, each) => pauses.ended(undefined, now + each));
    expect(together(0)).toEqual([100, 99, 98, 97, 96, 95, 94, 93]);
    expect(pauses.remaining(99.5)).toBe(1);
    expect(together(100)).toEqual([200, 199, 198, 197, 196, 195, 194, 193]);
  });

  test("are none behind one that served for a second, but what is left of one goes on", () => {
    const pauses = new CrashPauses();
    expect(pauses.ended(0, 1_000)).toBe(0);
    expect(pauses.ended(1, 1_000)).toBe(100);
    expect(pauses.ended(0, 1_040)).toBe(60);
  });

  test("begin anew when the last one is 30 s ago", () => {
    const pauses = new CrashPauses();
    pauses.ended(undefined, 0);
    expect(pauses.ended(undefined, 30_100)).toBe(200);
    expect(pauses.ended(undefined, 60_301)).toBe(100);
  });
});
