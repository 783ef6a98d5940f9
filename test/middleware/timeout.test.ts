import { afterAll, beforeAll, expect, test } from "vitest";
import type { Application, Chunk } from "../../lib/gateway/types.ts";
import { type TimeoutOptions, timeout } from "../../lib/middleware/timeout.ts";
import { openBodies } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { testEnviron } from "../support/environ.ts";
import { promised } from "../support/promised.ts";
import { between, says } from "./between.ts";

const head = ["200 OK", [["Content-Type", "text/plain"]]] as const;
const MS = 20;

function ask(inner: Application, options: Partial<TimeoutOptions> = {}, request: CallRequest = {}) {
  return call(between(timeout({ ms: MS, ...options }), inner), "/slow?secret", request);
}

/** When `postern.signal` is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

const stray: unknown[] = [];
const keep = (error: unknown) => stray.push(error);
beforeAll(() => void process.on("unhandledRejection", keep));
afterAll(() => {
  process.off("unhandledRejection", keep);
  expect(stray).toEqual([]);
  expect(openBodies()).toEqual([]);
});

test("a promise that comes too late is a 504", async () => {
  const reasons: unknown[] = [];
  const response = await ask(async (environ, startResponse) => {
    const signal = environ["postern.signal"];
    await aborted(signal);
    reasons.push(signal.reason);
    startResponse(...head);
    return ["late"];
  });
  expect([response.status, response.text, response.cut]).toEqual([504, "Gateway Timeout\n", false]);
  expect(response.errors).toBe(`GET /slow: the application took longer than ${MS} ms\n`);
  expect(reasons).toEqual([expect.objectContaining({ name: "TimeoutError" })]);
});

test("so is a first chunk, and the body is left when it comes", async () => {
  const left = promised<string>();
  const response = await ask((environ, startResponse) => {
    startResponse(...head);
    return (async function* () {
      try {
        await aborted(environ["postern.signal"]);
        yield "late";
        left.resolve("read on");
      } finally {
        left.resolve("left");
      }
    })();
  });
  expect([response.status, response.text]).toEqual([504, "Gateway Timeout\n"]);
  expect(await left.promise).toBe("left");
});

test("a later chunk cuts the response", async () => {
  const left = promised<string>();
  const response = await ask((environ, startResponse) => {
    startResponse(...head);
    return (async function* () {
      try {
        yield "begun";
        await aborted(environ["postern.signal"]);
        yield "late";
        left.resolve("read on");
      } finally {
        left.resolve("left");
      }
    })();
  });
  expect([response.status, response.text, response.cut]).toEqual([200, "begun", true]);
  expect(response.errors).toContain(`the application took longer than ${MS} ms`);
  expect(await left.promise).toBe("left");
});

test("so does what was sent by write", async () => {
  const response = await ask(async (environ, startResponse) => {
    await startResponse(...head)("begun");
    await aborted(environ["postern.signal"]);
    return [];
  });
  expect([response.status, response.text, response.cut]).toEqual([200, "begun", true]);
});

test("until the head: then a body may take its time", async () => {
  const response = await ask(
    (_environ, startResponse) => {
      startResponse(...head);
      return (async function* () {
        yield "";
        yield "begun";
        await new Promise((resolve) => setTimeout(resolve, 3 * MS));
        yield ", done";
      })();
    },
    { until: "head" },
  );
  expect([response.status, response.text, response.cut]).toEqual([200, "begun, done", false]);
});

test("until the head: an empty chunk is none", async () => {
  const response = await ask(
    (environ, startResponse) => {
      startResponse(...head);
      return (async function* () {
        yield "";
        await aborted(environ["postern.signal"]);
      })();
    },
    { until: "head" },
  );
  expect(response.status).toBe(504);
});

test("what is late fails alone", async () => {
  const late = promised<void>();
  const outcomes: unknown[] = [];
  const response = await ask(async (environ, startResponse) => {
    await aborted(environ["postern.signal"]);
    setImmediate(late.resolve);
    try {
      startResponse(...head);
    } catch (error) {
      outcomes.push(error);
    }
    throw new Error("late on purpose");
  });
  await late.promise;
  expect(response.status).toBe(504);
  expect(outcomes).toEqual([expect.objectContaining({ code: "RESPONSE_OVER" })]);
});

test.each([
  [new Error("late on purpose"), 1],
  [new DOMException("aborted", "AbortError"), 0],
])("the log gets late errors, not those of the signal itself: %s", async (error, lines) => {
  const { environ, errors } = testEnviron();
  const failure = promised<Error>();
  const app = timeout({ ms: 1 })(() =>
    failure.promise.then((late) => {
      throw late;
    }),
  );
  expect(await app(environ, () => () => Promise.resolve())).toEqual(["Gateway Timeout\n"]);
  failure.resolve(error);
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors.filter((text) => text.includes(error.message))).toHaveLength(lines);
});

test("a late write is refused, and does not get into the 504", async () => {
  const tried = promised<unknown>();
  const response = await ask(async (environ, startResponse) => {
    const write = startResponse(...head);
    await aborted(environ["postern.signal"]);
    tried.resolve(await write("late").catch((error: unknown) => error));
    return [];
  });
  expect([response.status, response.text]).toEqual([504, "Gateway Timeout\n"]);
  expect(await tried.promise).toMatchObject({ code: "RESPONSE_OVER" });
});

test("what comes in time goes through, whatever its kind", async () => {
  const stream: Application = (_environ, startResponse) => {
    startResponse(...head);
    return (async function* () {
      yield "a";
      yield "b";
    })();
  };
  const sync: Application = (_environ, startResponse) => {
    startResponse(...head);
    return new Set(["a", "b"]);
  };
  const later: Application = async (_environ, startResponse) => {
    startResponse(...head);
    return ["ab"];
  };
  for (const inner of [stream, sync, later, says("ab")]) {
    const response = await ask(inner);
    expect([response.status, response.text, response.errors]).toEqual([200, "ab", ""]);
  }
});

test("an error in time is the application's own", async () => {
  const response = await ask(() => Promise.reject(new Error("on purpose")));
  expect([response.status, response.errors.includes("on purpose")]).toEqual([500, true]);
});

test("close() is called once, behind the application's last word", async () => {
  const closed = promised<string[]>();
  const words: string[] = [];
  const response = await ask((environ, startResponse) => {
    startResponse(...head);
    const body = (async function* (): AsyncGenerator<Chunk> {
      await aborted(environ["postern.signal"]);
      words.push("woken");
      yield "late";
    })();
    return Object.assign(body, {
      close() {
        words.push("closed");
        closed.resolve(words);
      },
    });
  });
  expect(response.status).toBe(504);
  expect(await closed.promise).toEqual(["woken", "closed"]);
});

test("the signal is aborted with the server's, too", async () => {
  const gone = new AbortController();
  const seen = promised<unknown>();
  const asked = ask(
    async (environ) => {
      const signal = environ["postern.signal"];
      gone.abort(new Error("the client has gone"));
      seen.resolve(signal.reason);
      throw signal.reason;
    },
    { ms: 10_000 },
    { signal: gone.signal },
  );
  expect(await seen.promise).toMatchObject({ message: "the client has gone" });
  expect((await asked).status).toBe(0);
});

test("a signal that nobody reads is not made, and an array is returned as it is", () => {
  let made = 0;
  const { environ } = testEnviron();
  Object.defineProperty(environ, "postern.signal", {
    configurable: true,
    enumerable: true,
    get: () => {
      made++;
      return new AbortController().signal;
    },
  });
  expect(timeout({ ms: MS })(says("done"))(environ, () => () => Promise.resolve())).toEqual(["done"]);
  expect(made).toBe(0);
  const signal = environ["postern.signal"];
  expect(signal).toBeInstanceOf(AbortSignal);
  expect(environ["postern.signal"]).toBe(signal);
  expect(made).toBe(1);
});

test.each([
  { ms: 0 },
  { ms: -1 },
  { ms: Number.NaN },
  { ms: Number.POSITIVE_INFINITY },
  { ms: 1, until: "body" },
])("%j is refused", (options) => {
  expect(() => timeout(options as TimeoutOptions)).toThrow(expect.objectContaining({ code: "OPTION" }));
});

test("an application may be tried again with the same environ", async () => {
  const timed = timeout({ ms: 1000 })((environ, startResponse) => {
    startResponse(...head);
    return [String(environ["postern.signal"].aborted)];
  });
  const again: Application = (environ, startResponse) => {
    timed(environ, () => async () => {});
    return timed(environ, startResponse);
  };
  expect((await call(again, "/")).text).toBe("false");
});

test("a file that comes too late is closed", async () => {
  const closed = promised<string>();
  const response = await ask(async (environ, startResponse) => {
    startResponse(...head);
    await aborted(environ["postern.signal"]);
    const file = environ["postern.file_wrapper"](import.meta.filename);
    return Object.assign(file, { close: () => closed.resolve("closed") });
  });
  expect(response.status).toBe(504);
  expect(await closed.promise).toBe("closed");
});
