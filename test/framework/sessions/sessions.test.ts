import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { memoryStore } from "../../../lib/framework/sessions/stores/memory.ts";
import {
  type SessionOf,
  type SessionOptions,
  type SessionStore,
  sessions,
} from "../../../lib/framework/sessions.ts";
import { type App, application, noContent, seeOther, type Web } from "../../../lib/index.ts";
import { ask } from "../ask.ts";
import { sample } from "./shared-suite.ts";
import { setCookies, Visitor } from "./visitor.ts";

const ID = /^[0-9a-f]{32}$/;

/** A session with a handler of its own, at every path. */
function one<T extends object = Record<string, unknown>>(
  handler: (web: Web, session: SessionOf<T>) => unknown,
  options: SessionOptions<T> = {},
  store: SessionStore = memoryStore(),
) {
  const app: App = application([["/(.*)", (web: Web) => handler(web, session)]]);
  const session = sessions<T>(app, store, options as never);
  return app;
}

const setOne = async (web: Web, session: SessionOf<Record<string, unknown>>) => {
  (await session(web))["a"] = 1;
  return "ok";
};

describe("the cookie", () => {
  test("has 128 bits as its value, and what is safe as its attributes", async () => {
    const values = new Set<string>();
    for (let i = 0; i < 5; i += 1) {
      const [line = ""] = setCookies(await ask(one(setOne), "/"));
      const [, value = "", attributes] = /^session=(\w+); (.*)$/.exec(line) ?? [];
      expect(value).toMatch(ID);
      expect(attributes).toBe("Path=/; HttpOnly; SameSite=Lax");
      values.add(value);
    }
    expect(values.size).toBe(5);
  });

  test.each<[string, SessionOptions<Record<string, unknown>>, Parameters<typeof ask>[2], string]>([
    ["on https", {}, { https: true }, "Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["below a mount point", {}, { scriptName: "/app" }, "Path=/app/; HttpOnly; SameSite=Lax"],
    [
      "as it is told",
      { cookiePath: "/x", cookieDomain: "example.org", httpOnly: false, secure: true, sameSite: "strict" },
      {},
      "Domain=example.org; Path=/x; Secure; SameSite=Strict",
    ],
    [
      "for as long as the session",
      { cookieLifetime: "timeout", timeout: 90 },
      {},
      "Max-Age=90; Path=/; HttpOnly; SameSite=Lax",
    ],
    ["for a month", { cookieLifetime: 2_592_000 }, {}, "Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax"],
  ])("%s", async (_name, options, request, attributes) => {
    const [line = ""] = setCookies(await ask(one(setOne, options), "/", request));
    expect(line.replace(/^session=\w+; /, "")).toBe(attributes);
  });

  test("has the name it is given", async () => {
    const app = sample(memoryStore(), { cookieName: "__Host-id", secure: true });
    const visitor = new Visitor(app);
    await visitor.ask("/set/user/1");
    expect([...visitor.cookies.keys()]).toEqual(["__Host-id"]);
    expect(await visitor.json("/see")).toMatchObject({ user: 1 });
  });

  test("with a lifetime is sent again at each use that counts", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const app = sample(memoryStore(), { cookieLifetime: "timeout", timeout: 2 });
    const visitor = new Visitor(app);
    await visitor.ask("/set/user/1");
    expect(setCookies(await visitor.ask("/see"))).toEqual([]);
    vi.advanceTimersByTime(250);
    expect(setCookies(await visitor.ask("/see"))).toEqual([
      expect.stringMatching(/^session=\w+; Max-Age=2;/),
    ]);
  });

  test("of two with its name the first counts", async () => {
    const visitor = new Visitor(sample(memoryStore()));
    await visitor.ask("/set/user/1");
    const Cookie = `session=${visitor.cookies.get("session")}; session=0123456789abcdef0123456789abcdef`;
    expect(await visitor.json("/see", { headers: { Cookie } })).toMatchObject({ user: 1 });
  });
});

describe("a response that used a session", () => {
  test("is nobody else's", async () => {
    const app = sample(memoryStore());
    const used = await ask(app, "/see");
    expect(used.header("Cache-Control")).toBe("private, no-cache");
    expect(used.header("Vary")).toBe("Cookie");
    const unused = await ask(app, "/none");
    expect(unused.header("Cache-Control")).toBeUndefined();
    expect(unused.header("Vary")).toBeUndefined();
  });

  test("keeps what the handler says of caches", async () => {
    const app = one(async (web, session) => {
      await session(web);
      web.header("Cache-Control", "no-store");
      web.header("Vary", "Accept, cookie");
      return "ok";
    });
    const { headers } = await ask(app, "/");
    expect(headers).toContainEqual(["Cache-Control", "no-store"]);
    expect(headers.filter(([name]) => /^(vary|cache-control)$/i.test(name))).toHaveLength(2);
  });

  test.each<[string, () => unknown, number]>([
    [
      "that is thrown",
      () => {
        throw seeOther("/x");
      },
      303,
    ],
    ["without content", () => noContent(), 204],
    ["that is a file", () => new URL(import.meta.url), 200],
  ])("%s has its cookie", async (_name, answer, status) => {
    const app = one(async (web, session) => {
      (await session(web))["a"] = 1;
      const result = answer();
      return result instanceof URL ? web.file(result) : result;
    });
    const response = await ask(app, "/");
    expect(response).toMatchObject({ status, errors: "" });
    expect(setCookies(response)).toHaveLength(1);
  });
});

describe("a stream", () => {
  test("takes along what is changed before its first chunk", async () => {
    const app = one(async function* (web, session) {
      const s = await session(web);
      s["a"] = 1;
      yield "x";
      yield "y";
    });
    const response = await ask(app, "/");
    expect(response).toMatchObject({ text: "xy", cut: false });
    expect(setCookies(response)).toHaveLength(1);
  });

  test("a change that would need a cookie after that is the application's fault", async () => {
    for (const late of ["a = 1", "regenerate", "update"]) {
      const app = one(async function* (web, session) {
        const s = await session(web);
        yield "x";
        if (late === "a = 1") s["a"] = 1;
        else if (late === "update") await s.update("a", () => 1);
        else s.regenerate();
        yield "y";
      });
      const response = await ask(app, "/");
      expect(response, late).toMatchObject({ text: "x", cut: true });
      expect(response.errors, late).toContain("SESSION_HEAD_SENT");
    }
  });

  test("a change of a value inside the session, too", async () => {
    const app = one(
      async function* (web, session) {
        const s = await session(web);
        yield "x";
        s.list.push("late");
      },
      { initializer: { list: [] as string[] } },
    );
    expect((await ask(app, "/")).errors).toContain("SESSION_HEAD_SENT");
  });

  test("what needs none is stored when it ends", async () => {
    const app: App = application([
      [
        "/set",
        async (web: Web) => {
          (await session(web)).a = 1;
        },
      ],
      ["/see", async (web: Web) => ({ ...(await session(web)) })],
      [
        "/stream",
        async function* (web: Web) {
          const s = await session(web);
          yield "x";
          s.a = 2;
          yield "y";
          await s.update("b", (b) => b + 1);
        },
      ],
    ]);
    const session = sessions(app, memoryStore(), { initializer: { a: 0, b: 10 } });
    const visitor = new Visitor(app);
    await visitor.ask("/set");
    expect(await visitor.ask("/stream")).toMatchObject({ text: "xy", cut: false });
    expect(await visitor.json("/see")).toEqual({ a: 2, b: 11 });
  });
});

test("what is changed is stored before the head goes out", async () => {
  const store = memoryStore();
  const app = sample(store);
  const heads: boolean[] = [];
  const visitor = new Visitor((environ, startResponse) =>
    app(environ, (status, headers) => {
      const id = /^session=(\w+)/.exec([...headers].find(([name]) => name === "Set-Cookie")?.[1] ?? "")?.[1];
      void store.read(id ?? "").then((stored) => heads.push(stored?.values.get("user") === '"ada"'));
      return startResponse(status, headers);
    }),
  );
  await visitor.ask("/set/user/%22ada%22");
  expect(heads).toEqual([true]);
});

test("a processor's change after the handler counts", async () => {
  const app = sample(memoryStore());
  const session = sessions(app, memoryStore(), { cookieName: "other", initializer: { seen: 0 } });
  app.use(async (web, next) => {
    const result = await next();
    (await session(web)).seen += 1;
    return result;
  });
  const visitor = new Visitor(app);
  await visitor.ask("/none");
  expect([...visitor.cookies.keys()]).toEqual(["other"]);
});

test("a handler that does not wait for its session does no harm", async () => {
  const store = memoryStore();
  const failing: SessionStore = { ...store, read: () => Promise.reject(new Error("down")) };
  const app = one(
    (web, session) => {
      void session(web);
      return "ok";
    },
    {},
    failing,
  );
  const headers = { Cookie: "session=0123456789abcdef0123456789abcdef" };
  expect(await ask(app, "/", { headers })).toMatchObject({ status: 200, text: "ok" });
});

test("applications that are mounted share the session, and its cookie is that of the one it was made for", async () => {
  const child: App = application([
    [
      "/set",
      async (web: Web) => {
        (await session(web)).user = "ada";
      },
    ],
    ["/see", async (web: Web) => ({ ...(await session(web)) })],
  ]);
  const app: App = application([
    ["/child/", child],
    ["/see", async (web: Web) => ({ ...(await session(web)) })],
  ]);
  const session = sessions<{ user?: string }>(app, memoryStore());
  const visitor = new Visitor(app);
  const [line] = setCookies(await visitor.ask("/child/set", { scriptName: "/a b" }));
  expect(line).toMatch(/^session=\w+; Path=\/a%20b\/;/);
  expect(await visitor.json("/see")).toEqual({ user: "ada" });
  expect(await visitor.json("/child/see")).toEqual({ user: "ada" });

  const own = sessions<{ user?: string }>(child, memoryStore(), { cookieName: "child" });
  child.addMapping("/own", async (web: Web) => {
    (await own(web)).user = "bob";
  });
  expect(setCookies(await visitor.ask("/child/own"))).toEqual([expect.stringMatching(/; Path=\/child\/;/)]);
});

describe("the initializer", () => {
  test("is copied for each session", async () => {
    const app = sample(memoryStore());
    const [first, second] = [new Visitor(app), new Visitor(app)];
    await first.ask("/push/a");
    expect(await second.json("/see")).toMatchObject({ cart: [] });
    expect(await first.json("/see")).toMatchObject({ cart: ["a"] });
  });

  test("may be a function of the request, whose values stay", async () => {
    let calls = 0;
    const app = one(
      async (web, session) => {
        const s = await session(web);
        if (web.ctx.path === "/set") s["a"] = 1;
        return { ...s };
      },
      { initializer: (web: Web): Record<string, unknown> => ({ number: ++calls, path: web.ctx.path }) },
    );
    const visitor = new Visitor(app);
    await visitor.ask("/set");
    expect(await visitor.json("/see")).toEqual({ a: 1, number: 1, path: "/set" });
  });

  test("gives a value to a key that a stored session lacks", async () => {
    const store = memoryStore();
    const before = one(setOne, {}, store);
    const visitor = new Visitor(before);
    await visitor.ask("/");
    const after = one(
      async (web, session) => ({ ...(await session(web)) }),
      { initializer: { b: 2 } },
      store,
    );
    expect(await new Visitor(after, visitor.cookies).json("/")).toEqual({ a: 1, b: 2 });
  });
});

describe("what cannot be in a session", () => {
  test.each<[string, string, unknown, string]>([
    ["a function", "a", () => {}, "SESSION_VALUE"],
    ["a bigint", "a", 1n, "SESSION_VALUE"],
    [
      "a circle",
      "a",
      (() => {
        const a: unknown[] = [];
        a.push(a);
        return a;
      })(),
      "SESSION_VALUE",
    ],
    ["a name of its own", "kill", 1, "SESSION_KEY"],
    ["what makes it a promise", "then", 1, "SESSION_KEY"],
    ["an own key", "@ip", 1, "SESSION_KEY"],
    ["no name", "", 1, "SESSION_KEY"],
    ["NUL in a key", "a\0", 1, "SESSION_KEY"],
    ["half a character in a key", "a\ud800", 1, "SESSION_KEY"],
    ["too much", "a", "x".repeat(1_048_577), "SESSION_SIZE"],
  ])("%s", async (_name, key, value, code) => {
    const app = one(async (web, session) => {
      (await session(web))[key] = value;
      return "ok";
    });
    const response = await ask(app, "/");
    expect(response.status).toBe(500);
    expect(response.errors).toContain(`code: '${code}'`);
    expect(setCookies(response)).toEqual([]);
  });

  test("a larger limit can be given", async () => {
    const set = (length: number) =>
      one(
        async (web, session) => {
          (await session(web))["a"] = "x".repeat(length);
        },
        { maxBytes: 100 },
      );
    // One byte of the key, two of quotation marks.
    expect((await ask(set(97), "/")).status).toBe(200);
    expect((await ask(set(98), "/")).errors).toContain("SESSION_SIZE");
  });

  test("a key named __proto__ is a key", async () => {
    const visitor = new Visitor(sample(memoryStore()));
    await visitor.ask("/set/__proto__/%7B%22admin%22%3Atrue%7D");
    const { text } = await visitor.ask("/see");
    expect(text).toContain('"__proto__":{"admin":true}');
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });
});

describe("an expired session", () => {
  const strange = { headers: { Cookie: "session=0123456789abcdef0123456789abcdef" } };

  test("is a new one", async () => {
    expect(JSON.parse((await ask(sample(memoryStore()), "/see", strange)).text)).toMatchObject({
      isNew: true,
    });
  });

  test("is told from one that never was", async () => {
    const app: App = application([
      ["/set", async (web: Web) => Object.assign(await session(web), { user: "ada" }).user],
      [
        "/flags",
        async (web: Web) => {
          const { isNew, isExpired } = await session(web);
          return { isNew, isExpired };
        },
      ],
    ]);
    const session = sessions(app, memoryStore());
    const flags = async (request = {}) => JSON.parse((await ask(app, "/flags", request)).text);
    expect(await flags(strange)).toEqual({ isNew: true, isExpired: true });
    expect(await flags({ headers: { Cookie: "session=x" } })).toEqual({ isNew: true, isExpired: false });
    expect(await flags()).toEqual({ isNew: true, isExpired: false });
    const visitor = new Visitor(app);
    await visitor.ask("/set");
    expect(await visitor.json("/flags")).toEqual({ isNew: false, isExpired: false });
  });

  test("ends the request where ignoreExpiry is off, once", async () => {
    const visitor = new Visitor(sample(memoryStore(), { ignoreExpiry: false }), [
      ["session", "0123456789abcdef0123456789abcdef"],
    ]);
    const response = await visitor.ask("/see");
    expect(response).toMatchObject({ status: 401, text: "Session expired", errors: "" });
    expect(response.header("WWW-Authenticate")).toBe('Cookie cookie-name="session"');
    expect(visitor.cookies.size).toBe(0);
    expect(await visitor.json("/see")).toMatchObject({ isNew: true });
    // What has not even the form of an id was never one of ours.
    expect(
      (
        await ask(sample(memoryStore(), { ignoreExpiry: false }), "/see", {
          headers: { Cookie: "session=x" },
        })
      ).status,
    ).toBe(200);
  });

  test.each<[string, Partial<SessionOptions<never>>, object]>([
    [
      "a text and a status",
      { expiredMessage: "too late", expiredStatus: 403 },
      { status: 403, text: "too late" },
    ],
    [
      "a page",
      { expiredMessage: (web: Web) => ({ path: web.ctx.path }) },
      { status: 401, text: '{"path":"/see"}' },
    ],
    [
      "a redirect",
      {
        expiredMessage: () => {
          throw seeOther("/login");
        },
      },
      { status: 303 },
    ],
    ["a redirect that is returned", { expiredMessage: () => seeOther("/login") }, { status: 303 }],
  ])("may have %s for an answer", async (_name, options, expected) => {
    const response = await ask(
      sample(memoryStore(), { ...options, ignoreExpiry: false } as never),
      "/see",
      strange,
    );
    expect(response).toMatchObject({ ...expected, errors: "" });
    expect(setCookies(response)).toHaveLength(1);
  });

  test("is one at another address, where ignoreChangeIp is off; its owner keeps it", async () => {
    const visitor = new Visitor(sample(memoryStore(), { ignoreChangeIp: false }));
    const from = (REMOTE_ADDR: string) => ({ environ: { REMOTE_ADDR } });
    await visitor.ask("/set/user/1", from("192.0.2.1"));
    const thief = visitor.copy();
    expect((await thief.ask("/see", from("192.0.2.2"))).status).toBe(401);
    expect(await visitor.json("/see", from("192.0.2.1"))).toMatchObject({ user: 1 });
    await visitor.ask("/login/ada", from("192.0.2.1"));
    expect(await visitor.json("/see", from("192.0.2.1"))).toMatchObject({ user: "ada" });
  });

  test("of any address is one, by default", async () => {
    const visitor = new Visitor(sample(memoryStore()));
    await visitor.ask("/set/user/1", { environ: { REMOTE_ADDR: "192.0.2.1" } });
    expect(await visitor.json("/see", { environ: { REMOTE_ADDR: "192.0.2.2" } })).toMatchObject({ user: 1 });
  });
});

describe("the removal of expired sessions", () => {
  const cleaned = () => {
    const calls: unknown[][] = [];
    const store = memoryStore();
    store.cleanUp = async (...args) => {
      calls.push(args);
    };
    return { calls, app: sample(store) };
  };
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  test("is done by one of a hundred requests that are a process each, for a part of them", async () => {
    const { app, calls } = cleaned();
    const random = vi.spyOn(Math, "random").mockReturnValue(0.011);
    const environ = { "wsgi.run_once": true };
    expect((await ask(app, "/see", { environ })).status).toBe(200);
    expect(calls).toEqual([]);
    random.mockReturnValue(0.009);
    expect((await ask(app, "/none", { environ })).status).toBe(200);
    expect(calls).toEqual([]);
    expect((await ask(app, "/see", { environ })).status).toBe(200);
    expect(calls).toEqual([[1_000]]);
  });

  test("is done at intervals where the process stays, for all of them, as long as sessions are used", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { app, calls } = cleaned();
    for (let i = 0; i < 3; i += 1) await ask(app, "/see");
    vi.advanceTimersByTime(3_599_000);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(calls).toEqual([[undefined]]);
    vi.advanceTimersByTime(7_200_000);
    expect(calls).toHaveLength(1);
  });

  test("fails nobody where it fails", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const store = memoryStore();
    const cleanUp = () => Promise.reject(new Error("down"));
    const failing = sample(Object.assign(store, { inProcess: false, cleanUp }));
    expect(await ask(failing, "/see", { environ: { "wsgi.run_once": true } })).toMatchObject({
      status: 200,
      errors: "",
    });
  });
});

describe("regenerate()", () => {
  test("leaves the old session whole where the store cannot take the changes, as a full disk cannot", async () => {
    const store = memoryStore();
    const merge = store.merge.bind(store);
    const app = sample(store);
    const visitor = new Visitor(app);
    await visitor.ask("/set/count/7");
    store.merge = async () => {
      throw new Error("ENOSPC");
    };
    expect((await visitor.ask("/login/ada")).status).toBe(503);
    store.merge = merge;
    const values = await visitor.json("/see");
    expect(values).toMatchObject({ count: 7, isNew: false });
    expect(values).not.toHaveProperty("user");
  });

  test("of a session that was ended meanwhile brings nothing of it back", async () => {
    const store = memoryStore();
    const app: App = application([
      [
        "/set",
        async (web: Web) => {
          (await session(web)).secret = "old";
        },
      ],
      ["/see", async (web: Web) => ({ ...(await session(web)) })],
      [
        "/login",
        async (web: Web) => {
          const s = await session(web);
          await store.delete(s.id);
          s.regenerate();
          s.user = "ada";
        },
      ],
      [
        "/rotate",
        async (web: Web) => {
          const s = await session(web);
          await store.delete(s.id);
          s.regenerate();
        },
      ],
    ]);
    const session = sessions<{ secret?: string; user?: string; count: number }>(app, store, {
      initializer: { count: 0 },
    });
    const visitor = new Visitor(app);
    await visitor.ask("/set");
    await visitor.ask("/login");
    expect(await visitor.json("/see")).toEqual({ user: "ada", count: 0 });
    expect(setCookies(await visitor.ask("/rotate"))).toEqual([]);
    expect(await visitor.json("/see")).toEqual({ count: 0 });
  });
});

describe("a store that hangs", () => {
  const hanging = new Promise<never>(() => {});
  const opened = async () => {
    const store = memoryStore();
    const visitor = new Visitor(sample(store, { storeTimeoutMs: 100 }));
    await visitor.ask("/set/count/7");
    return { store, visitor };
  };

  test.each<[string, "read" | "merge" | "rename" | "replace" | "delete", string]>([
    ["is asked for a session", "read", "/see"],
    ["is to store a change", "merge", "/set/user/1"],
    ["is to move one", "rename", "/login/ada"],
    ["is to change one value", "replace", "/add"],
    ["is to end one", "delete", "/logout"],
  ])("where it %s: 503 after storeTimeoutMs, and one line; then all goes on", async (_what, method, path) => {
    const { store, visitor } = await opened();
    const works = store[method];
    Object.assign(store, { [method]: () => hanging });
    const first = await visitor.ask(path);
    expect(first).toMatchObject({ status: 503 });
    expect(first.header("Retry-After")).toBe("5");
    expect(first.errors).toBe("the session store fails (no answer in 100 ms): 503 for a request\n");
    expect(setCookies(first)).toEqual([]);
    expect(await visitor.ask(path)).toMatchObject({ status: 503, errors: "" });
    Object.assign(store, { [method]: works });
    expect((await visitor.ask("/set/user/2")).errors).toContain("works again, after 503 for 1 more");
    expect(await visitor.json("/see")).toMatchObject({ count: 7, user: 2 });
  });

  test("and fails when nobody waits any more harms nobody", async () => {
    const { store, visitor } = await opened();
    let fail = (_error: Error): void => {};
    store.read = () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      });
    expect((await visitor.ask("/see")).status).toBe(503);
    // An error that nobody handles would end this process.
    fail(new Error("late"));
    await new Promise((resolve) => setImmediate(resolve));
  });

  test("and moves a session when its client has got 503 moves it back", async () => {
    const { store, visitor } = await opened();
    const rename = store.rename.bind(store);
    let answer = (): void => {};
    const late = new Promise<void>((resolve) => {
      answer = resolve;
    });
    store.rename = async (...ids) => {
      await late;
      return rename(...ids);
    };
    expect((await visitor.ask("/login/ada")).status).toBe(503);
    store.rename = rename;
    answer();
    await vi.waitFor(
      async () => expect(await visitor.json("/see")).toMatchObject({ count: 7, isNew: false }),
      30_000,
    );
    expect(await visitor.json("/see")).not.toHaveProperty("user");
  });
});

describe("update()", () => {
  test("of a store that hangs gives up in time, however many there are", async () => {
    const store = memoryStore();
    const visitor = new Visitor(sample(store, { storeTimeoutMs: 300 }));
    await visitor.ask("/set/count/7");
    store.replace = () => new Promise(() => {});
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    let answered = false;
    const asked = Promise.all(Array.from({ length: 20 }, () => visitor.copy().ask("/add"))).finally(() => {
      answered = true;
    });
    let passedMs = 0;
    for (; !answered; passedMs += 10) {
      vi.advanceTimersByTime(10);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(new Set((await asked).map(({ status }) => status))).toEqual(new Set([503]));
    // One after the other they would take six seconds.
    expect(passedMs).toBeLessThan(4_000);
  });

  test("begins with what the handler has set before", async () => {
    const app = one(
      async (web, session) => {
        const s = await session(web);
        s.n = 10;
        return { n: await s.update("n", (n) => n + 1), own: s.n };
      },
      { initializer: { n: 0 } },
    );
    const visitor = new Visitor(app);
    expect(await visitor.json("/")).toEqual({ n: 11, own: 11 });
    expect(await visitor.json("/")).toEqual({ n: 11, own: 11 });
  });

  test("sees what others have stored since the request came", async () => {
    const store = memoryStore();
    const app = one(
      async (web, session) => {
        const s = await session(web);
        if (web.ctx.path === "/begin") s.n = 1;
        else await store.merge(s.id, new Map([["n", "100"]]), 60_000);
        return { n: await s.update("n", (n) => n + 1) };
      },
      { initializer: { n: 0 } },
      store,
    );
    const visitor = new Visitor(app);
    expect(await visitor.json("/begin")).toEqual({ n: 2 });
    expect(await visitor.json("/")).toEqual({ n: 101 });
  });
});

test.each([
  ["no store", [application([])]],
  ["the two the other way round", [memoryStore(), application([])]],
  ["a store that is not made", [application([]), memoryStore]],
])("sessions() refuses %s", (_name, [app, store]) => {
  expect(() => sessions(app as never, store as never)).toThrow(
    expect.objectContaining({
      code: "OPTION",
      message: "sessions() takes an application and a store, such as sessions(app, memoryStore())",
    }),
  );
});

test.each([
  ["timeout", { timeout: 0 }],
  ["timeout", { timeout: Number.NaN }],
  ["cookieLifetime", { cookieLifetime: -1 }],
  ["maxBytes", { maxBytes: 0 }],
  ["storeTimeoutMs", { storeTimeoutMs: Number.POSITIVE_INFINITY }],
])("an option that is no time or size is refused: %s", (name, options) => {
  expect(() => sessions(application([]), memoryStore(), options)).toThrow(`option "${name}"`);
});
