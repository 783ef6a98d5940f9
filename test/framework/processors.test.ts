import { describe, expect, test } from "vitest";
import { application, HttpResponse, notFound, seeOther, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

describe("processors", () => {
  test("wrap the handler, the first outermost, in every application on the way", async () => {
    const log: string[] = [];
    const note = (name: string) => async (_web: Web, next: () => Promise<unknown>) => {
      log.push(`${name} before`);
      const result = await next();
      log.push(`${name} after`);
      return result;
    };
    const child = application([
      [
        "/x",
        () => {
          log.push("handler");
          return "x";
        },
      ],
    ]).use(note("child"));
    const app = application([["/child", child]])
      .use(note("one"))
      .use(note("two"));
    expect((await ask(app, "/child/x")).text).toBe("x");
    expect(log).toEqual([
      "one before",
      "two before",
      "child before",
      "handler",
      "child after",
      "two after",
      "one after",
    ]);
  });

  test.each<[string, (web: Web, next: () => Promise<unknown>) => unknown, number, string]>([
    ["change the result", async (_web, next) => `<${await next()}>`, 200, "<page>"],
    [
      "pass it on when they return nothing",
      async (_web, next) => {
        await next();
      },
      200,
      "page",
    ],
    [
      "even when they do not wait",
      (_web, next) => {
        void next();
      },
      200,
      "page",
    ],
    ["answer in its place", () => "mine", 200, "mine"],
    ["answer with nothing", () => {}, 200, ""],
    [
      "throw a response",
      () => {
        throw notFound("no");
      },
      404,
      "no",
    ],
    [
      "call next() once",
      async (_web, next) => {
        await next();
        await next();
      },
      500,
      "Internal Server Error\n",
    ],
    [
      "fail",
      () => {
        throw new Error("boom");
      },
      500,
      "Internal Server Error\n",
    ],
  ])("%s", async (_name, processor, status, text) => {
    const app = application([["/", () => "page"]]).use(processor);
    expect(await ask(app, "/")).toMatchObject({ status, text });
  });

  test("see a thrown response as a result, and an error as an error", async () => {
    const seen: unknown[] = [];
    const app = application([
      [
        "/see",
        () => {
          throw seeOther("/x");
        },
      ],
      [
        "/error",
        () => {
          throw new Error("boom");
        },
      ],
    ]).use(async (_web, next) => {
      try {
        const result = await next();
        seen.push(result instanceof HttpResponse && result.status);
        return result;
      } catch (error) {
        seen.push(error);
        throw error;
      }
    });
    expect((await ask(app, "/see")).header("Location")).toBe("/x");
    expect((await ask(app, "/none")).status).toBe(404);
    expect((await ask(app, "/error")).status).toBe(500);
    expect(seen).toEqual([303, 404, expect.objectContaining({ message: "boom" })]);
  });

  test("that answer without waiting for a handler that fails", async () => {
    const app = application([["/", async () => Promise.reject(new Error("boom"))]]).use((_web, next) => {
      void next();
      return "mine";
    });
    expect((await ask(app, "/")).text).toBe("mine");
  });

  test("can turn an error into a page", async () => {
    const app = application([
      [
        "/",
        () => {
          throw new Error("boom");
        },
      ],
    ]).use(async (_web, next) => {
      return next().catch(() => "caught");
    });
    expect(await ask(app, "/")).toMatchObject({ status: 200, text: "caught", errors: "" });
  });
});

describe("hooks", () => {
  test("run before and after, the latest unload hook first", async () => {
    const log: string[] = [];
    const app = application([
      [
        "/",
        () => {
          log.push("handler");
          return "x";
        },
      ],
      [
        "/error",
        () => {
          throw new Error("boom");
        },
      ],
      [
        "/stream",
        function* () {
          log.push("first");
          yield "a";
          log.push("last");
          yield "b";
        },
      ],
    ])
      .loadHook((web) => {
        log.push(`load ${web.ctx.path}`);
      })
      .unloadHook(() => {
        log.push("unload 1");
      })
      .unloadHook(async () => {
        log.push("unload 2");
      });
    await ask(app, "/");
    expect(log.splice(0)).toEqual(["load /", "handler", "unload 2", "unload 1"]);
    await ask(app, "/error");
    expect(log.splice(0)).toEqual(["load /error", "unload 2", "unload 1"]);
    await ask(app, "/none");
    expect(log.splice(0)).toEqual(["load /none", "unload 2", "unload 1"]);
    await ask(app, "/stream");
    expect(log.splice(0)).toEqual(["load /stream", "first", "last", "unload 2", "unload 1"]);
  });

  test("a load hook can end the request, and its result is not the page", async () => {
    const app = application([["/", () => "page"]]).loadHook(() => "ignored");
    expect((await ask(app, "/")).text).toBe("page");
    app.loadHook(() => {
      throw seeOther("/login");
    });
    expect((await ask(app, "/")).header("Location")).toBe("/login");
  });

  test("an unload hook that fails is an error, and the others run", async () => {
    const log: string[] = [];
    const app = application([["/", () => "page"]])
      .unloadHook(() => {
        log.push("ran");
      })
      .unloadHook(() => {
        throw new Error("hook");
      });
    const response = await ask(app, "/");
    expect([response.status, log]).toEqual([500, ["ran"]]);
    expect(response.errors.match(/Error: hook/g)).toHaveLength(1);
    app.unloadHook(() => {
      throw new Error("another");
    });
    const both = await ask(app, "/");
    expect(both.errors).toContain("Error: hook");
    expect(both.errors).toContain("Error: another");
  });
});
