import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { compiled } from "../support/dist.ts";
import { Stand } from "../support/postern.ts";

const source = () => `
  import { application, seeOther, upload } from "${compiled("index.ts")}";
  import { validate } from "${compiled("middleware/validate.ts")}";
  const app = application([
    ["/", () => "<h1 class=big>Hello</h1><p>one<p>two"],
    ["/json", { GET: () => ({ users: [{ name: "Ada", "a/b": true }] }) }],
    ["/echo", async (web) => web.method + " " + (web.ctx.env.CONTENT_TYPE ?? "-") + " " + (await web.data()).toString()],
    ["/header", (web) => web.ctx.env.HTTP_X_A + " " + web.ctx.env.QUERY_STRING + " " + web.ctx.path],
    ["/upload", async (web) => {
      const { title, file } = await web.input({ title: "", file: upload() });
      return [title, file.filename, file.contentType ?? file.type, (await file.bytes()).length].join(" ");
    }],
    ["/old", () => { throw seeOther("/new"); }],
    ["/fail", () => { throw new Error("no database today"); }],
    ["/log", (web) => { web.ctx.env["wsgi.errors"].write("a line\\n"); return "logged"; }],
    ["/bytes", () => new Uint8Array([0, 255, 10, 128])],
  ]);
  export default validate(app);
`;

describe("postern get", () => {
  let code = "";
  beforeAll(() => {
    code = source();
  });

  async function get(...args: string[]) {
    const stand = await Stand.make();
    writeFileSync(join(stand.folder, "cat.png"), "0123456789");
    stand.module("app.mjs", code);
    const child = stand.start(
      process.execPath,
      [join(import.meta.dirname, "../../dist/cli/bin.cjs"), "get", "app.mjs", ...args],
      { cwd: stand.folder },
    );
    const status = await child.ended;
    return { status, out: child.stdout, err: child.stderr };
  }

  test.each([
    [["/"], "<h1 class=big>Hello</h1><p>one<p>two"],
    [[], "<h1 class=big>Hello</h1><p>one<p>two"],
    [["/", "h1.big"], "<h1 class=big>Hello</h1>\n"],
    [["/", "p"], "<p>one\n<p>two\n"],
    [["/json"], '{"users":[{"name":"Ada","a/b":true}]}'],
    [["/json", "/users/0/name"], "Ada\n"],
    [["/json", "/users/0/a~1b"], "true\n"],
    [["/echo", "-X", "DELETE"], "DELETE - "],
    [["/echo", "-d", "a=1", "-d", "b=x y"], "POST application/x-www-form-urlencoded a=1&b=x%20y"],
    [["/echo", "-d", "@cat.png"], "POST application/x-www-form-urlencoded 0123456789"],
    [
      ["/echo", "-X", "PUT", "-H", "Content-Type: application/json", "-d", '{"a": 1}'],
      'PUT application/json {"a": 1}',
    ],
    [["/header?q=é", "-H", "X-A: b: c"], "b: c q=%C3%A9 /header"],
    [["/upload", "-F", "title=Cat", "-F", "file=@cat.png"], "Cat cat.png image/png 10"],
    [["/json", "-X", "HEAD"], ""],
  ])("%j", async (args, out) => {
    expect(await get(...args)).toEqual({ status: 0, out, err: "" });
  });

  test("-v shows request, status and headers on standard error", async () => {
    expect(await get("/json", "-v", "-H", "X-A: b")).toEqual({
      status: 0,
      out: '{"users":[{"name":"Ada","a/b":true}]}',
      err: "> GET /json\n> X-A: b\n< 200 OK\n< Content-Type: application/json\n< Content-Length: 37\n",
    });
  });

  test("a redirect is below 400, and says where it goes", async () => {
    expect(await get("/old")).toMatchObject({ status: 0, err: "303 See Other: /new\n" });
  });

  test("404 is status 1, with the body on standard output", async () => {
    expect(await get("/nowhere")).toEqual({ status: 1, out: "not found", err: "404 Not Found\n" });
  });

  test("an error is status 1, and its trace goes to standard error", async () => {
    const { status, out, err } = await get("/fail");
    expect({ status, out }).toEqual({ status: 1, out: "Internal Server Error\n" });
    expect(err).toMatch(/^500 Internal Server Error\nError: no database today\n {4}at .*app\.mjs:/);
  });

  test("what the application logs goes to standard error", async () => {
    expect(await get("/log")).toEqual({ status: 0, out: "logged", err: "a line\n" });
  });

  test.each([
    [["/", "h2"], "Nothing in the body fits h2.\n"],
    [["/json", "/users/1"], "Nothing in the body fits /users/1.\n"],
    [["/", "/users"], "/users is a JSON pointer, but the body (text/html; charset=utf-8) is no JSON.\n"],
    [["/upload", "-F", "file=@dog.png"], /^\/.*\/dog\.png cannot be read \(ENOENT\)\.\n$/],
  ])("%j fails with a sentence", async (args, words) => {
    const { status, out, err } = await get(...args);
    expect({ status, out }).toEqual({ status: 1, out: "" });
    if (typeof words === "string") expect(err).toBe(words);
    else expect(err).toMatch(words);
  });
});
