// The examples of web.py's own documentation (its tutorial, session page and cookbook), rewritten.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type App, application } from "../../lib/framework/application.ts";
import { HttpResponse } from "../../lib/framework/http-response.ts";
import { notFound, redirect, seeOther, unauthorized } from "../../lib/framework/responses.ts";
import { memoryStore } from "../../lib/framework/sessions/stores/memory.ts";
import { sessions } from "../../lib/framework/sessions.ts";
import { templates } from "../../lib/framework/templates.ts";
import { upload } from "../../lib/framework/values.ts";
import type { Web } from "../../lib/framework/web.ts";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder();
afterAll(folder.remove);

/** Renders templates that are written in place. */
function renderer(pages: Readonly<Record<string, string>>, name: string) {
  const path = join(folder.path, name);
  mkdirSync(path);
  for (const [page, text] of Object.entries(pages)) writeFileSync(join(path, `${page}.html`), text);
  return templates(path);
}

describe("the tutorial", () => {
  test("hello", async () => {
    class Hello {
      GET(_web: Web, name: string) {
        return `Hello, ${name || "World"}!`;
      }
    }
    const app = application([["/(.*)", Hello]]);
    expect((await app.request("/")).text).toBe("Hello, World!");
    expect((await app.request("/Joe")).text).toBe("Hello, Joe!");
    expect((await app.request("/", { method: "POST" })).status).toBe(405);
  });

  test("an input of the query", async () => {
    class Index {
      GET(web: Web) {
        const { name } = web.query({ name: null });
        return render("index", { name });
      }
    }
    const render = renderer(
      {
        index:
          "{{#name}}I just wanted to say <em>hello</em> to {{name}}.{{/name}}{{^name}}<em>Hello</em>, world!{{/name}}",
      },
      "input",
    );
    const app = application([["/", Index]]);
    expect((await app.request("/?name=<Joe>")).text).toBe(
      "I just wanted to say <em>hello</em> to &lt;Joe&gt;.",
    );
    expect((await app.request("/")).text).toBe("<em>Hello</em>, world!");
  });

  test("the todo list", async () => {
    const todos: { id: number; title: string }[] = [];
    const render = renderer(
      {
        index: `<table>{{#todos}}<tr><td>{{title}}<td><form action="/del/{{id}}" method="post"><button>Delete</button></form>{{/todos}}</table>
          <form name="add" method="post"><input name="title"><button>Add todo</button></form>`,
      },
      "todo",
    );
    class Index {
      GET() {
        return render("index", { todos });
      }
      async POST(web: Web) {
        const { title } = await web.input("title");
        todos.push({ id: todos.length + 1, title });
        throw seeOther("/");
      }
    }
    class Delete {
      POST(_web: Web, id: string) {
        todos.splice(
          todos.findIndex((todo) => todo.id === Number(id)),
          1,
        );
        throw seeOther("/");
      }
    }
    const browser = await application([
      ["/", Index],
      ["/del/(\\d+)", Delete],
    ]).browser({ fatal: true });
    await browser.open("/");
    for (const title of ["Learn <web.py>", "Sleep"]) await browser.form("add").fill({ title }).submit();
    expect(browser.select("tr td").map(({ text }) => text)).toEqual([
      "Learn <web.py>",
      "Delete",
      "Sleep",
      "Delete",
    ]);
    await browser.form("/del/1").submit("Delete");
    expect([browser.path, browser.select("tr").length, browser.text]).toEqual([
      "/",
      1,
      expect.stringContaining("Sleep"),
    ]);
    expect((await browser.post("/", {})).status).toBe(400);
  });
});

describe("sessions", () => {
  test("the counter", async () => {
    class Count {
      async GET(web: Web) {
        const s = await session(web);
        s.count += 1;
        return String(s.count);
      }
    }
    class Reset {
      async GET(web: Web) {
        (await session(web)).kill();
        return "";
      }
    }
    const app: App = application([
      ["/count", Count],
      ["/reset", Reset],
    ]);
    const session = sessions(app, memoryStore(), { initializer: { count: 0 } });
    const browser = await app.browser();
    const counts = async (): Promise<string> => (await browser.open("/count")).text;
    expect([await counts(), await counts(), await counts()]).toEqual(["1", "2", "3"]);
    expect((await (await app.browser()).open("/count")).text).toBe("1");
    await browser.open("/reset");
    expect(await counts()).toBe("1");
  });

  test("with sub-applications", async () => {
    class Blog {
      async GET(web: Web) {
        return `blog of ${(await session(web)).user}`;
      }
    }
    class LogIn {
      async GET(web: Web) {
        (await session(web)).user = "anand";
        throw seeOther("/blog/");
      }
    }
    const app: App = application([
      ["/login", LogIn],
      ["/blog", application([["/", Blog]])],
    ]);
    const session = sessions(app, memoryStore(), { initializer: { user: "nobody" } });
    const browser = await app.browser();
    await browser.open("/blog/");
    expect(browser.text).toBe("blog of nobody");
    await browser.open("/login");
    expect([browser.path, browser.text]).toEqual(["/blog/", "blog of anand"]);
  });
});

describe("the cookbook", () => {
  test("file upload, and where it is stored", async () => {
    class Upload {
      GET(web: Web) {
        web.header("Content-Type", "text/html; charset=utf-8");
        return '<form method="POST" enctype="multipart/form-data"><input type="file" name="myfile"><input type="submit"></form>';
      }
      async POST(web: Web) {
        const { myfile } = await web.input({ myfile: upload() });
        await myfile?.save(folder.path);
        throw seeOther("/upload");
      }
    }
    const browser = await application([["/upload", Upload]]).browser({ fatal: true });
    await browser.open("/upload");
    await browser
      .form()
      .fill({ myfile: new File(["bytes"], "../cat.txt") })
      .submit();
    expect(readFileSync(join(folder.path, "cat.txt"), "utf8")).toBe("bytes");
  });

  test("sub-applications", async () => {
    const blog = application([
      // Where it is mounted, with and without its slash.
      ["/", () => "all of the blog"],
      ["/(.*)", (_web: Web, path: string) => `blog ${path}`],
    ]);
    const app = application([
      ["/blog", blog],
      ["/(.*)", (_web: Web, path: string) => `hello ${path}`],
    ]);
    expect((await app.request("/blog")).text).toBe("all of the blog");
    expect((await app.request("/blog/")).text).toBe("all of the blog");
    expect((await app.request("/blog/abc")).text).toBe("blog abc");
    expect((await app.request("/blogger")).text).toBe("hello blogger");
  });

  test("custom not-found message", async () => {
    const app = application([["/", () => notFound()]]);
    app.notFound = () => "Sorry, the page you were looking for was not found.";
    const response = await app.request("/");
    expect([response.status, response.text]).toEqual([
      404,
      "Sorry, the page you were looking for was not found.",
    ]);
  });

  test("application processors", async () => {
    const order: string[] = [];
    const app = application([["/", () => order.push("handler") && ""]]);
    app.use(async (_web, next) => {
      order.push("before handling");
      const result = await next();
      order.push("after handling");
      return result;
    });
    app.loadHook(() => order.push("load hook")).unloadHook(() => order.push("unload hook"));
    await app.request("/");
    expect(order).toEqual(["before handling", "load hook", "handler", "after handling", "unload hook"]);
  });

  test("cookies", async () => {
    class Cookies {
      async GET(web: Web) {
        const { age } = web.query({ age: "25" });
        const before = (await web.cookies({ age: "unknown" })).age;
        web.setCookie("age", age, { maxAge: 3600 });
        return `Your age was ${before}`;
      }
    }
    const browser = await application([["/", Cookies]]).browser();
    await browser.open("/?age=30");
    expect(browser.text).toBe("Your age was unknown");
    await browser.reload();
    expect(browser.text).toBe("Your age was 30");
  });

  test("streaming large files", async () => {
    class Count {
      *GET(web: Web) {
        web.header("Content-Type", "text/plain");
        for (let i = 0; i < 3; i++) yield `hello ${i}\n`;
      }
    }
    expect((await application([["/", Count]]).request("/")).chunks.map(String)).toEqual([
      "hello 0\n",
      "hello 1\n",
      "hello 2\n",
    ]);
  });

  test("redirecting and seeother", async () => {
    const app = application([
      ["/old", redirect("/new")],
      [
        "/new",
        {
          GET: () => "new",
          POST() {
            throw seeOther("/new");
          },
        },
      ],
    ]);
    const browser = await app.browser();
    await browser.open("/old");
    expect([browser.path, browser.redirects.length]).toEqual(["/new", 1]);
    await browser.post("/new", { a: 1 });
    expect(browser.text).toBe("new");
  });

  test("user authentication with basic auth", async () => {
    const allowed = [["jon", "pass1"]];
    class Index {
      GET(web: Web) {
        const [, encoded = ""] = /^Basic (.+)$/.exec(web.requestHeader("Authorization") ?? "") ?? [];
        const [user = "", password] = Buffer.from(encoded, "base64").toString().split(":");
        if (allowed.some(([name, word]) => name === user && word === password)) return `This is ${user}.`;
        web.header("WWW-Authenticate", 'Basic realm="Auth example"');
        throw unauthorized();
      }
    }
    const app = application([["/", Index]]);
    const refused = await app.request("/");
    expect([refused.status, refused.header("WWW-Authenticate")]).toEqual([401, 'Basic realm="Auth example"']);
    const Authorization = `Basic ${Buffer.from("jon:pass1").toString("base64")}`;
    expect((await app.request("/", { headers: { Authorization } })).text).toBe("This is jon.");
  });

  test("HTTP errors, and those of one's own", async () => {
    const app = application([
      [
        "/",
        () => {
          throw new HttpResponse(418, "short and stout");
        },
      ],
    ]);
    const response = await app.request("/");
    expect([response.status, response.text]).toEqual([418, "short and stout"]);
  });
});
