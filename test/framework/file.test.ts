// web.file(): conditions and ranges (RFC 9110 §13 and §14), downloads, and names that would lead out of its folder.

import { existsSync, rmSync, symlinkSync } from "node:fs";
import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inputLimits } from "../../lib/framework/limits.ts";
import type { Middleware } from "../../lib/gateway/types.ts";
import { application, type FileOptions, upload, type Web } from "../../lib/index.ts";
import { cascade } from "../../lib/middleware/cascade.ts";
import { head } from "../../lib/middleware/head.ts";
import { sendfile } from "../../lib/middleware/sendfile.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { call } from "../../lib/testing/call.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { ask } from "./ask.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const root = join(folder.path, "public");
const MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT";

beforeAll(async () => {
  await mkdir(join(root, "css"), { recursive: true });
  await writeFile(join(folder.path, "secret.txt"), "secret");
  await writeFile(join(root, "ten.txt"), "0123456789");
  await writeFile(join(root, "css", "site.css"), "css");
  await writeFile(join(root, ".env"), "secret");
  await symlink(join(folder.path, "secret.txt"), join(root, "out.txt"));
  await symlink(folder.path, join(root, "up"));
  await symlink(join(root, "ten.txt"), join(root, "in.txt"));
  await utimes(join(root, "ten.txt"), new Date(MODIFIED), new Date(MODIFIED));
});

const sending = (options: FileOptions) =>
  application([["/(.*)", (web: Web, name) => web.file(name, { root, ...options })]]);

test("a file comes with what tells its versions apart", async () => {
  const response = await ask(sending({}), "/ten.txt");
  expect(response).toMatchObject({ status: 200, text: "0123456789" });
  expect(Object.fromEntries(response.headers)).toEqual({
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": "10",
    "Last-Modified": MODIFIED,
    "Accept-Ranges": "bytes",
    ETag: expect.stringMatching(/^"[^"]+"$/),
  });
});

// From each digit to the last of them this would take a minute.
test("a long number in a range is looked at once", async () => {
  const response = await ask(sending({}), "/ten.txt", { headers: { Range: `bytes=${"1".repeat(200_000)}` } });
  expect(response.status).toBe(200);
});

test.each([
  [{ "If-None-Match": '"own"' }, 304],
  [{ "If-Match": '"own"' }, 200],
  [{ "If-Match": '"other"' }, 412],
  [{ Range: "bytes=0-1", "If-Range": '"own"' }, 206],
])("%j is asked of the tag that the handler has set: %i", async (headers, status) => {
  const app = application([
    [
      "/(.*)",
      (web: Web, name) => {
        web.header("etag", '"own"');
        return web.file(name, { root });
      },
    ],
  ]);
  const response = await ask(app, "/ten.txt", { headers });
  expect([response.status, response.header("ETag")]).toEqual([status, status === 412 ? undefined : '"own"']);
});

describe("requests with conditions", () => {
  test.each<[headers: Record<string, string>, status: number, text: string]>([
    [{ "If-None-Match": "TAG" }, 304, ""],
    [{ "If-None-Match": '"x"' }, 200, "0123456789"],
    [{ "If-Modified-Since": MODIFIED }, 304, ""],
    [{ "If-Match": '"x"' }, 412, "precondition failed"],
    [{ Range: "bytes=0-3" }, 206, "0123"],
    [{ Range: "bytes=8-" }, 206, "89"],
    [{ Range: "bytes=-2" }, 206, "89"],
    [{ Range: "bytes=-200" }, 206, "0123456789"],
    [{ Range: "bytes=4-400" }, 206, "456789"],
    [{ Range: "bytes=10-" }, 416, "range not satisfiable"],
    [{ Range: "bytes=0-1, 4-5" }, 200, "0123456789"],
    [{ Range: "bytes=0-1, 2-5" }, 206, "012345"],
    [{ Range: "lines=1-2" }, 200, "0123456789"],
    [{ Range: "bytes=5-2" }, 200, "0123456789"],
    [{ Range: "bytes=0-3", "If-Range": "TAG" }, 206, "0123"],
    [{ Range: "bytes=0-3", "If-Range": '"x"' }, 200, "0123456789"],
    [{ Range: "bytes=0-3", "If-Range": "W/TAG" }, 200, "0123456789"],
    [{ Range: "bytes=0-3", "If-Range": MODIFIED }, 206, "0123"],
    [{ Range: "bytes=0-3", "If-Range": "Thu, 01 Jan 2026 00:00:01 GMT" }, 200, "0123456789"],
    [{ Range: "bytes=0-3", "If-None-Match": "TAG" }, 304, ""],
  ])("%j: %d", async (headers, status, text) => {
    const tag = (await ask(sending({}), "/ten.txt")).header("ETag") ?? "";
    const real = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace("TAG", tag)]),
    );
    const response = await ask(sending({}), "/ten.txt", { headers: real });
    expect(response).toMatchObject({ status, text, errors: "" });
    if (status === 206) {
      const start = "0123456789".indexOf(text);
      expect(response.header("Content-Range")).toBe(`bytes ${start}-${start + text.length - 1}/10`);
      expect(response.header("Content-Length")).toBe(String(text.length));
    }
    if (status === 416) expect(response.header("Content-Range")).toBe("bytes */10");
    if (status === 304)
      expect([response.header("ETag"), response.header("Last-Modified")]).toEqual([tag, undefined]);
  });

  test("a range is for GET alone, and no page for an error is a part", async () => {
    const headers = { Range: "bytes=0-3" };
    const head = await ask(sending({}), "/ten.txt", { method: "HEAD", headers });
    expect([head.status, head.text, head.header("Content-Length")]).toEqual([200, "", "10"]);
    const missing = (web: Web, name: string) => {
      web.status = 404;
      return web.file(name, { root });
    };
    const app = application([["/(.*)", (web: Web, name) => missing(web, name)]]);
    expect(await ask(app, "/ten.txt", { headers })).toMatchObject({ status: 404, text: "0123456789" });
  });
});

describe("names that would lead out of the folder are not there", () => {
  test.each([
    "/../secret.txt",
    "/css/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/css%5c..%5cten.txt",
    "//etc/passwd",
    "/%2Fetc/passwd",
    "/ten.txt%00",
    "/ten.txt%00.html",
    "/./ten.txt",
    "/css//site.css",
    "/.env",
    "/out.txt",
    "/up/secret.txt",
    "/css",
    "/css/",
    "/",
    "/none.txt",
    "/ten.txt/",
    `/${"a".repeat(300)}`,
    "/file:%2F%2F%2Fetc%2Fpasswd",
  ])("%s", async (path) => {
    expect(await ask(sending({}), path)).toMatchObject({ status: 404, text: "not found", errors: "" });
  });

  test.each(["/ten.txt", "/css/site.css", "/in.txt"])("%s is", async (path) => {
    expect((await ask(sending({}), path)).status).toBe(200);
    expect((await ask(sending({ root: pathToFileURL(`${root}/`) }), path)).status).toBe(200);
  });
});

test.each<[FileOptions, string, string | undefined]>([
  [{ download: true }, "Content-Disposition", 'attachment; filename="ten.txt"'],
  [
    { download: "zehn ö.txt" },
    "Content-Disposition",
    "attachment; filename=\"zehn _.txt\"; filename*=UTF-8''zehn%20%C3%B6.txt",
  ],
  [{ download: false }, "Content-Disposition", undefined],
  [{ cache: { scope: "public", maxAgeSeconds: 60 } }, "Cache-Control", "public, max-age=60"],
  [{ etag: false }, "ETag", undefined],
  [{ type: "application/x-ten" }, "Content-Type", "application/x-ten"],
])("%j", async (options, name, value) => {
  expect((await ask(sending(options), "/ten.txt")).header(name)).toBe(value);
});

test("a link that leads out of the folder only when the file is opened is not followed", async () => {
  const path = join(root, "changing.txt");
  await writeFile(path, "0123456789");
  const app = sending({});
  app.use((web, next) => {
    const wrap = web.environ["postern.file_wrapper"];
    web.environ["postern.file_wrapper"] = (...args) => {
      rmSync(path);
      symlinkSync(join(folder.path, "secret.txt"), path);
      return wrap(...args);
    };
    return next();
  });
  const response = await ask(app, "/changing.txt");
  expect(response).toMatchObject({ status: 500, text: "Internal Server Error\n" });
  expect(response.errors).toContain("leads out of its folder");
});

test("headers that the handler has set stay", async () => {
  const app = application([
    [
      "/",
      (web: Web) => {
        web.header("ETag", '"mine"');
        web.header("Content-Type", "text/x");
        return web.file(join(root, "ten.txt"));
      },
    ],
  ]);
  const response = await ask(app, "/");
  expect([response.header("ETag"), response.header("Content-Type")]).toEqual([
    '"mine"',
    "text/x; charset=utf-8",
  ]);
});

test.each<[string, Middleware]>([
  ["sendfile, which leaves the file to the web server", sendfile({ header: "X-Sendfile" })],
  ["head", head],
  [
    "cascade, which takes another answer",
    (app) => cascade([app, application([["/ten.txt", () => "other"]])], { missing: [200] }),
  ],
])("what is to be done at the end of a request is done behind %s", async (_name, middleware) => {
  const done: string[] = [];
  const app = sending({}).unloadHook(() => {
    done.push("done");
  });
  const response = await call(validate(middleware(validate(app))), "/ten.txt", { method: "HEAD" });
  expect([response.status, response.errors]).toEqual([200, ""]);
  expect(done).toEqual(["done"]);
});

test("an upload does not outlive a request whose file the web server sends", async () => {
  let path: string | undefined;
  const app = application([
    [
      "/",
      async (web: Web) => {
        ({ path } = (await web.form({ file: upload() })).file ?? {});
        return web.file(join(root, "ten.txt"));
      },
    ],
  ]);
  const form = new FormData();
  form.set("file", new Blob(["x".repeat(inputLimits.spoolBytes + 1)]), "long.txt");
  const encoded = new Response(form);
  const response = await call(sendfile({ header: "X-Sendfile" })(app), "/", {
    method: "POST",
    headers: encoded.headers,
    body: new Uint8Array(await encoded.arrayBuffer()),
  });
  expect([response.status, response.body.length]).toEqual([200, 0]);
  expect(path).toContain("postern-");
  await until("the upload is gone", () => !existsSync(dirname(path ?? "")));
});

test("what fails at the end of a request whose file the web server sends is logged", async () => {
  const app = sending({}).unloadHook(() => {
    throw new Error("the hook failed");
  });
  const response = await call(sendfile({ header: "X-Sendfile" })(app), "/ten.txt");
  expect(response.status).toBe(200);
  expect(response.errors).toContain("the hook failed");
});
