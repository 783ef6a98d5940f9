// What the compiler says of sessions. `tsc -p test/tsconfig.json` is the test; each line that must not compile is marked.

import { expectTypeOf, test } from "vitest";
import { memoryStore } from "../../../lib/framework/sessions/stores/memory.ts";
import { type SessionOf, sessions } from "../../../lib/framework/sessions.ts";
import { type App, application, type Web } from "../../../lib/index.ts";

const app = application([]);
const store = memoryStore();

test("a session has the initializer's type", () => {
  const session = sessions(app, store, { initializer: { count: 0, tags: ["a"] } });
  expectTypeOf(session).toExtend<SessionOf<{ count: number; tags: string[] }>>();
  const made = sessions(app, store, { initializer: (web: Web) => ({ path: web.ctx.path }) });
  expectTypeOf(made).toExtend<SessionOf<{ path: string }>>();
  const typed = sessions<{ count: number; user?: string }>(app, store, { initializer: { count: 0 } });
  void (async (web: Web) => {
    const s = await typed(web);
    expectTypeOf(s.user).toEqualTypeOf<string | undefined>();
    expectTypeOf(await s.update("count", (count) => count + 1)).toEqualTypeOf<number>();
    delete s.user;
    // @ts-expect-error no such key
    s.usr = "";
    // @ts-expect-error another type
    s.count = "";
    // @ts-expect-error another type
    await s.update("count", () => "");
    // @ts-expect-error the session's own
    s.id = "";
  });
  const free = sessions(app, store);
  void (async (web: Web) => {
    const s = await free(web);
    expectTypeOf(s["anything"]).toEqualTypeOf<unknown>();
    expectTypeOf(s.id).toEqualTypeOf<string>();
  });
});

test("handlers use a session that is made of the application they are in", () => {
  class Count {
    async GET(web: Web) {
      const s = await session(web);
      s.count += 1;
      return `You have been here ${s.count} times.`;
    }
  }
  // Without the annotation the type of each would depend on the other's.
  const here: App = application([["/", Count]]);
  const session = sessions(here, store, { initializer: { count: 0 } });
  expectTypeOf(session).toExtend<SessionOf<{ count: number }>>();
});

interface Cart {
  readonly items: readonly { readonly sku: string; readonly price: number | null }[];
  readonly note?: string;
}

test("what JSON cannot hold, and the session's own names, do not compile", () => {
  sessions<{ cart: Cart; extra: unknown }>(app, store, { initializer: { cart: { items: [] }, extra: 1 } });
  // @ts-expect-error a Date comes back as text
  sessions(app, store, { initializer: { since: new Date() } });
  // @ts-expect-error a Map comes back empty
  sessions(app, store, { initializer: { a: { b: new Map<string, string>() } } });
  // @ts-expect-error JSON refuses a bigint
  sessions(app, store, { initializer: { big: 1n } });
  // @ts-expect-error a session has an id itself
  sessions(app, store, { cookieName: "a", initializer: { id: 1 } });
  // @ts-expect-error a session has an id itself
  sessions<{ id: number }>(app, store, { cookieName: "b" });
});
