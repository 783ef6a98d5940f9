// What sessions do with every store: the same requests, whatever keeps the values.

import { describe, expect, test } from "vitest";
import {
  type CookieStore,
  type SessionOptions,
  type SessionStore,
  sessions,
} from "../../../lib/framework/sessions.ts";
import { type App, application, notModified, type Web } from "../../../lib/index.ts";
import { sessionStoreCases } from "../../../lib/testing/session-store.ts";
import { setCookies, Visitor } from "./visitor.ts";

export interface Values {
  count: number;
  user?: string;
  cart: string[];
  [key: string]: unknown;
}

const initializer: Values = { count: 0, cart: [] };

/** An application that does what its path says. */
export function sample(store: SessionStore | CookieStore, options: Partial<SessionOptions<Values>> = {}) {
  const app: App = application([
    ["/none", () => "nothing"],
    ["/see", async (web: Web) => seen(await session(web))],
    [
      "/set/(.*)/(.*)",
      async (web: Web, key: string, text: string) => {
        const s = await session(web);
        s[key] = JSON.parse(text);
        return seen(s);
      },
    ],
    [
      "/delete/(.*)",
      async (web: Web, key: string) => {
        const s = await session(web);
        delete s[key];
        return seen(s);
      },
    ],
    [
      "/push/(.*)",
      async (web: Web, item: string) => {
        const s = await session(web);
        s.cart.push(item);
        return seen(s);
      },
    ],
    [
      "/add",
      async (web: Web) => {
        const s = await session(web);
        return { count: await s.update("count", (count) => count + 1) };
      },
    ],
    [
      "/login/(.*)",
      async (web: Web, user: string) => {
        const s = await session(web);
        s.regenerate();
        s.user = user;
        return seen(s);
      },
    ],
    [
      "/unchanged/(.*)",
      async (web: Web, user: string) => {
        (await session(web)).user = user;
        throw notModified();
      },
    ],
    [
      "/logout",
      async (web: Web) => {
        (await session(web)).kill();
        return "bye";
      },
    ],
    [
      "/logout-with-message",
      async (web: Web) => {
        const s = await session(web);
        s.kill();
        s.flash("message", "bye");
        return "bye";
      },
    ],
    [
      "/flash/(.*)",
      async (web: Web, text: string) => {
        (await session(web)).flash("message", text);
        return "ok";
      },
    ],
    ["/flashes", async (web: Web) => (await session(web)).flashes()],
    [
      "/fail",
      async (web: Web) => {
        const s = await session(web);
        s.count = 99;
        throw new Error("broken");
      },
    ],
  ]);
  app.internalError = () => "sorry";
  const session = sessions<Values>(app, store, { initializer, ...options });
  return app;
}

function seen(s: Values & { id: string; isNew: boolean }): unknown {
  return { ...s, id: s.id, isNew: s.isNew };
}

export interface Traits {
  /** What a session keeps is on the server: it can be ended there, and two requests can change it at once. */
  readonly onServer: boolean;
}

/** The suite that every store passes. */
export function storeSuite(name: string, make: () => SessionStore | CookieStore, { onServer }: Traits): void {
  describe(`the store: ${name}`, () => {
    // A cookie holds one session.
    const cases = sessionStoreCases.filter(({ name }) => onServer || !name.includes("to another"));
    test.each(cases)("$name", ({ check }) => {
      const store = make();
      return check("open" in store ? store.open(undefined, "session").store : store);
    });
  });

  describe(`sessions in ${name}`, () => {
    test("a value stays from one request to the next", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/set/user/%22ada%22");
      expect(await visitor.json("/see")).toMatchObject({ user: "ada", count: 0, isNew: false });
    });

    test("nothing is sent or stored for who sets nothing", async () => {
      const visitor = new Visitor(sample(make()));
      for (const path of ["/none", "/see", "/flashes", "/logout"]) {
        expect(setCookies(await visitor.ask(path)), path).toEqual([]);
      }
      expect(await visitor.json("/set/count/0")).toMatchObject({ isNew: true });
      expect(visitor.cookies.size).toBe(0);
    });

    test("every kind of value and of key comes back as it was", async () => {
      const visitor = new Visitor(sample(make()));
      const values: Record<string, unknown> = {
        text: "ü € 😀 \u0000 \ud800 \"'\\ \r\n",
        "a key: with everything ü": [1, -0.5, 1e300, true, false, null, "", [], {}, { a: { b: [1] } }],
        zero: 0,
        nothing: null,
        empty: "",
        constructor: "own",
        "1": "one",
      };
      for (const [key, value] of Object.entries(values)) {
        const url = `/set/${encodeURIComponent(key)}/${encodeURIComponent(JSON.stringify(value))}`;
        expect((await visitor.ask(url)).status, key).toBe(200);
      }
      expect(await visitor.json("/see")).toMatchObject(values);
    });

    test("a change within a value counts, and a deleted key is gone", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/push/a");
      await visitor.ask("/push/b");
      await visitor.ask("/set/user/1");
      await visitor.ask("/delete/user");
      const values = await visitor.json("/see");
      expect(values).toMatchObject({ cart: ["a", "b"] });
      expect(values).not.toHaveProperty("user");
    });

    test("a deleted key reads as its initial value again, and a session without keys stays", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/set/count/7");
      const before = await visitor.json("/see");
      await visitor.ask("/delete/count");
      await visitor.ask("/delete/cart");
      expect(await visitor.json("/see")).toEqual({ ...(before as object), count: 0 });
    });

    test("nothing is written when nothing changed", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/set/count/1");
      expect(setCookies(await visitor.ask("/set/count/1"))).toEqual([]);
      expect(setCookies(await visitor.ask("/see"))).toEqual([]);
    });

    test("a response without content stores what has changed, and has its cookie", async () => {
      const visitor = new Visitor(sample(make()));
      const head = await visitor.ask("/set/count/5", { method: "HEAD" });
      expect(head).toMatchObject({ status: 200, text: "" });
      expect(setCookies(head)).toHaveLength(1);
      const before = visitor.cookies.get("session");
      const unchanged = await visitor.ask("/unchanged/ada");
      expect(unchanged).toMatchObject({ status: 304, text: "", errors: "" });
      expect(unchanged.header("Vary")).toBe("Cookie");
      expect(setCookies(unchanged)).toHaveLength(onServer ? 0 : 1);
      expect(visitor.cookies.get("session") === before).toBe(onServer);
      expect(await visitor.json("/see")).toMatchObject({ count: 5, user: "ada" });
      const renewed = new Visitor(sample(make()));
      expect(setCookies(await renewed.ask("/unchanged/grace"))).toHaveLength(1);
      expect(await renewed.json("/see")).toMatchObject({ user: "grace" });
    });

    test("update() gives the new value and stores it", async () => {
      const visitor = new Visitor(sample(make()));
      for (const count of [1, 2, 3]) expect(await visitor.json("/add")).toEqual({ count });
      expect(await visitor.json("/see")).toMatchObject({ count: 3 });
    });

    test("regenerate() gives another id and keeps the values", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/set/count/5");
      const old = visitor.copy();
      const { id } = (await visitor.json("/see")) as { id: string };
      await visitor.ask("/login/ada");
      const after = (await visitor.json("/see")) as { id: string };
      expect(after).toMatchObject({ user: "ada", count: 5, isNew: false });
      expect(after.id).not.toBe(id);
      expect(visitor.cookies).not.toEqual(old.cookies);
      if (onServer) expect(await old.json("/see")).toMatchObject({ isNew: true, count: 0 });
    });

    test("kill() ends the session and takes the cookie away", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/login/ada");
      const old = visitor.copy();
      const [line] = setCookies(await visitor.ask("/logout"));
      expect(line).toMatch(/^session=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT/);
      expect(visitor.cookies.size).toBe(0);
      expect(await visitor.json("/see")).toMatchObject({ isNew: true });
      if (onServer) expect(await old.json("/see")).toMatchObject({ isNew: true });
    });

    test("what is set after kill() begins another session", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/login/ada");
      const { id } = (await visitor.json("/see")) as { id: string };
      await visitor.ask("/logout-with-message");
      const after = (await visitor.json("/see")) as { id: string };
      expect(after).not.toHaveProperty("user");
      expect(after.id).not.toBe(id);
      expect(await visitor.json("/flashes")).toEqual([{ kind: "message", value: "bye" }]);
    });

    test("flash values are there once, in their order", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/flash/one");
      await visitor.ask("/flash/two");
      expect(Object.keys((await visitor.json("/see")) as object).sort()).toEqual([
        "cart",
        "count",
        "id",
        "isNew",
      ]);
      expect(await visitor.json("/flashes")).toEqual([
        { kind: "message", value: "one" },
        { kind: "message", value: "two" },
      ]);
      expect(await visitor.json("/flashes")).toEqual([]);
    });

    test("what a handler that fails has changed is not stored", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/set/count/1");
      expect(await visitor.ask("/fail")).toMatchObject({ status: 500, text: "sorry" });
      expect(await visitor.json("/see")).toMatchObject({ count: 1 });
    });

    test("a session ends when nobody uses it, and each use lets it live on", async () => {
      const app = sample(make(), { timeout: 2 });
      const used = new Visitor(app);
      const unused = new Visitor(app);
      await used.ask("/set/user/1");
      await unused.ask("/set/user/1");
      // The time is the store's. In short steps, since a busy machine makes each of them longer.
      for (let i = 0; i < 12; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(await used.json("/see")).toMatchObject({ user: 1 });
      }
      expect(await unused.json("/see")).toMatchObject({ isNew: true });
    });

    test("an unknown id is never adopted", async () => {
      const id = "0123456789abcdef0123456789abcdef";
      const visitor = new Visitor(sample(make()), [["session", id]]);
      expect(await visitor.json("/set/user/1")).toMatchObject({ isNew: true, user: 1 });
      expect(visitor.cookies.get("session")).not.toBe(id);
      expect(await visitor.json("/see")).toMatchObject({ isNew: false, user: 1 });
    });

    test.each([
      ["empty", ""],
      ["short", "0123"],
      ["with capitals", "0123456789ABCDEF0123456789ABCDEF"],
      ["with a path", "../../../../etc/passwd%00"],
      ["with an escape", "%30123456789abcdef0123456789abcdef"],
      ["huge", "a".repeat(60_000)],
      ["a signed cookie of Express", "s%3AabcdefghijklmnopqrstuvwxyzABCDEF.Zm9vYmFyYmF6cXV4"],
      ["broken base64", "!!!!$$$$====-_-_"],
    ])("a cookie that is %s: a new session and nothing in the log", async (_name, value) => {
      const visitor = new Visitor(sample(make()), [["session", value]]);
      const response = await visitor.ask("/see");
      expect(response).toMatchObject({ status: 200, errors: "" });
      expect(JSON.parse(response.text)).toMatchObject({ isNew: true, count: 0 });
    });

    test("a cookie of which any part is missing or changed: a new session", async () => {
      const visitor = new Visitor(sample(make()));
      await visitor.ask("/set/user/1");
      const cookie = visitor.cookies.get("session") ?? "";
      for (const at of [0, 1, cookie.length >> 1, cookie.length - 1]) {
        const other = cookie[at] === "0" ? "1" : "0";
        for (const value of [cookie.slice(0, at), cookie.slice(0, at) + other + cookie.slice(at + 1)]) {
          const forger = new Visitor(sample(make()), [["session", value]]);
          const response = await forger.ask("/see");
          expect(response, value).toMatchObject({ status: 200, errors: "" });
          expect(JSON.parse(response.text), value).toMatchObject({ isNew: true });
        }
      }
    });

    describe.runIf(onServer)("two requests at once", () => {
      // One after the other, they may take a busy machine longer than one request is to wait for its store.
      const patient = { storeTimeoutMs: 60_000 };

      test("that change different keys lose nothing", async () => {
        const visitor = new Visitor(sample(make(), patient));
        await visitor.ask("/set/gone/1");
        const keys = Array.from({ length: 40 }, (_, index) => `key${index}`);
        const changes = [...keys.map((key) => `/set/${key}/1`), "/delete/gone", "/push/x"];
        for (const { status } of await Promise.all(changes.map((path) => visitor.copy().ask(path)))) {
          expect(status).toBe(200);
        }
        const values = await visitor.json("/see");
        expect(values).toMatchObject({ ...Object.fromEntries(keys.map((key) => [key, 1])), cart: ["x"] });
        expect(values).not.toHaveProperty("gone");
      });

      test("that update() one key count both", async () => {
        const visitor = new Visitor(sample(make(), patient));
        await visitor.ask("/set/user/1");
        await Promise.all(Array.from({ length: 40 }, () => visitor.copy().json("/add")));
        expect(await visitor.json("/see")).toMatchObject({ count: 40 });
      });

      test("of which one ends the session do not bring it back", async () => {
        let entered = (): void => {};
        let leave = (): void => {};
        const inside = new Promise<void>((resolve) => {
          entered = resolve;
        });
        const outside = new Promise<void>((resolve) => {
          leave = resolve;
        });
        const app = sample(make());
        app.use(async (web, next) => {
          const result = await next();
          if (web.ctx.path.startsWith("/set/slow/")) {
            entered();
            await outside;
          }
          return result;
        });
        const visitor = new Visitor(app);
        await visitor.ask("/login/ada");
        const old = visitor.copy();
        const slow = visitor.copy().ask("/set/slow/1");
        await inside;
        await visitor.ask("/logout");
        leave();
        expect((await slow).status).toBe(200);
        expect(await old.json("/see")).toMatchObject({ isNew: true });
      });
    });
  });
}
