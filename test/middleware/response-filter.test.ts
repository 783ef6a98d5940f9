import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EARLY_HEAD } from "../../lib/gateway/early-head.ts";
import type { Application, Body, Environ, FileBody, Middleware } from "../../lib/gateway/types.ts";
import {
  filterResponse,
  type ResponseFilter,
  type ResponseHead,
  type ResponseOutcome,
  watchResponse,
} from "../../lib/middleware/response-filter.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { testEnviron } from "../support/environ.ts";

const PLAIN = [["Content-Type", "text/plain"]] as const;
const FILE = import.meta.filename;

const passing: ResponseFilter = (_head, body) => body;
const marking: ResponseFilter = (head, body) => {
  head.headers.set("X-Filter", head.status);
  return body;
};

function filtered(filter: ResponseFilter, written?: (head: ResponseHead) => void): Middleware {
  return (application) => (environ, startResponse) =>
    filterResponse(application, environ, startResponse, filter, written);
}

/** Between validators, as a server and as an application would have it. */
function ask(middleware: Middleware, application: Application, request: CallRequest = {}) {
  return call(validate(middleware(validate(application))), "/", request);
}

function answering(body: () => Body): Application {
  return (_environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return body();
  };
}

/** A body that says how it was used. */
class Watched {
  readonly events: string[] = [];
  readonly #chunks: readonly string[];
  readonly #failing: boolean;

  constructor(chunks: readonly string[], failing = false) {
    this.#chunks = chunks;
    this.#failing = failing;
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    const chunks = this.#chunks.values();
    return {
      next: async () => {
        const step = chunks.next();
        if (step.done && this.#failing) throw new Error("broken");
        return step;
      },
      return: async () => {
        this.events.push("return");
        return { done: true, value: undefined };
      },
    };
  }

  close(): void {
    this.events.push("close");
  }
}

describe("filterResponse", () => {
  test("an array goes out synchronously, and stays the same one", () => {
    const body = ["x"];
    const { environ } = testEnviron();
    const heads: unknown[] = [];
    const given = filterResponse(
      answering(() => body),
      environ,
      (status, headers) => {
        heads.push([status, [...headers]]);
        return async () => {};
      },
      marking,
    );
    expect(given).toBe(body);
    expect(heads).toEqual([["200 OK", [...PLAIN, ["X-Filter", "200 OK"]]]]);
  });

  test("a file stays a file", async () => {
    const { environ } = testEnviron();
    const application: Application = (one, startResponse) => {
      startResponse("200 OK", PLAIN);
      return one["postern.file_wrapper"](FILE, { start: 3 });
    };
    const given = filterResponse(application, environ, () => async () => {}, marking);
    expect(given).toMatchObject({ path: FILE, range: { start: 3 } });
  });

  test.each<[string, Application]>([
    ["an array", answering(() => ["a", "bc"])],
    ["a generator", answering(() => letters())],
    ["an async generator", answering(() => asyncLetters())],
    ["a promise of one", async (...call) => answering(() => asyncLetters())(...call)],
    [
      "one that starts the response with its first chunk",
      async function* (_environ, startResponse) {
        yield "";
        startResponse("200 OK", PLAIN);
        yield* asyncLetters();
      },
    ],
  ])("%s comes through", async (_what, application) => {
    const response = await ask(filtered(marking), application);
    expect(response).toMatchObject({ status: 200, text: "abc", cut: false, errors: "" });
    expect(response.header("X-Filter")).toBe("200 OK");
    expect(openBodies()).toEqual([]);
  });

  function* letters() {
    yield "a";
    yield "bc";
  }

  async function* asyncLetters() {
    yield* letters();
  }

  test("a body without a chunk: the head is filtered at its end", async () => {
    const response = await ask(filtered(marking), async function* (_environ, startResponse) {
      startResponse("404 Not Found", []);
      yield "";
    });
    expect(response).toMatchObject({ status: 404, text: "" });
    expect(response.header("X-Filter")).toBe("404 Not Found");
  });

  test("the filter sees the head that replaces another before the first chunk, once", async () => {
    const seen: string[] = [];
    const response = await ask(
      filtered((head, body) => {
        seen.push(head.status);
        return body;
      }),
      async function* (_environ, startResponse) {
        startResponse("200 OK", PLAIN);
        yield "";
        startResponse("503 Service Unavailable", PLAIN, new Error("late"));
        yield "sorry";
      },
    );
    expect(response).toMatchObject({ status: 503, text: "sorry" });
    expect(seen).toEqual(["503 Service Unavailable"]);
  });

  test("an error after the first chunk: startResponse throws it, the response is cut", async () => {
    const response = await ask(filtered(passing), async function* (_environ, startResponse) {
      startResponse("200 OK", PLAIN);
      yield "begun";
      startResponse("500 Internal Server Error", PLAIN, new Error("too late"));
    });
    expect(response).toMatchObject({ status: 200, text: "begun", cut: true });
    expect(response.errors).toContain("too late");
  });

  test("startResponse twice without an error is the application's fault", async () => {
    const response = await call(
      filtered(passing)((_environ, startResponse) => {
        startResponse("200 OK", PLAIN);
        startResponse("201 Created", PLAIN);
        return [];
      }),
      "/",
    );
    expect(response.status).toBe(500);
    expect(response.errors).toContain("START_RESPONSE_TWICE");
  });

  test("a bad header throws where the application sets it", async () => {
    const response = await call(
      filtered(passing)((_environ, startResponse) => {
        try {
          startResponse("200 OK", [["X-A", "a\r\nb"]]);
        } catch (error) {
          startResponse("400 Bad Request", PLAIN, error);
        }
        return ["no"];
      }),
      "/",
    );
    expect(response.status).toBe(400);
  });

  test("headers are copied at the call", async () => {
    const response = await ask(filtered(passing), (_environ, startResponse) => {
      const headers: [string, string][] = [["Content-Type", "text/plain"]];
      startResponse("200 OK", headers);
      headers.push(["X-Late", "1"]);
      return ["x"];
    });
    expect(response.header("X-Late")).toBeUndefined();
  });

  test.each<[string, Application]>([
    [
      "no startResponse",
      async function* () {
        yield "x";
      },
    ],
    ["no startResponse, an array", () => ["x"]],
    ["no body", answering(() => undefined as unknown as Body)],
    ["a body that is a string", answering(() => 5 as unknown as Body)],
    [
      "an error",
      () => {
        throw new Error("broken");
      },
    ],
    [
      "an error of the promise",
      async () => {
        throw new Error("broken");
      },
    ],
    ["an error before the first chunk", answering(() => new Watched([], true))],
  ])("%s: the server answers 500, and the filter is not asked", async (_what, application) => {
    const response = await call(
      filtered(() => {
        throw new Error("the filter was asked");
      })(application),
      "/",
    );
    expect(response.status).toBe(500);
    expect(response.errors).not.toContain("the filter was asked");
    expect(response.errors).not.toBe("");
  });

  test("what is written passes with its head, and the body behind it", async () => {
    const response = await ask(
      filtered(
        () => {
          throw new Error("the filter was asked");
        },
        (head) => head.headers.set("X-Written", "yes"),
      ),
      async (_environ, startResponse) => {
        const write = startResponse("200 OK", PLAIN);
        await write("");
        await write("a");
        await write("b");
        return ["c"];
      },
    );
    expect(response).toMatchObject({ text: "abc", cut: false, errors: "" });
    expect(response.header("X-Written")).toBe("yes");
  });

  test("an empty write sends no head: it can be replaced", async () => {
    const response = await ask(filtered(marking), async (_environ, startResponse) => {
      const write = startResponse("200 OK", PLAIN);
      await write("");
      startResponse("503 Service Unavailable", PLAIN, new Error("late"));
      return ["sorry"];
    });
    expect(response.header("X-Filter")).toBe("503 Service Unavailable");
  });

  test("write rejects when the head cannot be sent", async () => {
    const response = await ask(
      filtered(passing, () => {
        throw new Error("no head");
      }),
      async (_environ, startResponse) => {
        const write = startResponse("200 OK", PLAIN);
        await expect(write("a")).rejects.toThrow("no head");
        return [];
      },
    );
    expect(response.status).toBe(200);
  });

  describe("leaves the application's body once and closes it", () => {
    const cases: readonly [string, ResponseFilter, CallRequest, readonly string[]][] = [
      ["at its end", passing, {}, ["close"]],
      ["for HEAD", passing, { method: "HEAD" }, ["return", "close"]],
      ["for another array", () => ["other"], {}, ["return", "close"]],
      ["for nothing", () => [], {}, ["return", "close"]],
      [
        "for a body that reads it",
        (_head, body) =>
          (async function* () {
            yield* body;
          })(),
        {},
        ["close"],
      ],
      [
        "for a body that reads it and is left",
        (_head, body) =>
          (async function* () {
            yield* body;
          })(),
        { method: "HEAD" },
        ["return", "close"],
      ],
      [
        "for a body that fails",
        () =>
          // biome-ignore lint/correctness/useYield: it fails before
          (async function* () {
            throw new Error("broken");
          })(),
        {},
        ["return", "close"],
      ],
      [
        "when the filter fails",
        () => {
          throw new Error("broken");
        },
        {},
        ["return", "close"],
      ],
      ["when the filter rejects", async () => Promise.reject(new Error("broken")), {}, ["return", "close"]],
      [
        "when the head cannot be sent",
        (head, body) => {
          head.headers.set("X-A", "\n");
          return body;
        },
        {},
        ["return", "close"],
      ],
    ];

    test.each(cases)("%s", async (_what, filter, request, expected) => {
      const body = new Watched(["a", "b"]);
      await call(filtered(filter)(answering(() => body)), "/", request);
      expect(body.events).toEqual(expected);
    });

    test("not after its own error", async () => {
      const body = new Watched(["a"], true);
      const response = await call(filtered(passing)(answering(() => body)), "/");
      expect(response).toMatchObject({ text: "a", cut: true });
      expect(body.events).toEqual(["close"]);
    });

    test("a client that goes", async () => {
      const client = new AbortController();
      const body = new Watched(["a", "b"]);
      const leaving: ResponseFilter = (_head, held) => {
        client.abort();
        return held;
      };
      await call(filtered(leaving)(answering(() => body)), "/", { signal: client.signal });
      expect(body.events).toEqual(["return", "close"]);
    });

    test("an error of the cleaning up is logged and changes nothing", async () => {
      const response = await ask(
        filtered(() => ["other"]),
        answering(async function* () {
          try {
            yield "a";
            yield "b";
          } finally {
            await Promise.reject(new Error("cleaning up failed"));
          }
        }),
      );
      expect(response).toMatchObject({ status: 200, text: "other", cut: false });
      expect(response.errors).toContain("cleaning up failed");
    });

    test.each<[string, ResponseFilter]>([
      ["an array in its place", () => ["other"]],
      [
        "a body that reads it",
        (_head, body) =>
          (async function* () {
            yield* body;
          })(),
      ],
      ["itself", passing],
      ["a promise", async () => ["other"]],
      [
        "an error",
        () => {
          throw new Error("broken");
        },
      ],
      ["a rejection", async () => Promise.reject(new Error("broken"))],
    ])("a file, closed: %s", async (_what, filter) => {
      const events: string[] = [];
      const application: Application = (environ, startResponse) => {
        startResponse("200 OK", PLAIN);
        return Object.assign(environ["postern.file_wrapper"](FILE), { close: () => events.push("close") });
      };
      await call(filtered(filter)(application), "/");
      expect(events).toEqual(["close"]);
    });
  });

  test("filters in one another", async () => {
    const named =
      (name: string): ResponseFilter =>
      (head, body) => {
        head.headers.add("X-Filter", name);
        return body;
      };
    const outer = filtered(named("outer"));
    const inner = filtered(named("inner"));
    const body = new Watched(["a", "b"]);
    const response = await ask(
      (application) => outer(validate(inner(application))),
      answering(() => body),
      { method: "HEAD" },
    );
    expect(response.headers.filter(([name]) => name === "X-Filter").map(([, value]) => value)).toEqual([
      "inner",
      "outer",
    ]);
    expect(body.events).toEqual(["return", "close"]);
  });
});

describe("the headers of a head", () => {
  function change(filter: (head: ResponseHead) => void, ...headers: [string, string][]) {
    return ask(
      filtered((head, body) => {
        filter(head);
        return body;
      }),
      (_environ, startResponse) => {
        startResponse("200 OK", [...PLAIN, ...headers]);
        return [];
      },
    );
  }

  test.each<[string, [string, string][]]>([
    ["Accept-Encoding", []],
    ["Cookie, Accept-Encoding", [["vary", "Cookie"]]],
    [
      "Cookie, Origin, Accept-Encoding",
      [
        ["Vary", "Cookie"],
        ["vary", "Origin"],
      ],
    ],
    ["Cookie, accept-encoding", [["Vary", "Cookie, accept-encoding"]]],
    ["*", [["Vary", "*"]]],
  ])("vary: %s", async (expected, headers) => {
    const response = await change((head) => head.headers.vary("Accept-Encoding"), ...headers);
    expect(response.headers.filter(([name]) => /^vary$/i.test(name)).map(([, value]) => value)).toEqual([
      expected,
    ]);
  });

  test("are found whatever their case", async () => {
    const response = await change(
      ({ headers }) => {
        headers.set("X-Seen", String(headers.get("ETag")));
        headers.remove("etag");
      },
      ["etag", '"a"'],
      ["ETAG", '"b"'],
    );
    expect(response.header("X-Seen")).toBe('"a"');
    expect(response.header("ETag")).toBeUndefined();
  });
});

describe("watchResponse", () => {
  function watching(outcomes: ResponseOutcome[]): Middleware {
    return (application) => (environ, startResponse) =>
      watchResponse(application, environ, startResponse, (outcome) => outcomes.push(outcome));
  }

  const cases: readonly [string, Application, CallRequest, Partial<ResponseOutcome>][] = [
    ["an array", answering(() => ["a", "\u20ac"]), {}, { bytes: 4, left: false }],
    ["an array, HEAD", answering(() => ["abc"]), { method: "HEAD" }, { bytes: 0, left: false }],
    [
      "no body",
      (_environ, startResponse) => {
        startResponse("204 No Content", []);
        return [];
      },
      {},
      { status: "204 No Content", bytes: 0, left: false, headers: [] },
    ],
    ["a body", answering(() => new Watched(["a", "b"])), {}, { bytes: 2, left: false }],
    ["a body, HEAD", answering(() => new Watched(["a"])), { method: "HEAD" }, { bytes: 0, left: true }],
    [
      "a body behind what is written",
      async (_environ, startResponse) => {
        await startResponse("200 OK", PLAIN)("ab");
        return new Watched(["c"]);
      },
      {},
      { bytes: 3, left: false },
    ],
    [
      "a file",
      (environ, startResponse) => {
        startResponse("200 OK", PLAIN);
        return environ["postern.file_wrapper"](FILE, { end: 9 });
      },
      {},
      { bytes: 10, left: false },
    ],
    [
      "a body that fails",
      answering(() => new Watched(["a"], true)),
      {},
      { bytes: 1, left: false, error: expect.objectContaining({ message: "broken" }) },
    ],
    [
      "an application that fails",
      () => {
        throw new Error("broken");
      },
      {},
      { status: undefined, headers: [], error: expect.objectContaining({ message: "broken" }) },
    ],
    [
      "an application that rejects",
      async () => Promise.reject(new Error("broken")),
      {},
      { status: undefined, headers: [], error: expect.objectContaining({ message: "broken" }) },
    ],
    [
      "a head that is replaced",
      async function* (_environ, startResponse) {
        startResponse("200 OK", PLAIN);
        startResponse("503 Service Unavailable", PLAIN, new Error("late"));
        yield "sorry";
      },
      {},
      { status: "503 Service Unavailable", bytes: 5 },
    ],
  ];

  test.each(cases)("%s: one outcome", async (_what, application, request, expected) => {
    const outcomes: ResponseOutcome[] = [];
    await ask(watching(outcomes), application, request);
    expect(outcomes.map(({ firstByteAt: _at, ...outcome }) => outcome)).toEqual([
      { status: "200 OK", headers: PLAIN, left: false, error: undefined, bytes: 0, ...expected },
    ]);
    expect(openBodies()).toEqual([]);
  });

  test("an array stays that array, at once; a file stays a file, and may be dropped", () => {
    const outcomes: ResponseOutcome[] = [];
    const watch = (application: Application, environ: Environ) =>
      watching(outcomes)(application)(environ, () => async () => {});
    const body = ["abc"];
    const { environ } = testEnviron();
    expect(
      watch(
        answering(() => body),
        environ,
      ),
    ).toBe(body);
    expect(outcomes).toHaveLength(1);
    const file = watch((one) => one["postern.file_wrapper"](FILE), environ) as FileBody & {
      close(): void;
    };
    expect(file).toMatchObject({ path: FILE, range: {} });
    expect(outcomes).toHaveLength(1);
    file.close();
    expect(outcomes[1]).toMatchObject({ bytes: 0, left: true });
  });

  test("a file comes through whole", async () => {
    const response = await ask(watching([]), (environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return environ["postern.file_wrapper"](FILE);
    });
    expect(response.text).toBe(readFileSync(FILE, "utf8"));
  });
});

test("a file that cannot be opened still has a word, where its body is left as it is", async () => {
  const unreadable: Application = (_environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    const body: FileBody = {
      path: FILE,
      range: {},
      async *[Symbol.asyncIterator]() {
        startResponse("403 Forbidden", PLAIN, new Error("EACCES"));
        yield Buffer.from("no");
      },
    };
    return body;
  };
  expect(await ask(filtered(passing), unreadable)).toMatchObject({ status: 403, text: "no" });
});

test("the sign of an early head goes through", async () => {
  const silent: Application = (_environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return (async function* () {
      yield EARLY_HEAD;
      yield "later";
    })();
  };
  const { environ } = testEnviron();
  const body = await filtered(marking)(silent)(environ, () => async () => {});
  const chunks: unknown[] = [];
  for await (const chunk of body) chunks.push(chunk);
  // The object itself is the sign.
  expect(chunks[0]).toBe(EARLY_HEAD);
  expect(chunks.slice(1)).toEqual(["later"]);
});
