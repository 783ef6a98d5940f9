// app.request(): everything that a request can have, and everything that a response has.

import { describe, expect, test, vi } from "vitest";
import { application } from "../../lib/framework/application.ts";
import { seeOther } from "../../lib/framework/responses.ts";
import { uploads } from "../../lib/framework/values.ts";
import type { Web } from "../../lib/framework/web.ts";

const ended = vi.fn();

const app = application([
  ["/", () => "home"],
  [
    "/echo",
    async (web: Web) => ({
      method: web.method,
      type: web.requestHeader("Content-Type") ?? null,
      length: web.environ.CONTENT_LENGTH ?? null,
      body: (await web.data()).toString(),
    }),
  ],
  ["/query", (web: Web) => web.environ.QUERY_STRING],
  ["/path/(.*)", (_web: Web, rest: string) => rest],
  ["/variable/(.*)", (web: Web, name: string) => String(web.environ[name])],
  ["/cookies", (web: Web) => web.cookies()],
  [
    "/files",
    async (web: Web) => {
      const { title, file } = await web.input({ title: "", file: uploads() });
      const files = file.map(async (one) => [one.filename, one.type, await one.text()]);
      return { title, files: await Promise.all(files) };
    },
  ],
  [
    "/set",
    (web: Web) => {
      web.setCookie("who", "Zoë & Ada", { maxAge: 60 });
      throw seeOther("/");
    },
  ],
  [
    "/complains",
    (web: Web) => {
      web.environ["wsgi.errors"].write("disk is nearly full\n");
      return "fine";
    },
  ],
  [
    "/endless",
    async function* (web: Web) {
      try {
        for (let count = 0; !web.signal.aborted; count++) yield `piece ${count}\n`;
      } finally {
        ended();
      }
    },
  ],
  [
    "/waits",
    async function* (web: Web) {
      try {
        yield "first";
        await new Promise((resolve) => web.signal.addEventListener("abort", resolve));
      } finally {
        ended(web.signal.reason);
      }
    },
  ],
  [
    "/pieces",
    function* () {
      yield "one";
      yield "two";
    },
  ],
]);

describe("a request", () => {
  test("is GET /, without arguments", async () => {
    const { status, reason, text } = await app.request();
    expect([status, reason, text]).toEqual([200, "OK", "home"]);
  });

  const form = "application/x-www-form-urlencoded";

  test.each([
    ["text", { data: "a=1" }, { method: "POST", type: null, length: "3", body: "a=1" }],
    ["bytes", { data: new Uint8Array([65, 66]) }, { method: "POST", type: null, length: "2", body: "AB" }],
    [
      "an object",
      { data: { a: 1, b: "x y", c: ["p", "q"], d: true } },
      { method: "POST", type: form, length: "24", body: "a=1&b=x+y&c=p&c=q&d=true" },
    ],
    [
      "URLSearchParams",
      { data: new URLSearchParams("a=1&a=2") },
      { method: "POST", type: form, length: "7", body: "a=1&a=2" },
    ],
    [
      "a Blob",
      { data: new Blob(["<a/>"], { type: "text/xml" }) },
      { method: "POST", type: "text/xml", length: "4", body: "<a/>" },
    ],
    [
      "JSON",
      { json: { a: [1, null] } },
      { method: "POST", type: "application/json", length: "14", body: '{"a":[1,null]}' },
    ],
    [
      "JSON of another type and method",
      { method: "PUT", json: 1, headers: { "content-type": "application/merge-patch+json" } },
      { method: "PUT", type: "application/merge-patch+json", length: "1", body: "1" },
    ],
    [
      "a stream, which has no length",
      { data: chunks("ab", "cd") },
      { method: "POST", type: null, length: null, body: "abcd" },
    ],
    ["nothing", { method: "DELETE" }, { method: "DELETE", type: null, length: null, body: "" }],
  ])("has a body of %s", async (_, request, expected) => {
    expect((await app.request("/echo", request)).json()).toEqual(expected);
  });

  test("has files, beside the fields of data", async () => {
    const files = { file: [new File(["one"], "ü.txt", { type: "text/plain" }), new Blob(["two"])] };
    const response = await app.request("/files", { data: { title: "Two" }, files });
    expect(response.json()).toEqual({
      title: "Two",
      files: [
        ["ü.txt", "text/plain", "one"],
        ["blob", "application/octet-stream", "two"],
      ],
    });
  });

  test("has files from a FormData", async () => {
    const data = new FormData();
    data.append("title", "One");
    data.append("file", new File(["one"], "a.txt"));
    const { title, files } = (await app.request("/files", { data })).json<{
      title: string;
      files: unknown[];
    }>();
    expect([title, files.length]).toEqual(["One", 1]);
  });

  test.each([
    ["/query?a=1", { b: [2, 3], c: "ü&", d: undefined }, "a=1&b=2&b=3&c=%C3%BC%26"],
    ["/query", { a: false }, "a=false"],
    ["/query", {}, ""],
  ])("has a query: %s and %j", async (target, query, expected) => {
    expect((await app.request(target, { query })).text).toBe(expected);
  });

  test("has a path that is encoded where it must be, and not twice", async () => {
    expect((await app.request("/path/Zoë %26 Ada")).text).toBe("Zoë & Ada");
  });

  test("has cookies", async () => {
    const { text } = await app.request("/cookies", { cookies: { a: "1", who: "Zoë; Ada" } });
    expect(JSON.parse(text)).toEqual({ a: "1", who: "Zoë; Ada" });
  });

  test.each([
    ["HTTP_HOST", { host: "example.org" }, "example.org"],
    ["SERVER_PORT", { host: "example.org", https: true }, "443"],
    ["wsgi.url_scheme", { https: true }, "https"],
    ["SCRIPT_NAME", { scriptName: "/app" }, "/app"],
    [
      "HTTP_X_MANY",
      {
        headers: [
          ["X-Many", "1"],
          ["x-many", "2"],
        ] as const,
      },
      "1, 2",
    ],
    ["REMOTE_ADDR", { environ: { REMOTE_ADDR: "192.0.2.1" } }, "192.0.2.1"],
  ])("has %s", async (name, request, expected) => {
    expect((await app.request(`/variable/${name}`, request)).text).toBe(expected);
  });

  test.each([
    [{ json: 1, data: "a" }, "a request has one body: json is a body of its own: leave data and files out"],
    [
      { data: "a", files: { f: new Blob([]) } },
      "a request has one body: with files, data has the other fields of the form: make it an object",
    ],
  ])("has one body", async (request, message) => {
    await expect(app.request("/echo", request)).rejects.toThrow(message);
  });

  test("can be called off", async () => {
    ended.mockClear();
    const controller = new AbortController();
    const response = app.request("/waits", { signal: controller.signal });
    controller.abort("enough");
    await response;
    expect(ended).toHaveBeenCalledWith("enough");
  });
});

describe("a response", () => {
  test("has headers, and cookies with their attributes", async () => {
    const response = await app.request("/set");
    expect([response.status, response.header("LOCATION")]).toEqual([303, "/"]);
    expect(response.cookie("who")).toMatchObject({
      value: "Zoë & Ada",
      maxAge: 60,
      httpOnly: true,
      path: "/",
    });
    expect(response.cookie("other")).toBeUndefined();
  });

  test("has its body in the pieces in which it was sent", async () => {
    const { chunks, text, body } = await app.request("/pieces");
    expect(chunks.map(String)).toEqual(["one", "two"]);
    expect([text, body.length]).toEqual(["onetwo", 6]);
  });

  test("has what was logged, which fails a test that asks for it", async () => {
    expect((await app.request("/complains")).errors).toBe("disk is nearly full\n");
    await expect(app.request("/complains", { fatal: true })).rejects.toThrow(
      "GET /complains was answered 200, and this went to the error log:\ndisk is nearly full\n",
    );
    expect((await app.request("/", { fatal: true })).text).toBe("home");
  });

  test("can be read while it is sent, and left", async () => {
    ended.mockClear();
    const response = await app.request("/endless", { stream: true });
    expect(response.status).toBe(200);
    const seen: string[] = [];
    for await (const chunk of response.chunks) {
      seen.push(String(chunk));
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(["piece 0\n", "piece 1\n", "piece 2\n"]);
    expect(ended).toHaveBeenCalledOnce();
  });

  test("holds the application up until it is read", async () => {
    let made = 0;
    const fast = application([
      [
        "/",
        function* () {
          for (; made < 1000; made++) yield "piece";
        },
      ],
    ]);
    const response = await fast.request("/", { stream: true });
    await new Promise((resolve) => setImmediate(resolve));
    expect(made).toBeLessThan(3);
    let read = 0;
    for await (const _ of response.chunks) read++;
    expect(read).toBe(1000);
  });

  test("that nobody reads is closed", async () => {
    ended.mockClear();
    const response = await app.request("/waits", { stream: true });
    await response.close();
    expect(ended).toHaveBeenCalledOnce();
  });

  test("with an end ends", async () => {
    const response = await app.request("/pieces", { stream: true });
    const seen: string[] = [];
    for await (const chunk of response.chunks) seen.push(String(chunk));
    expect([seen, response.cut, response.errors]).toEqual([["one", "two"], false, ""]);
  });
});

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
