import { describe, expect, test } from "vitest";
import type { Wanted } from "../../lib/framework/values.ts";
import { application, upload, uploads, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

/** Asks a handler that wants `wanted` and answers with what it got. */
async function input(wanted: Wanted, target: string, request: Parameters<typeof ask>[2] = {}) {
  const app = application([["/", (web: Web) => web.input(...wanted)]]);
  const response = await ask(app, target, request);
  return response.status === 200 ? JSON.parse(response.text) : `${response.status} ${response.text}`;
}

// features.md 5.2, RQ-01 to RQ-07.
describe("web.input()", () => {
  const form = { headers: { "Content-Type": "application/x-www-form-urlencoded" } };
  test.each<[string, Wanted, string, Parameters<typeof ask>[2], unknown]>([
    ["everything", [], "/?a=1&b=2", {}, { a: "1", b: "2" }],
    ["the last value wins", [], "/?a=1&a=2", {}, { a: "2" }],
    ["a list where the default is one", [{ a: [] }], "/?a=1&a=2", {}, { a: ["1", "2"] }],
    ["a list of one", [{ a: [] }], "/?a=1", {}, { a: ["1"] }],
    ["a list that is missing", [{ a: ["x"] }], "/", {}, { a: ["x"] }],
    ["defaults", [{ a: "x", b: null, c: "z" }], "/?c=1", {}, { a: "x", b: null, c: "1" }],
    ["blank values are values", ["a", { b: "x" }], "/?a=&b=", {}, { a: "", b: "" }],
    ["a required name", ["a"], "/?a=1", {}, { a: "1" }],
    ["the form wins", [{ a: [] }], "/?a=1&a=2&b=3", { data: { a: "4" } }, { a: ["4"], b: "3" }],
    ["several of a name", [{ a: [] }], "/", { data: { a: ["1", "2"] } }, { a: ["1", "2"] }],
    [
      "plus and percent",
      [],
      "/?a=x+y%26%C3%BC",
      { data: "b=1%2B1+%E2%82%AC", ...form },
      { a: "x y&ü", b: "1+1 €" },
    ],
    ["a form without a type", [], "/", { data: "a=1" }, { a: "1" }],
    ["a form in chunks", [], "/", { data: chunks("a=1", "&b=%", "41"), ...form }, { a: "1", b: "A" }],
    [
      "a body that is no form",
      [],
      "/?a=1",
      { data: "b=2", headers: { "Content-Type": "text/plain" } },
      { a: "1" },
    ],
    [
      "names that objects have",
      [],
      "/?__proto__=1&constructor=2",
      {},
      JSON.parse('{"__proto__":"1","constructor":"2"}'),
    ],
    ["multipart", [{ t: [] }], "/", { data: { t: ["1", "ü"], f: new File(["x"], "f") } }, { t: ["1", "ü"] }],
    ["a file as text", ["f"], "/", { data: { f: new File(["hé"], "f") } }, { f: "hé" }],
  ])("%s", async (_name, wanted, target, request, expected) => {
    expect(await input(wanted, target, request)).toEqual(expected);
  });

  test("a required name that is missing is 400", async () => {
    expect(await input(["a", "b"], "/?a=1")).toBe('400 bad request: "b" is missing');
  });

  test("no name is there that was not sent", async () => {
    const app = application([
      [
        "/",
        async (web: Web) => {
          const values = await web.input();
          return [Object.getPrototypeOf(values), "toString" in values];
        },
      ],
    ]);
    expect((await ask(app, "/")).text).toBe("[null,false]");
  });

  test("query, form and input, again and again", async () => {
    const app = application([
      [
        "/",
        async (web: Web) => [
          await web.input(),
          web.query("a", { b: "" }),
          await web.form(),
          await web.input({ b: "" }),
          String(await web.data()),
        ],
      ],
    ]);
    expect(JSON.parse((await ask(app, "/?a=1", { data: { a: "2", b: "3" } })).text)).toEqual([
      { a: "2", b: "3" },
      { a: "1", b: "" },
      { a: "2", b: "3" },
      { a: "2", b: "3" },
      "a=2&b=3",
    ]);
  });
});

describe("web.data() and web.json()", () => {
  const app = application(
    [
      [
        "/data",
        async (web: Web) => {
          const data = await web.data();
          return [String(data), (await web.data()) === data];
        },
      ],
      ["/json", async (web: Web) => ({ got: await web.json() })],
      ["/both", async (web: Web) => [String(await web.data()), await web.input()]],
    ],
    { limits: { maxDataBytes: 20, maxJsonBytes: 10 } },
  );
  const huge = async function* () {
    for (;;) yield Buffer.alloc(7, " ");
  };

  test.each([
    ["/data", { data: "hé" }, 200, '["hé",true]'],
    ["/data", {}, 200, '["",true]'],
    ["/data", { data: "x".repeat(21) }, 413, "content too large"],
    ["/data", { data: huge() }, 413, "content too large"],
    ["/json", { data: '{"a":1}' }, 200, '{"got":{"a":1}}'],
    ["/json", { data: "1" }, 200, '{"got":1}'],
    ["/json", { data: "{a:1}" }, 400, "bad request: the body is not JSON"],
    ["/json", { data: "" }, 400, "bad request: the body is not JSON"],
    ["/json", { data: Buffer.from('"\xff"', "latin1") }, 400, "bad request: the body is not JSON"],
    ["/json", { data: '"123456789"' }, 413, "content too large"],
    ["/both", { data: "a=1" }, 200, '["a=1",{"a":"1"}]'],
  ])("%s %j → %i", async (path, request, status, text) => {
    expect(await ask(app, path, { method: "POST", ...request })).toMatchObject({ status, text });
  });

  test("a form that was read cannot be read as bytes", async () => {
    const wrong = application([
      [
        "/",
        async (web: Web) => {
          await web.input();
          await web.data();
        },
      ],
    ]);
    const response = await ask(wrong, "/", { data: { f: new File(["x"], "f") } });
    expect([response.status, response.errors]).toEqual([500, expect.stringContaining("BODY_CONSUMED")]);
  });

  test("bytes that were read can be read as a form", async () => {
    const right = application([
      [
        "/",
        async (web: Web) => {
          await web.data();
          return (await web.input({ f: upload() })).f?.text();
        },
      ],
    ]);
    expect((await ask(right, "/", { data: { f: new File(["x"], "f") } })).text).toBe("x");
  });
});

describe("limits of query and form", () => {
  const app = application([["/", async (web: Web) => `${Object.keys(await web.input())}`]], {
    limits: { maxFields: 3, maxFieldBytes: 5 },
  });
  const file = (name: string) => new File(["x"], name);
  test.each([
    ["/?a=1&b=2&c=3", {}, 200],
    ["/?a=1&b=2&c=3&", {}, 200],
    ["/?a=1&b=2&c=3&d=4", {}, 414],
    // Separators are counted, so that a body of nothing else is refused before anything is made of it.
    ["/?&&&&", {}, 414],
    ["/", { data: "&&&&" }, 413],
    ["/", { data: { a: "1", b: "2", c: "3" } }, 200],
    ["/", { data: { a: "1", b: "2", c: "3", d: "4" } }, 413],
    ["/", { data: { a: "12345" } }, 200],
    ["/", { data: { a: "123456" } }, 413],
    ["/", { data: { a: "ééé" } }, 413],
    ["/", { data: { a123456: "1" } }, 413],
    ["/", { data: { a: "12345", f: file("f") } }, 200],
    ["/", { data: { a: "123456", f: file("f") } }, 413],
    ["/", { data: { a: ["1", "2", "3"], f: file("f") } }, 200],
    ["/", { data: { a: ["1", "2", "3", "4"], f: file("f") } }, 413],
  ])("%s %j → %i", async (target, request, status) => {
    expect((await ask(app, target, request)).status).toBe(status);
  });
});

test("all files of a name", async () => {
  const app = application([
    [
      "/",
      async (web: Web) => {
        const { all, none } = await web.input({ all: uploads(), none: uploads() });
        return [all.map((one) => one.filename), none];
      },
    ],
  ]);
  const data = { all: [new File(["1"], "a"), new File(["2"], "b")] };
  expect((await ask(app, "/", { data })).text).toBe('[["a","b"],[]]');
});

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

// features.md RQ-18. The bytes are those of the WHATWG Encoding standard.
describe("a form in another charset", () => {
  const sent = (data: string, charset: string) =>
    input([], "/?q=%C3%BC", {
      data: Buffer.from(data, "latin1"),
      headers: { "Content-Type": `application/x-www-form-urlencoded${charset}` },
    });

  test.each([
    ["in Latin-1", "a=Zo%EB+1&%FC=%A3", ";charset=iso-8859-1", { q: "ü", a: "Zoë 1", ü: "£" }],
    ["in quotes and capitals", "a=%EB", '; Charset="ISO-8859-1"', { q: "ü", a: "ë" }],
    ["with its bytes as they are", "a=Zo\xeb", "; charset=windows-1252", { q: "ü", a: "Zoë" }],
    ["in Shift_JIS", "a=%93%FA%96%7B", "; charset=shift_jis", { q: "ü", a: "日本" }],
    ["in KOI8-R", "a=%CD%C9%D2", "; charset=koi8-r", { q: "ü", a: "мир" }],
    ["in UTF-8", "a=%C3%AB", "; charset=UTF-8", { q: "ü", a: "ë" }],
    [
      "with fields that are odd",
      "&a&=b&c=d=e&&x=%2",
      "; charset=latin1",
      { q: "ü", a: "", "": "b", c: "d=e", x: "%2" },
    ],
  ])("is read %s", async (_how, data, charset, expected) => {
    expect(await sent(data, charset)).toEqual(expected);
  });

  test("is refused where nobody knows it, and in UTF-16", async () => {
    expect(await sent("a=1", "; charset=klingon")).toBe(
      '415 unsupported media type: the charset "klingon" is not known',
    );
    expect(await sent("a=1", "; charset=utf-16")).toMatch(/^415 /);
  });

  test("has as many fields as any other", async () => {
    expect(await sent("a&".repeat(10_000), "; charset=latin1")).toMatch(/^413 /);
  });

  test("may be so for one part of multipart alone", async () => {
    const part = (name: string, type: string, text: string) =>
      `--x\r\nContent-Disposition: form-data; name="${name}"\r\n${type}\r\n${text}\r\n`;
    const latin = part("a", "Content-Type: text/plain; charset=iso-8859-1\r\n", "Zo\xeb");
    const data = Buffer.from(`${latin}${part("b", "", "Zo\xc3\xab")}--x--\r\n`, "latin1");
    const headers = { "Content-Type": "multipart/form-data; boundary=x" };
    expect(await input([], "/", { data, headers })).toEqual({ a: "Zoë", b: "Zoë" });
  });
});
