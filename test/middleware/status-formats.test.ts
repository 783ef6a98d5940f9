// What the status says, of pools that are made up. test/middleware/status.test.ts asks who gets it and in which format,
// test/middleware/status-servers.test.ts whether it is true.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CounterValues } from "../../lib/gateway/counters.ts";
import { type PoolStatus, provideStatus, type WorkerStatus } from "../../lib/gateway/pool-status.ts";
import { status } from "../../lib/middleware/status.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { call } from "../../lib/testing/call.ts";
import { type Metric, parsePrometheus } from "../support/prometheus.ts";

const shower = status({ path: "/s", permit: () => true })(() => {
  throw new Error("the application was called");
});

const NOW = Date.now();

function counts(changes: Partial<CounterValues> = {}): CounterValues {
  return {
    accepted: 0,
    open: 0,
    refused: 0,
    active: 0,
    maxActive: 0,
    requests: 0,
    errors: 0,
    bytesReceived: 0,
    bytesSent: 0,
    latency: new Array(14).fill(0),
    latencySumMs: 0,
    ...changes,
  };
}

function worker(changes: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    pid: 4_711,
    generation: 1,
    state: "ready",
    startedAt: NOW - 61_000,
    memoryBytes: 52_000_000,
    counters: counts(),
    ...changes,
  };
}

function pool(changes: Partial<PoolStatus> = {}): PoolStatus {
  return {
    protocol: "fcgi",
    model: "single",
    addresses: [{ path: "/run/app.sock" }],
    pid: 4_711,
    startedAt: NOW - 3_661_000,
    workers: [worker()],
    ended: counts(),
    crashes: 0,
    ...changes,
  };
}

/** Two children, and what one had counted that has ended. */
const family = pool({
  model: "prefork",
  addresses: [{ path: "/run/app.sock" }, { host: "::1", port: 9_000 }],
  pid: 100,
  crashes: 1,
  waiting: 4,
  workers: [
    worker({
      pid: 101,
      counters: counts({
        accepted: 10,
        open: 2,
        refused: 1,
        active: 3,
        maxActive: 5,
        requests: 20,
        errors: 2,
        bytesReceived: 1_000,
        bytesSent: 50_000,
        latency: [10, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        latencySumMs: 12_345.5,
      }),
    }),
    worker({
      pid: 102,
      thread: 7,
      generation: 2,
      state: "stopping",
      counters: counts({ requests: 1, active: 1, maxActive: 1 }),
    }),
  ],
  ended: counts({
    accepted: 5,
    refused: 2,
    maxActive: 9,
    requests: 6,
    errors: 1,
    bytesReceived: 500,
    bytesSent: 7_000,
    latency: [6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    latencySumMs: 3.25,
  }),
});

async function shown(query: string, ...pools: PoolStatus[]): Promise<string> {
  for (const one of pools) onTestFinished(provideStatus(() => Promise.resolve(one)));
  const response = await call(validate(shower), `/s?${query}`);
  expect(response.status).toBe(200);
  return response.text;
}

describe("JSON", () => {
  test("has the pool, its workers, and all of them together", async () => {
    const { time, pools } = JSON.parse(await shown("json", family));
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(10_000);
    expect(pools).toHaveLength(1);
    expect(pools[0]).toMatchObject({
      protocol: "fcgi",
      model: "prefork",
      addresses: ["/run/app.sock", "[::1]:9000"],
      pid: 100,
      startedAt: new Date(NOW - 3_661_000).toISOString(),
      crashes: 1,
      waiting: 4,
    });
    expect(pools[0].uptimeSeconds).toBeGreaterThanOrEqual(3_661);
    expect(pools[0].total).toEqual({
      accepted: 15,
      open: 2,
      refused: 3,
      active: 4,
      maxActive: 9,
      requests: 27,
      errors: 3,
      bytesReceived: 1_500,
      bytesSent: 57_000,
      latency: {
        sumMs: 12_348.75,
        buckets: [
          { upToMs: 1, count: 16 },
          { upToMs: 2, count: 4 },
          { upToMs: 5, count: 2 },
          ...[10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000].map((upToMs) => ({ upToMs, count: 0 })),
          { upToMs: null, count: 1 },
        ],
      },
    });
    const [first, second] = pools[0].workers;
    expect(first).toMatchObject({
      pid: 101,
      generation: 1,
      state: "ready",
      memoryBytes: 52_000_000,
      requests: 20,
    });
    expect(first).not.toHaveProperty("thread");
    expect(second).toMatchObject({ pid: 102, thread: 7, generation: 2, state: "stopping", active: 1 });
    expect(second.uptimeSeconds).toBeGreaterThanOrEqual(61);
  });

  test("has no pools where nothing is counted", async () => {
    expect(JSON.parse(await shown("json")).pools).toEqual([]);
  });
});

describe("Prometheus", () => {
  /** The values of a metric's samples, by their labels without the pool. */
  function values(metrics: ReadonlyMap<string, Metric>, name: string): unknown[] {
    const metric = metrics.get(`postern_${name}`);
    return (metric?.samples ?? []).map(({ labels: { pool: _pool, ...labels }, value }) => [labels, value]);
  }

  test("has the numbers of the pool and of its workers", async () => {
    const metrics = parsePrometheus(await shown("prometheus", family));
    for (const metric of metrics.values()) {
      expect(metric.help, metric.name).toMatch(/\.$/);
      expect(metric.type, metric.name).not.toBe("untyped");
      // By convention a counter's name says so, and nothing else's does.
      expect(metric.name.endsWith("_total"), metric.name).toBe(metric.type === "counter");
      for (const sample of metric.samples) expect(sample.labels["pool"]).toBe("/run/app.sock,[::1]:9000");
    }
    expect(values(metrics, "pool_info")).toEqual([[{ protocol: "fcgi", model: "prefork", pid: "100" }, 1]]);
    const expected = {
      start_time_seconds: (NOW - 3_661_000) / 1000,
      worker_crashes_total: 1,
      requests_waiting: 4,
      connections_accepted_total: 15,
      connections_open: 2,
      refused_total: 3,
      requests_total: 27,
      request_errors_total: 3,
      requests_active: 4,
      requests_active_max: 9,
      received_bytes_total: 1_500,
      sent_bytes_total: 57_000,
    };
    for (const [name, value] of Object.entries(expected))
      expect(values(metrics, name), name).toEqual([[{}, value]]);
    expect(values(metrics, "workers")).toEqual([
      [{ state: "starting" }, 0],
      [{ state: "ready" }, 1],
      [{ state: "stopping" }, 1],
    ]);
    const [first, second] = [{ pid: "101" }, { pid: "102", thread: "7" }];
    const perWorker = {
      worker_start_time_seconds: [(NOW - 61_000) / 1000, (NOW - 61_000) / 1000],
      worker_generation: [1, 2],
      worker_memory_bytes: [52_000_000, 52_000_000],
      worker_requests_total: [20, 1],
      worker_request_errors_total: [2, 0],
      worker_requests_active: [3, 1],
    };
    for (const [name, [one, other]] of Object.entries(perWorker))
      expect(values(metrics, name), name).toEqual([
        [first, one],
        [second, other],
      ]);
  });

  test("has only metrics that docs/status.md explains, and all of those", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/status.md"), "utf8");
    const explained = [...page.matchAll(/`(postern_\w+)`/g)].map(([, name]) => name);
    const metrics = parsePrometheus(await shown("prometheus", family));
    expect([...new Set(explained)].sort()).toEqual([...metrics.keys()].sort());
  });

  test("has a histogram in seconds, each bucket with those below it", async () => {
    const metrics = parsePrometheus(await shown("prometheus", family));
    const samples = metrics.get("postern_request_duration_seconds")?.samples ?? [];
    const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
    expect(buckets.map(({ labels, value }) => [labels["le"], value])).toEqual([
      ["0.001", 16],
      ["0.002", 20],
      ["0.005", 22],
      ...["0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10"].map((le) => [le, 22]),
      ["+Inf", 23],
    ]);
    expect(samples.slice(-2).map(({ name, value }) => [name, value])).toEqual([
      ["postern_request_duration_seconds_sum", 12.34875],
      ["postern_request_duration_seconds_count", 23],
    ]);
  });

  test("leaves out what a pool cannot tell", async () => {
    const metrics = parsePrometheus(await shown("prometheus", pool()));
    expect(metrics.has("postern_requests_waiting")).toBe(false);
  });

  test("has each metric once for several pools", async () => {
    const other = pool({ protocol: "http", addresses: [{ host: "127.0.0.1", port: 8_080 }] });
    const metrics = parsePrometheus(await shown("prometheus", pool(), other));
    const samples = metrics.get("postern_requests_total")?.samples ?? [];
    expect(samples.map(({ labels }) => labels["pool"])).toEqual(["/run/app.sock", "127.0.0.1:8080"]);
  });

  test("escapes what stands in a label", async () => {
    const path = '/run/a "b"\\n\\c\nd, é.sock';
    const metrics = parsePrometheus(await shown("prometheus", pool({ addresses: [{ path }] })));
    expect(metrics.get("postern_requests_total")?.samples[0]?.labels).toEqual({ pool: path });
  });

  test("is empty where nothing is counted", async () => {
    expect(await shown("prometheus")).toBe("");
  });
});

describe("the page", () => {
  test("has the numbers, as people read them", async () => {
    const page = await shown("html", family);
    for (const words of [
      "<h2>/run/app.sock, [::1]:9000</h2>",
      "fcgi · prefork · process 100 · up 1 h 1 min",
      `<th scope="row">101</th><td class="state ready">ready</td>`,
      `<th scope="row">102, thread 7</th><td class="state stopping">stopping</td>`,
      `<td data-label="Memory">52 MB</td>`,
      `<dt>Waiting</dt><dd class="">4</dd>`,
      `<dt>Errors</dt><dd class="wrong">3</dd><dd>11.1 % of requests</dd>`,
      `<dt>Crashes</dt><dd class="wrong">1</dd>`,
      `<dt>Received</dt><dd class="">1.5 kB</dd>`,
      `<dt>Sent</dt><dd class="">57 kB</dd>`,
      "537 ms on average, of 23 that have finished",
      "Ended workers",
    ])
      expect(page).toContain(words);
    // Of 23: the 12th took up to a millisecond, the 22nd up to five, the 23rd longer than all bounds.
    const together = page.slice(page.indexOf("Together"));
    expect(together).toContain(`<td data-label="p50">≤ 1 ms</td>`);
    expect(together).toContain(`<td data-label="p95">≤ 5 ms</td>`);
    expect(together).toContain(`<td data-label="p99">&gt; 10 s</td>`);
  });

  test("of threads has bytes of the process alone, whose connections they are", async () => {
    const threads = [1, 2].map((thread) =>
      worker({ thread, counters: counts({ requests: 1, bytesSent: 0 }) }),
    );
    const ended = counts({ requests: 1, bytesReceived: 1_500, bytesSent: 57_000, maxActive: 9 });
    const page = await shown("html", pool({ model: "threads", workers: threads, ended }));
    expect(page).toContain("at most 9 at once");
    expect(page.match(/<td data-label="Sent">[^<]*/g)).toEqual([
      ...new Array(3).fill('<td data-label="Sent">'),
      '<td data-label="Sent">57 kB',
    ]);
  });

  test("of one worker says nothing twice", async () => {
    const page = await shown("html", pool());
    expect(page).toContain("One worker");
    expect(page).toContain("None has finished yet.");
    expect(page).not.toMatch(/Together|Ended workers|Crashes|Waiting/);
  });

  test("says so where nothing is counted", async () => {
    expect(await shown("html")).toContain("Nothing is counted here");
  });

  test("escapes what is not its own", async () => {
    const evil = `<script>alert("x")</script>&'`;
    const page = await shown(
      "html",
      pool({
        protocol: evil,
        model: evil,
        addresses: [{ path: `/run/${evil}` }],
        workers: [worker({ state: evil as WorkerStatus["state"] })],
      }),
    );
    expect(page).not.toMatch(/<script|alert\("/);
    expect(page.match(/&lt;script&gt;alert\(&quot;x&quot;\)&lt;\/script&gt;&amp;&#39;/g)?.length).toBe(5);
  });

  test.each([
    ["", undefined],
    ["&refresh=5", "5"],
    ["&refresh=1", "1"],
    ["&refresh=99999", "3600"],
    ["&refresh=0", undefined],
    ["&refresh=-5", undefined],
    ["&refresh=x", undefined],
    ["&refresh=5;url=https://example.org/", "5"],
    ["&refresh=7%22%3E%3Cb%3E", "7"],
  ])("asks again as %j says", async (query, seconds) => {
    const text = await shown(`html${query}`);
    expect(/<meta http-equiv="refresh" content="([^"]*)">/.exec(text)?.[1]).toBe(seconds);
    expect(text).not.toMatch(/example\.org|<b>/);
  });
});
