import { describe, expect, test } from "vitest";
import { application, internalServerError, notFound, type Web } from "../../lib/index.ts";
import { call } from "../../lib/testing/call.ts";
import { ask } from "./ask.ts";

const failing = () =>
  application([
    [
      "/sync",
      () => {
        throw new Error("secret");
      },
    ],
    [
      "/async",
      async () => {
        throw new Error("secret");
      },
    ],
    [
      "/cause",
      () => {
        throw new Error("secret", { cause: new Error("deeper") });
      },
    ],
    [
      "/thrown",
      () => {
        throw "secret";
      },
    ],
    ["/cookie", (web: Web) => web.setCookie("bad name", "secret")],
  ]);
const paths = ["/sync", "/async", "/cause", "/thrown", "/cookie"];

describe("an error that nobody expects", () => {
  test.each(paths)("%s: the client is told nothing, the log everything, once", async (path) => {
    const response = await ask(failing(), path);
    expect(response).toMatchObject({ status: 500, text: "Internal Server Error\n" });
    expect(
      response.errors.match(path === "/cookie" ? /ApplicationError: the cookie/g : /(?<!deeper.*)secret/g),
    ).toHaveLength(1);
  });

  test("with the server's debug option the client gets the trace", async () => {
    const response = await call(failing(), "/sync", { debug: true });
    expect(response.text).toContain("Error: secret");
    expect(response.errors.match(/Error: secret/g)).toHaveLength(1);
  });

  test.each(paths)("%s: a page of the application's own", async (path) => {
    const app = failing();
    const seen: unknown[] = [];
    app.internalError = async (web, error) => {
      seen.push(error);
      return `sorry: ${web.ctx.path}`;
    };
    const response = await ask(app, path);
    expect(response).toMatchObject({ status: 500, text: `sorry: ${path}` });
    expect(response.errors).not.toBe("");
    expect(seen).toHaveLength(1);
  });

  test("what the handler had set is forgotten", async () => {
    const app = application([
      [
        "/",
        (web) => {
          web.header("X-Half", "done");
          web.setCookie("half", "done");
          throw new Error("boom");
        },
      ],
    ]);
    app.internalError = () => "sorry";
    expect((await ask(app, "/")).headers.map(([name]) => name)).toEqual(["Content-Type", "Content-Length"]);
  });

  test("a page that fails too", async () => {
    const app = failing();
    app.internalError = () => {
      throw new Error("page");
    };
    const response = await ask(app, "/sync");
    expect(response).toMatchObject({ status: 500, text: "Internal Server Error\n" });
    expect(response.errors).toMatch(/secret[\s\S]*page/);
  });

  test("a mounted application has its own page, or its parent's", async () => {
    const child = failing();
    const parent = application([["/child", child]]);
    parent.internalError = () => "parent";
    expect((await ask(parent, "/child/sync")).text).toBe("parent");
    child.internalError = () => "child";
    expect((await ask(parent, "/child/sync")).text).toBe("child");
  });

  describe("in a processor around a mounted application", () => {
    const around = (processor: (web: Web, next: () => Promise<unknown>) => unknown) => {
      const child = failing().addMapping("/works", () => "works");
      child.internalError = () => "child";
      const parent = application([["/child", child]]).use(processor);
      parent.internalError = (web) => `parent at ${web.ctx.path}`;
      return parent;
    };

    // As in web.py, where each application's processors are its own business.
    test("is for the page of the application that has it", async () => {
      const app = around(async (_web, next) => {
        await next();
        throw new Error("late");
      });
      const response = await ask(app, "/child/works");
      expect(response).toMatchObject({ status: 500, text: "parent at /child/works" });
      expect(response.errors.match(/Error: late/g)).toHaveLength(1);
    });

    test("does not take the page of an error that only passes through", async () => {
      const app = around(async (_web, next) => {
        try {
          return await next();
        } catch (error) {
          await Promise.resolve();
          throw error;
        }
      });
      expect((await ask(app, "/child/async")).text).toBe("child");
    });

    test("is the parent's where it throws another in the place of the child's", async () => {
      const app = around(async (_web, next) => {
        await next().catch((cause: unknown) => {
          throw new Error("outer", { cause });
        });
      });
      expect((await ask(app, "/child/sync")).text).toBe("parent at /child/sync");
    });
  });

  test("internalServerError() is the application's page too, and no error", async () => {
    const app = application([
      [
        "/",
        () => {
          throw internalServerError();
        },
      ],
    ]);
    expect(await ask(app, "/")).toMatchObject({ status: 500, text: "internal server error", errors: "" });
    app.internalError = () => "sorry";
    expect(await ask(app, "/")).toMatchObject({ status: 500, text: "sorry", errors: "" });
  });

  test("a page may answer with another response", async () => {
    const app = application([
      [
        "/",
        () => {
          throw new Error("boom");
        },
      ],
    ]);
    app.notFound = () => notFound("mine", { "X-Mine": "1" });
    app.internalError = () => notFound("hidden");
    expect(await ask(app, "/")).toMatchObject({ status: 404, text: "hidden" });
    const missing = await ask(app, "/x");
    expect([missing.status, missing.text, missing.header("X-Mine")]).toEqual([404, "mine", "1"]);
  });
});
