// web.beforeHead() and web.homepathOf(): what sessions are built on, and others can be.

import { describe, expect, test } from "vitest";
import { type App, application, forbidden, seeOther, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

describe("web.beforeHead()", () => {
  /** A handler that wants something done before the head. */
  const withTasks = (result: (web: Web) => unknown, ...tasks: ((web: Web) => unknown)[]) =>
    application([
      [
        "/",
        (web: Web) => {
          for (const task of tasks) web.beforeHead(() => task(web));
          return result(web);
        },
      ],
    ]);

  test("runs when the handler and the processors have answered, the latest first", async () => {
    const order: string[] = [];
    const app = withTasks(
      () => order.push("handler"),
      () => order.push("first"),
      async () => {
        await Promise.resolve();
        order.push("second");
      },
    ).use(async (_web, next) => {
      await next();
      order.push("processor");
      return "text";
    });
    expect((await ask(app, "/")).text).toBe("text");
    expect(order).toEqual(["handler", "processor", "second", "first"]);
  });

  test("may change status, headers and cookies, and sees those that there are", async () => {
    const app = withTasks(
      (web) => {
        web.status = 201;
        return "made";
      },
      (web) => {
        web.header("X-Status", `${web.status} ${web.headSent}`);
        web.setCookie("seen", "1");
        web.status = 202;
      },
    );
    const response = await ask(app, "/");
    expect(response).toMatchObject({ status: 202, text: "made", errors: "" });
    expect(response.header("X-Status")).toBe("201 false");
    expect(response.header("Set-Cookie")).toMatch(/^seen=1;/);
  });

  test("may want another task, which runs too", async () => {
    const app = withTasks(
      () => "text",
      (web) => web.beforeHead(() => web.header("X-More", "1")),
    );
    expect((await ask(app, "/")).header("X-More")).toBe("1");
  });

  test.each<[string, () => unknown, number]>([
    ["a response", () => forbidden("no"), 403],
    ["a redirect", () => seeOther("/x"), 303],
  ])(
    "puts %s that it throws in the place of the handler's, of which nothing stays",
    async (_what, make, status) => {
      const ran: string[] = [];
      const app = withTasks(
        (web) => {
          web.header("X-Handler", "1");
          web.setCookie("handler", "1");
          return "text";
        },
        (web) => {
          ran.push("rest");
          web.header("X-Rest", "1");
        },
        () => {
          throw make();
        },
      );
      const response = await ask(app, "/");
      expect(response).toMatchObject({ status, errors: "" });
      expect([response.header("X-Handler"), response.header("Set-Cookie")]).toEqual([undefined, undefined]);
      expect([ran, response.header("X-Rest")]).toEqual([["rest"], "1"]);
    },
  );

  test("an error of it is one of the handler's", async () => {
    const app = withTasks(
      () => "text",
      () => {
        throw new Error("boom");
      },
    );
    const response = await ask(app, "/");
    expect(response).toMatchObject({ status: 500, text: "Internal Server Error\n" });
    expect(response.errors.match(/Error: boom/g)).toHaveLength(1);
    app.internalError = () => "sorry";
    expect(await ask(app, "/")).toMatchObject({ status: 500, text: "sorry" });
  });

  test("does not run where the handler failed, but does for a page of the application's own", async () => {
    let ran = 0;
    const app = withTasks(
      () => {
        throw new Error("boom");
      },
      (web) => {
        ran += 1;
        web.header("X-Task", "1");
      },
    );
    expect((await ask(app, "/")).status).toBe(500);
    expect(ran).toBe(0);
    app.internalError = () => "sorry";
    const response = await ask(app, "/");
    expect([response.text, response.header("X-Task"), ran]).toEqual(["sorry", "1", 1]);
  });

  test("runs for HEAD, and in a stream when its first chunk is there", async () => {
    const order: string[] = [];
    const app = withTasks(
      async function* (web) {
        order.push("a");
        yield "a";
        order.push(`b ${web.headSent}`);
        yield "b";
      },
      (web) => {
        order.push("task");
        web.header("X-Task", "1");
      },
    );
    const response = await ask(app, "/");
    expect([response.text, response.header("X-Task")]).toEqual(["ab", "1"]);
    expect(order).toEqual(["a", "task", "b true"]);
    expect((await ask(app, "/", { method: "HEAD" })).header("X-Task")).toBe("1");
  });
});

describe("web.homepathOf()", () => {
  test("says where an application is mounted that the request came through", async () => {
    const seen = (web: Web) => [app, child, other].map((one) => web.homepathOf(one) ?? null);
    const child: App = application([["/x", seen]]);
    const other: App = application([["/x", seen]]);
    const app: App = application([
      ["/a b/", child],
      ["/other/", other],
      ["/x", seen],
    ]);
    const ways = async (target: string) =>
      JSON.parse((await ask(app, target, { scriptName: "/m\u00c3\u00bc" })).text);
    expect(await ways("/x")).toEqual(["/m%C3%BC", null, null]);
    expect(await ways("/a%20b/x")).toEqual(["/m%C3%BC", "/m%C3%BC/a%20b", null]);
    expect(await ways("/other/x")).toEqual(["/m%C3%BC", null, "/m%C3%BC/other"]);
  });
});
