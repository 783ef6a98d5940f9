// What is sent to use up a process: refused at the limit that docs/security.md names, with no more of it read than it takes
// to know.

import { describe, expect, test } from "vitest";
import { form, nested, textbox } from "../../lib/framework/forms.ts";
import { application, upload, type Web } from "../../lib/index.ts";
import { call } from "../../lib/testing/call.ts";
import { ask } from "./ask.ts";

const MIB = 1_048_576;
const GIB = 1_073_741_824;
const multipart = { "Content-Type": "multipart/form-data; boundary=B" };
const urlencoded = { "Content-Type": "application/x-www-form-urlencoded" };

const Any = form([textbox("a")]);
const app = application([
  ["/input", async (web: Web) => Object.keys(await web.input({ f: upload() })).length],
  ["/form", async (web: Web) => JSON.stringify((await Any.from(web)).d)],
  [
    "/parts",
    async (web: Web) => {
      let count = 0;
      for await (const _part of web.parts()) count++;
      return count;
    },
  ],
  ["/nested", async (web: Web) => JSON.stringify(nested(await web.input()))],
]);

/** A body that is made as it is read, and counts how much of it was. */
class Flood {
  bytes = 0;
  readonly #begin: string;
  readonly #piece: Buffer;
  readonly #times: number;

  constructor(begin: string, piece: string | Buffer, times: number) {
    this.#begin = begin;
    this.#piece = Buffer.from(piece);
    this.#times = times;
  }

  async *[Symbol.asyncIterator]() {
    yield Buffer.from(this.#begin);
    for (let sent = 0; sent < this.#times; sent++) {
      this.bytes += this.#piece.length;
      yield this.#piece;
    }
  }
}

const times = (text: string, count: number) => Array(count).fill(text).join("");
const part = (head: string, content: string) => `--B\r\n${head}\r\n\r\n${content}\r\n`;
const named = (name: string) => `Content-Disposition: form-data; name="${name}"`;
const block = Buffer.alloc(65_536, "x");

describe.each(["/input", "/form", "/parts"])("%s", (path) => {
  test.each<[string, () => Flood, Record<string, string>, number, maxBytes: number]>([
    ["100,000 fields", () => new Flood("a=1", times("&a=1", 1_000), 100), urlencoded, 413, 400_000],
    [
      "100,000 fields of a multipart form",
      () => new Flood("", times(part(named("a"), "1"), 100), 1_000),
      multipart,
      413,
      100_000,
    ],
    ["a field of 1 GiB", () => new Flood("a=", block, GIB / block.length), urlencoded, 413, 17 * MIB],
    [
      "a field of 1 GiB in a multipart form",
      () => new Flood(`--B\r\n${named("a")}\r\n\r\n`, block, GIB / block.length),
      multipart,
      413,
      1.2 * MIB,
    ],
    [
      "1 GiB before the first part",
      () => new Flood("", block, GIB / block.length),
      multipart,
      413,
      1.2 * MIB,
    ],
    [
      "a part of 1 GiB that says nothing of itself",
      () => new Flood("--B\r\nX: y\r\n\r\n", block, GIB / block.length),
      multipart,
      413,
      1.2 * MIB,
    ],
    [
      "a part without a name",
      () => new Flood("", part("Content-Disposition: form-data", "x"), 10_000),
      multipart,
      400,
      100_000,
    ],
    [
      "a million empty parts",
      () => new Flood("", times(part("X: y", ""), 1_000), 1_000),
      multipart,
      413,
      200_000,
    ],
    [
      "a million parts without a head",
      () => new Flood("", times(part("", ""), 1_000), 1_000),
      multipart,
      400,
      200_000,
    ],
    [
      "a million empty parts with a name of a file",
      () => new Flood("", times(part(`${named("f")}; filename=""`, ""), 100), 10_000),
      multipart,
      413,
      200_000,
    ],
    [
      "a flood of headers",
      () => new Flood("--B\r\n", times("X: y\r\n", 100), 10_000),
      multipart,
      400,
      100_000,
    ],
    ["one header without end", () => new Flood("--B\r\nX: ", block, 10_000), multipart, 400, 200_000],
    ["a header's name without end", () => new Flood("--B\r\n", block, 10_000), multipart, 400, 200_000],
    ["a name of 2,000 keys", () => new Flood(times("a.", 2_000), "a=1", 1), urlencoded, 413, 100],
    [
      "a name of 2,000 keys in a multipart form",
      () => new Flood("", part(named(times("a.", 2_000)), "1"), 1_000),
      multipart,
      413,
      100_000,
    ],
    [
      "a file with such a name",
      () => new Flood("", part(`${named(times("a.", 2_000))}; filename="f"`, "1"), 1_000),
      multipart,
      413,
      100_000,
    ],
  ])("%s", async (_name, make, headers, status, maxBytes) => {
    const flood = make();
    const response = await call(app, path, { method: "POST", body: flood, headers });
    expect([response.status, response.errors]).toEqual([status, ""]);
    // What lies ready in streams was read too.
    expect(flood.bytes).toBeLessThanOrEqual(maxBytes + 4 * block.length);
  });

  test("a length that says too much is enough", async () => {
    const flood = new Flood("a=", block, GIB / block.length);
    const headers = { ...urlencoded, "Content-Length": String(GIB) };
    const response = await call(app, path, { method: "POST", body: flood, headers });
    expect(response.status).toBe(413);
    expect(flood.bytes).toBeLessThanOrEqual(4 * block.length);
  });
});

test.each([
  ["/input", times("&a=1", 100_000)],
  ["/form", times("&a=1", 100_000)],
  ["/input", `${times("a.", 2_000)}=1`],
])("a query of %s that is past a limit", async (path, query) => {
  expect((await ask(app, `${path}?${query}`)).status).toBe(414);
});

describe("nested names", () => {
  test.each([
    [`${times("a.", 31)}a`, 200],
    [`${times("a.", 32)}a`, 400],
    [`a${times("[0]", 31)}`, 200],
    [`a${times("[0]", 32)}`, 400],
    ["a[999]", 200],
    ["a[1000]", 400],
    ["a[4294967295]", 400],
    ["a[-1]", 400],
    ["__proto__.x", 400],
    ["a.__proto__.x", 400],
    ["a.constructor.prototype.x", 400],
    ["a.constructor", 400],
    ["a..b", 400],
    ["a[", 400],
    ["a]", 400],
    ["[0]", 400],
    ["a[0]b", 400],
  ])("%s → %i", async (name, status) => {
    const data = new URLSearchParams({ [name]: "1" }).toString();
    const response = await ask(app, "/nested", { data, headers: urlencoded });
    expect([response.status, response.errors]).toEqual([status, ""]);
  });

  test.each([
    ["a=1&a.b=2", 400],
    ["a.b=1&a=2", 400],
    ["a[0]=1&a.b=2", 400],
  ])("%s exclude each other", async (data, status) => {
    expect((await ask(app, "/nested", { data, headers: urlencoded })).status).toBe(status);
  });

  test("make objects and lists without holes", () => {
    const made = nested({
      "a.b": "1",
      "a.c[7].d": "2",
      "a.c[3].d": "3",
      e: "4",
      toString: "5",
      none: undefined,
    });
    expect(made).toEqual({ a: { b: "1", c: [{ d: "3" }, { d: "2" }] }, e: "4", toString: "5" });
    expect(Object.getPrototypeOf(made)).toBe(null);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});

describe("memory", () => {
  const used = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };

  // With room for a thousand items in each of the lists they would take 380 MB.
  test("lists of high indexes take what is in them", () => {
    const values = Object.fromEntries(
      Array.from({ length: 1000 }, (_none, index) => [`a${index}${times("[999]", 31)}`, "x"]),
    );
    const before = used();
    nested(values);
    expect(used() - before).toBeLessThan(150_000_000);
  });

  /** A file that is measured while it is sent. */
  async function* file(bytes: number, onPiece: () => void) {
    yield Buffer.from(`--B\r\n${named("f")}; filename="f"\r\n\r\n`);
    for (let sent = 0; sent < bytes; sent += block.length) {
      onPiece();
      yield block;
    }
    yield Buffer.from("\r\n--B--\r\n");
  }

  test("stays flat while a long file is read", async () => {
    const before = used();
    let most = 0;
    const body = file(64 * MIB, () => {
      most = Math.max(most, used() - before);
    });
    const response = await call(app, "/input", { method: "POST", body, headers: multipart });
    expect([response.status, response.errors]).toEqual([200, ""]);
    expect(most).toBeLessThan(48 * MIB);
  });

  test("is free again after what was refused", async () => {
    const flood = () => new Flood("a=", block, GIB / block.length);
    for (let round = 0; round < 3; round++) {
      await call(app, "/input", { method: "POST", body: flood(), headers: urlencoded });
    }
    const before = used();
    for (let round = 0; round < 10; round++) {
      const { status } = await call(app, "/input", { method: "POST", body: flood(), headers: urlencoded });
      expect(status).toBe(413);
    }
    // Ten times 16 MiB were held for a moment.
    expect(used() - before).toBeLessThan(64 * MIB);
    expect((await ask(app, "/form", { data: { a: "still here" } })).text).toBe('{"a":"still here"}');
  });
});
