import { expect, test } from "vitest";
import { compiled } from "../support/dist.ts";
import { Stand } from "../support/postern.ts";

const site = `
  import { application, redirect, notFound } from "${compiled("index.ts")}";
  class Users { GET() {} POST() {} }
  const admin = application([["/", class Admin { GET() {} }], ["/users/(\\\\d+)", Users]]);
  export const app = application([
    ["/", function home() {}],
    ["/hello/:name", { GET() {}, DELETE() {} }],
    [/^\\/files\\/(.+)$/, Users],
    ["/admin/", admin],
    ["/old", redirect("/new")],
    ["/gone", notFound()],
  ]);
`;

test("routes lists the map in its order, mounted applications included", async () => {
  const stand = await Stand.make();
  const child = stand.postern("routes", stand.module("app.mjs", site));
  expect(await child.ended, child.output).toBe(0);
  expect(child.stdout.split("\n").map((line) => line.trimEnd())).toEqual([
    "PATTERN             METHODS     TARGET",
    "/                   *           home",
    "/hello/:name        GET DELETE  an object",
    "/files/(.+)         GET POST    Users",
    "/admin/             GET         Admin",
    "/admin/users/(\\d+)  GET POST    Users",
    "/old                *           redirect to /new",
    "/gone               *           404 Not Found",
    "",
  ]);
});

test.each([
  [
    "export default (environ, startResponse) => [];",
    "APP exports a gateway application without a URL map: it looks at paths by itself.\n",
  ],
  [
    `import { application } from "${compiled("index.ts")}"; export const app = application([]);`,
    "The URL map of APP is empty.\n",
  ],
])("%s", async (source, words) => {
  const stand = await Stand.make();
  const module = stand.module("app.mjs", source);
  const child = stand.postern("routes", module);
  expect(await child.ended, child.output).toBe(0);
  expect(child.stdout).toBe(words.replace("APP", module));
});
