// What a program hands over that nothing could be made of is refused where it is handed over. JavaScript has no types that
// would say so before.

import { describe, expect, test } from "vitest";
import { regexp, textbox, validator } from "../../lib/framework/forms.ts";
import {
  application,
  autoApplication,
  lazy,
  mount,
  redirect,
  seeOther,
  template,
  templates,
  type Web,
  withProcessors,
} from "../../lib/index.ts";
import { ask } from "./ask.ts";

const page = () => "";
const app = () => application([["/", page]]);

test.each<[string, () => unknown, code: string, says: string]>([
  [
    "use()",
    () => app().use(7 as never),
    "PROCESSOR",
    "use() takes a function of web, and this is of type number",
  ],
  ["loadHook()", () => app().loadHook(undefined as never), "PROCESSOR", "loadHook() takes a function of web"],
  ["unloadHook()", () => app().unloadHook({} as never), "PROCESSOR", "unloadHook() takes a function of web"],
  [
    "errorPage() of a text",
    () => app().errorPage("404" as never, page),
    "STATUS",
    'errorPage() takes a status from 200 to 599 or "any", and not "404"',
  ],
  ["errorPage() of no status", () => app().errorPage(99, page), "STATUS", "and not 99"],
  [
    "errorPage() of no function",
    () => app().errorPage(404, "lost" as never),
    "PAGE",
    "the page of errorPage() is a function of web, and this is of type string",
  ],
  [
    "trailingSlash",
    () => application([], { trailingSlash: true as never }),
    "OPTION",
    'option "trailingSlash" is true; give "add" or "remove"',
  ],
  [
    "checkOrigin",
    () => application([], { checkOrigin: "false" as never }),
    "OPTION",
    'option "checkOrigin" is "false"; give true or false',
  ],
  [
    "autoApplication()",
    () => autoApplication({} as never),
    "URL_MAP",
    "autoApplication() takes a list of classes",
  ],
  [
    "autoApplication() of objects",
    () => autoApplication([{}] as never),
    "URL_MAP",
    "takes a list of classes",
  ],
  [
    "lazy()",
    () => lazy(import("./ask.ts") as never),
    "TARGET",
    "lazy() takes a function that loads a handler",
  ],
  [
    "withProcessors() the other way round",
    () => withProcessors(page as never, [page]),
    "PROCESSOR",
    "withProcessors() takes a list of functions first, and then the target",
  ],
  [
    "withProcessors() of no functions",
    () => withProcessors([7] as never, page),
    "PROCESSOR",
    "withProcessors() takes",
  ],
  [
    "mount()",
    () => mount({ fetch: page } as never),
    "TARGET",
    "wrapped by postern/bridge/node and postern/bridge/fetch",
  ],
  [
    "redirect() with a status, as in other frameworks",
    () => redirect("/x", 302 as never),
    "REDIRECT",
    "the options of a redirect are an object, such as { headers }, and this is 302; " +
      "seeOther() and its like say the status, or redirect(target, { status: 302 })",
  ],
  ["seeOther() with null", () => seeOther("/x", null as never), "REDIRECT", "and this is null"],
  [
    "redirect() with another status",
    () => redirect("/x", { status: 200 }),
    "REDIRECT",
    "200 is no status of a redirect: use one from 300 to 399",
  ],
  [
    "templates()",
    () => templates(undefined as never),
    "TEMPLATE_FOLDER",
    "templates() takes a folder, such as",
  ],
  ["templates() of numbers", () => templates([7] as never), "TEMPLATE_FOLDER", "or a list of folders"],
  [
    "validator() without a test, which would always fail",
    () => validator("Too short", undefined as never),
    "VALIDATOR",
    'the test of the validator "Too short" is a function of the value, and this is of type undefined',
  ],
  [
    "a field without a name",
    () => textbox(undefined as never, regexp("x", "y")),
    "FIELD",
    "is no name of a field",
  ],
  ["template()", () => template(undefined as never), "TEMPLATE_TEXT", "template() takes a text"],
])("%s", (_name, make, code, says) => {
  expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(says) }));
});

test.each<[object, string]>([
  [{ layout: 7 }, 'option "layout" is the name of a template, and this is 7'],
  [{ missingValues: "eror" }, 'option "missingValues" is "eror"; give "error" or "empty"'],
  [{ missingPartials: true }, 'option "missingPartials" is true; give "error" or "empty"'],
])("templates() with %j, when something is rendered", async (options, message) => {
  await expect(templates("/tmp", options as never).check()).rejects.toMatchObject({
    code: "OPTION",
    message,
  });
});

describe("app.run()", () => {
  test.each([[undefined], [{ protocol: "fcgi" }]])(
    "of %j has no import.meta, and does not do nothing",
    async (meta) => {
      const { isStartupFile } = await import("../../lib/framework/startup-file.ts");
      expect(() => isStartupFile(meta as never)).toThrow(
        expect.objectContaining({
          code: "OPTION",
          message: "run() of an application begins with import.meta: app.run(import.meta)",
        }),
      );
    },
  );
});

test.each<[string, (web: Web) => unknown, string]>([
  [
    "setCookie() with a time, as in web.py",
    (web) => web.setCookie("a", "b", 3600 as never),
    "the options of a cookie are an object, such as { maxAge: 3600 }, and this is 3600",
  ],
  [
    "setCookie() with a mistyped option",
    (web) => web.setCookie("a", "b", { maxage: 3600 } as never),
    'a cookie has no option "maxage"',
  ],
  [
    "events() with a mistyped option",
    (web) => web.events((async function* () {})(), { heartbeat: 1 } as never),
    'web.events() has no option "heartbeat"; it has heartbeatSeconds',
  ],
  [
    "file() with a mistyped option",
    (web) => web.file(import.meta.filename, { downlod: true } as never),
    'web.file() has no option "downlod"; it has type, root, download, cache, etag',
  ],
])("web.%s", async (_name, handler, says) => {
  const response = await ask(application([["/", (web: Web) => handler(web) ?? ""]]), "/");
  expect(response.status).toBe(500);
  expect(response.errors).toContain(says);
});

describe("app.request()", () => {
  test.each<[string, unknown, unknown, string, string]>([
    [
      "no path",
      { method: "POST" },
      undefined,
      "OPTION",
      'a request begins with its path, such as "/", and not with object',
    ],
    [
      "fetch's body",
      "/",
      { body: "x" },
      "UNKNOWN_OPTION",
      'a request has no option "body"; did you mean data?',
    ],
    [
      "a mistyped option",
      "/",
      { mehtod: "POST" },
      "UNKNOWN_OPTION",
      'a request has no option "mehtod"; did you mean method?',
    ],
    [
      "options that are none",
      "/",
      "POST",
      "OPTION",
      "the options of a request are an object, and this is POST",
    ],
  ])("%s", async (_name, target, description, code, message) => {
    await expect(app().request(target as never, description as never)).rejects.toMatchObject({
      code,
      message,
    });
  });
});
