import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { application, ok, type Web } from "../../lib/index.ts";
import { testEnviron } from "../support/environ.ts";
import { ask } from "./ask.ts";

const HTML = "text/html; charset=utf-8";
const BYTES = "application/octet-stream";
const one = (handler: (web: Web) => unknown) => application([["/", handler]]);

describe("what a handler returns becomes a body", () => {
  test.each<[string, (web: Web) => unknown, string, string | undefined]>([
    ["text", () => "hé", "hé", HTML],
    ["a promise", async () => "x", "x", HTML],
    ["nothing", () => undefined, "", HTML],
    ["null", () => null, "", HTML],
    ["a number", () => 5, "5", HTML],
    ["bytes", () => Buffer.from("b"), "b", BYTES],
    ["other bytes", () => new Uint8Array([97]), "a", BYTES],
    ["an ArrayBuffer", () => new Uint8Array([98]).buffer, "b", BYTES],
    ["a Blob", () => new Blob(["blob"], { type: "text/csv" }), "blob", "text/csv; charset=utf-8"],
    ["a Blob that says nothing", () => new Blob(["blob"]), "blob", BYTES],
    ["an object", () => ({ a: [1, null] }), '{"a":[1,null]}', "application/json"],
    ["an object without prototype", () => Object.create(null), "{}", "application/json"],
    ["an array", () => ["a"], '["a"]', "application/json"],
    ["a date", () => new Date(0), '"1970-01-01T00:00:00.000Z"', "application/json"],
    ["a generator", generator, "ab", HTML],
    ["an async generator", asyncGenerator, "cd", HTML],
    ["an iterable", () => new Set(["x", "y"]), "xy", HTML],
    ["an empty iterable", () => new Set(), "", HTML],
    ["a Node stream", () => Readable.from([Buffer.from("r")]), "r", BYTES],
    ["a web stream", () => new Blob(["web"]).stream(), "web", BYTES],
    ["a response with an object", () => ok({ a: 1 }), '{"a":1}', "application/json"],
    ["a response with a promise", () => ok(Promise.resolve("x")), "x", HTML],
    [
      "a type that was set",
      (web) => {
        web.header("content-type", "text/x");
        return "x";
      },
      "x",
      "text/x; charset=utf-8",
    ],
    [
      "no content",
      (web) => {
        web.status = 204;
        return "x";
      },
      "",
      undefined,
    ],
  ])("%s", async (_name, handler, text, type) => {
    const response = await ask(one(handler), "/");
    expect([response.text, response.header("Content-Type"), response.errors]).toEqual([text, type, ""]);
    const head = await ask(one(handler), "/", { method: "HEAD" });
    expect([head.text, head.header("Content-Type"), head.errors]).toEqual(["", type, ""]);
  });

  test.each<[string, unknown]>([
    ["a function", () => 1],
    ["a symbol", Symbol("x")],
    ["an error that is returned", new Error("x")],
    ["a fetch Response", new Response("x")],
  ])("%s is the handler's fault", async (_name, result) => {
    const response = await ask(
      one(() => result),
      "/",
    );
    expect([response.status, response.errors]).toEqual([500, expect.stringContaining("code: 'RESULT'")]);
  });

  test("a synchronous handler is answered without a promise", () => {
    const environ = { REQUEST_METHOD: "GET", SCRIPT_NAME: "", PATH_INFO: "/", QUERY_STRING: "" };
    const startResponse = vi.fn();
    expect(one(() => "text")(environ as never, startResponse)).toEqual(["text"]);
    expect(startResponse).toHaveBeenCalledExactlyOnceWith("200 OK", [["Content-Type", HTML]]);
  });
});

describe("a streamed body", () => {
  const ended = vi.fn();
  function* cleaning() {
    try {
      yield "a";
      yield "b";
    } finally {
      ended();
    }
  }
  async function* failing() {
    try {
      yield "a";
      throw new Error("boom");
    } finally {
      ended();
    }
  }

  test.each<[string, () => unknown, string, { cut: boolean; text: string }]>([
    ["that ends", cleaning, "GET", { cut: false, text: "ab" }],
    ["that is left after its first chunk", cleaning, "HEAD", { cut: false, text: "" }],
    ["that fails", failing, "GET", { cut: true, text: "a" }],
  ])("%s runs its finally and the hooks after it, once", async (_name, handler, method, expected) => {
    ended.mockClear();
    const hook = vi.fn();
    const app = one(handler).unloadHook(hook);
    expect(await ask(app, "/", { method })).toMatchObject({ status: 200, ...expected });
    expect(ended).toHaveBeenCalledOnce();
    expect(hook).toHaveBeenCalledOnce();
    expect(ended.mock.invocationCallOrder[0]).toBeLessThan(hook.mock.invocationCallOrder[0] ?? 0);
  });

  test("that fails after its head looks cut and is logged once", async () => {
    const app = one(failing);
    app.internalError = () => "page";
    const response = await ask(app, "/");
    expect(response).toMatchObject({ status: 200, cut: true, text: "a" });
    expect(response.errors.match(/Error: boom/g)).toHaveLength(1);
  });

  test("can still be another response before its first chunk", async () => {
    const app = application([
      [
        "/",
        async function* () {
          yield await Promise.reject(ok("instead"));
        },
      ],
      [
        "/error",
        function* () {
          yield fail();
        },
      ],
    ]);
    expect(await ask(app, "/")).toMatchObject({ status: 200, text: "instead" });
    expect(await ask(app, "/error")).toMatchObject({ status: 500, cut: false });
    app.internalError = () => "sorry";
    expect(await ask(app, "/error")).toMatchObject({ status: 500, text: "sorry" });
  });

  test("of a client that goes away is told so", async () => {
    const gone = new AbortController();
    const stopped = vi.fn();
    const app = one(async function* (web) {
      try {
        yield "a";
        gone.abort();
        yield "b";
      } finally {
        stopped(web.signal.aborted);
      }
    } as (web: Web) => unknown);
    await ask(app, "/", { signal: gone.signal });
    expect(stopped).toHaveBeenCalledExactlyOnceWith(true);
  });
});

describe("web.events()", () => {
  test("encodes events (WHATWG HTML 9.2)", async () => {
    const app = one((web) => web.events(events()));
    async function* events() {
      yield "plain";
      yield "two\nlines\r\nthree";
      yield { event: "named", id: 7, data: { a: 1 }, retry: 1000 };
      yield { event: "a\nb", data: "" };
      yield 5;
    }
    const response = await ask(app, "/");
    expect(response.text).toBe(
      ":\n\ndata: plain\n\ndata: two\ndata: lines\ndata: three\n\n" +
        'event: named\nid: 7\nretry: 1000\ndata: {"a":1}\n\nevent: a b\ndata: \n\ndata: 5\n\n',
    );
    expect(response.header("Content-Type")).toBe("text/event-stream");
    expect(response.header("Cache-Control")).toBe("no-cache");
  });
});

test.each<[string, () => unknown]>([
  ["gives no promise", () => undefined],
  ["throws", () => fail()],
  ["gives a promise that rejects", () => Promise.reject(new Error("boom"))],
])("events of a source whose return() %s end as others do", async (_name, leave) => {
  const gone = new AbortController();
  const left = vi.fn(leave);
  const ended = vi.fn();
  const source = {
    next: () => {
      queueMicrotask(() => gone.abort());
      return new Promise(() => {});
    },
    return: left,
  };
  const app = one((web) => web.events({ [Symbol.asyncIterator]: () => source } as AsyncIterable<unknown>));
  app.unloadHook(ended);
  expect(await ask(app, "/", { signal: gone.signal })).toMatchObject({ errors: "" });
  expect([left.mock.calls.length, ended.mock.calls.length]).toEqual([1, 1]);
});

test("events end when the client goes while nothing happens", async () => {
  const gone = new AbortController();
  const hook = vi.fn();
  const app = one((web) => web.events(silence())).unloadHook(hook);
  async function* silence() {
    queueMicrotask(() => gone.abort());
    await new Promise(() => {});
    yield "never";
  }
  await ask(app, "/", { signal: gone.signal });
  expect(hook).toHaveBeenCalledOnce();
});

test.each<[string, (web: Web) => void]>([
  ["the gateway", (web) => web.header("Connection", "close")],
  ["a cookie", (web) => web.setCookie("bad name", "x")],
])("a body whose head is refused because of %s is left", async (_name, set) => {
  const ended = vi.fn();
  const app = one((web) => {
    set(web);
    return (function* () {
      try {
        yield "a";
      } finally {
        ended();
      }
    })();
  });
  app.unloadHook(() => {});
  expect((await ask(app, "/")).status).toBe(500);
  expect(ended).toHaveBeenCalledOnce();
});

describe("web.file()", () => {
  test("sends a file with its type and length", async () => {
    const folder = await mkdtemp(join(tmpdir(), "postern-file-"));
    try {
      await writeFile(join(folder, "a.PNG"), "png");
      const app = application([
        ["/(.*)", (web, name) => web.file(join(folder, name), web.query({ type: undefined }).type)],
      ]);
      expect(Object.fromEntries((await ask(app, "/a.PNG")).headers)).toMatchObject({
        "Content-Type": "image/png",
        "Content-Length": "3",
      });
      expect(await ask(app, "/a.PNG")).toMatchObject({ status: 200, text: "png" });
      expect((await ask(app, "/a.PNG?type=text/plain")).header("Content-Type")).toBe("text/plain");
      expect((await ask(app, "/a.PNG", { method: "HEAD" })).header("Content-Length")).toBe("3");
      for (const missing of ["/b", "/", "/a.PNG/x", "/a.PNG%00"]) {
        expect((await ask(app, missing)).status).toBe(404);
      }
      app.unloadHook(() => {});
      expect((await ask(app, "/a.PNG")).text).toBe("png");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function fail(): never {
  throw new Error("boom");
}

function* generator() {
  yield "a";
  yield "b";
}

async function* asyncGenerator() {
  yield "c";
  yield "d";
}

describe("heartbeats of web.events()", () => {
  test("a comment is sent while nothing happens", async () => {
    let first = (): void => {};
    const comments = vi.fn();
    const app = one((web) => {
      async function* events() {
        await new Promise<void>((resolve) => {
          first = resolve;
        });
        yield "at last";
      }
      return web.events(events(), { heartbeatSeconds: 0.001 });
    });
    const body = await app(testEnviron().environ, () => () => Promise.resolve());
    let text = "";
    for await (const chunk of body as AsyncIterable<string>) {
      text += chunk;
      if (chunk === ":\n\n") comments();
      if (comments.mock.calls.length === 3) first();
    }
    expect(text).toMatch(/^(:\n\n){3,}data: at last\n\n$/);
  });

  test("what they wait for keeps nothing of them", async () => {
    let arrive = (): void => {};
    const first = new Promise<IteratorResult<string>>((resolve) => {
      arrive = () => resolve({ done: true, value: undefined });
    });
    const waited = vi.spyOn(first, "then");
    const app = one((web) =>
      web.events({ [Symbol.asyncIterator]: () => ({ next: () => first }) }, { heartbeatSeconds: 0.001 }),
    );
    const body = await app(testEnviron().environ, () => () => Promise.resolve());
    let comments = 0;
    for await (const _chunk of body as AsyncIterable<string>) if (++comments === 20) arrive();
    expect(waited.mock.calls.length).toBeLessThan(10);
  });

  test("none where they are switched off, and no other time than seconds", async () => {
    const app = one((web) => web.events(slow(), { heartbeatSeconds: 0 }));
    async function* slow() {
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield "a";
    }
    expect((await ask(app, "/")).text).toBe(":\n\ndata: a\n\n");
    for (const heartbeatSeconds of [-1, Number.NaN, 1e9]) {
      const wrong = one((web) => web.events(slow(), { heartbeatSeconds }));
      expect((await ask(wrong, "/")).errors).toContain("EVENTS");
    }
  });

  test("the timer does not outlive the client", async () => {
    const gone = new AbortController();
    const clear = vi.spyOn(globalThis, "clearTimeout");
    const app = one((web) => web.events(silence()));
    async function* silence() {
      queueMicrotask(() => gone.abort());
      await new Promise(() => {});
      yield "never";
    }
    await ask(app, "/", { signal: gone.signal });
    expect(clear).toHaveBeenCalled();
    clear.mockRestore();
  });

  test("web.lastEventId is what the client has seen last", async () => {
    const app = one((web) => [web.lastEventId ?? null]);
    expect((await ask(app, "/", { headers: { "Last-Event-ID": "7" } })).text).toBe('["7"]');
    expect((await ask(app, "/")).text).toBe("[null]");
  });
});
