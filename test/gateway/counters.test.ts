import { EventEmitter } from "node:events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Counters, LATENCY_MS, sumOfCounters } from "../../lib/gateway/counters.ts";

/** As a socket of Node tells it. */
class Connection extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
  writableLength = 0;
}

describe("requests", () => {
  test("are active from begin to end, and the most at once is kept", () => {
    const counters = new Counters();
    const first = counters.begin();
    const second = counters.begin();
    expect(counters.values()).toMatchObject({ requests: 2, active: 2, maxActive: 2 });
    counters.end(first);
    counters.end(second);
    counters.end(counters.begin());
    expect(counters.values()).toMatchObject({ requests: 3, active: 0, maxActive: 2 });
  });

  // Bounds belong to their buckets, as Prometheus's `le` has it.
  test.each([
    [0, 0],
    [0.4, 0],
    [1, 0],
    [1.001, 1],
    [12, 4],
    [25, 4],
    [2_400, 10],
    [10_000, 12],
    [10_001, 13],
    [86_400_000, 13],
  ])("of %d ms are in bucket %d alone", (took, bucket) => {
    const now = vi
      .spyOn(performance, "now")
      .mockReturnValueOnce(5_000)
      .mockReturnValueOnce(5_000 + took);
    onTestFinished(() => now.mockRestore());
    const counters = new Counters();
    counters.end(counters.begin());
    const { latency, latencySumMs } = counters.values();
    expect(latency).toEqual(
      Array.from({ length: LATENCY_MS.length + 1 }, (_, at) => (at === bucket ? 1 : 0)),
    );
    expect(latencySumMs).toBeCloseTo(took, 6);
  });
});

describe("connections", () => {
  test("bytes are counted while a connection is open, and once when it has closed", () => {
    const counters = new Counters();
    const [one, other] = [new Connection(), new Connection()];
    counters.accept(one);
    counters.accept(other);
    Object.assign(one, { bytesRead: 100, bytesWritten: 2_000 });
    Object.assign(other, { bytesRead: 10, bytesWritten: 20 });
    const whileOpen = { accepted: 2, bytesReceived: 110, bytesSent: 2_020 };
    expect(counters.values()).toMatchObject({ ...whileOpen, open: 2 });
    counters.leave(one);
    expect(counters.values()).toMatchObject({ ...whileOpen, open: 1 });
    counters.leave(other);
    expect(counters.values()).toMatchObject({ ...whileOpen, open: 0 });
  });

  test("what waits to be sent is not counted, so that no count shrinks when it is lost", () => {
    const counters = new Counters();
    const connection = new Connection();
    counters.accept(connection);
    Object.assign(connection, { bytesWritten: 5_000, writableLength: 1_000 });
    expect(counters.values().bytesSent).toBe(4_000);
    // Node forgets what was waiting when a socket is destroyed.
    Object.assign(connection, { bytesWritten: 4_000, writableLength: 0 });
    counters.leave(connection);
    expect(counters.values().bytesSent).toBe(4_000);
  });
});

describe("values", () => {
  test("stay as they are, and survive the way to another process", () => {
    const counters = new Counters();
    const before = counters.values();
    counters.accept(new Connection());
    counters.end(counters.begin());
    expect(before).toMatchObject({ accepted: 0, requests: 0 });
    expect(before.latency.every((count) => count === 0)).toBe(true);
    expect(JSON.parse(JSON.stringify(counters.values()))).toEqual(counters.values());
    expect(structuredClone(counters.values())).toEqual(counters.values());
  });

  test("of several servers are added; the most at once is that of one of them", () => {
    const [one, other] = [new Counters(), new Counters()];
    for (const count of [3, 1]) {
      const began = Array.from({ length: count }, () => one.begin());
      for (const time of began) one.end(time);
    }
    other.begin();
    other.errors += 2;
    other.refused += 5;
    other.accept(Object.assign(new Connection(), { bytesRead: 7, bytesWritten: 8 }));
    const sum = sumOfCounters([one.values(), other.values()]);
    expect(sum).toMatchObject({
      accepted: 1,
      open: 1,
      refused: 5,
      active: 1,
      maxActive: 3,
      requests: 5,
      errors: 2,
      bytesReceived: 7,
      bytesSent: 8,
      latencySumMs: one.values().latencySumMs,
    });
    expect(sum.latency.reduce((total, count) => total + count)).toBe(4);
    expect(sumOfCounters([])).toEqual(new Counters().values());
  });
});
