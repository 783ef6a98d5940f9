import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { application, type InputLimits, upload, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

const headers = { "Content-Type": "multipart/form-data; boundary=B" };

/** A body by hand (RFC 7578): parts of header lines and content, and the closing boundary. */
const body = (...parts: string[]) =>
  Buffer.from(`${parts.map((part) => `--B\r\n${part}\r\n`).join("")}--B--\r\n`);
const field = (name: string, value: string) =>
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const file = (name: string, filename: string, content: string, type = "text/plain") =>
  `Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n${content}`;

// Temporary folders are looked for where this test alone puts them.
let folder = "";
const system = process.env["TMPDIR"];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-test-"));
  process.env["TMPDIR"] = folder;
});
afterEach(async () => {
  if (system === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = system;
  expect(readdirSync(folder), "temporary files are removed").toEqual([]);
  await rm(folder, { recursive: true });
});

describe("an upload", () => {
  const app = application(
    [
      [
        "/",
        async (web: Web) => {
          const { f } = await web.input({ f: upload() });
          if (f === undefined) return "none";
          const { filename, type, size, path } = f;
          const streamed = (await f.stream().toArray()).join("");
          return {
            filename,
            type,
            size,
            spooled: path !== undefined && existsSync(path),
            text: await f.text(),
            streamed,
          };
        },
      ],
    ],
    { limits: { spoolBytes: 8 } },
  );

  test.each([
    [
      "in memory",
      file("f", "a.txt", "12345678"),
      { filename: "a.txt", type: "text/plain", size: 8, spooled: false },
    ],
    [
      "on disk",
      file("f", "a.txt", "123456789"),
      { size: 9, spooled: true, text: "123456789", streamed: "123456789" },
    ],
    ["empty, with a name", file("f", "a.txt", ""), { size: 0, text: "" }],
    ["UTF-8 name", file("f", "grüße 😀.txt", "x"), { filename: "grüße 😀.txt" }],
    ["folders", file("f", "../../etc/passwd", "x"), { filename: "passwd" }],
    ["Windows folders", file("f", "C:\\\\temp\\\\a.txt", "x"), { filename: "a.txt" }],
    ["dots alone", file("f", "..", "x"), { filename: "" }],
    ["dots in front", file("f", "..htaccess", "x"), { filename: "htaccess" }],
    ["binary is not decoded", file("f", "a", "\u0000\u0001"), { text: "\u0000\u0001", size: 2 }],
  ])("%s", async (_name, part, expected) => {
    const response = await ask(app, "/", { data: body(part), headers });
    expect(JSON.parse(response.text)).toMatchObject(expected);
  });

  test("a file field in which nothing was chosen", async () => {
    const part = file("f", "", "", "application/octet-stream");
    expect((await ask(app, "/", { data: body(part), headers })).text).toBe("none");
  });

  test("arrives in any pieces", async () => {
    const whole = body(field("x", "1"), file("f", "a.txt", "-B\r\nalmost\r\n--"));
    const bytes = async function* () {
      for (const byte of whole) yield Buffer.of(byte);
    };
    const response = await ask(app, "/", { data: bytes(), headers });
    expect(JSON.parse(response.text)).toMatchObject({ text: "-B\r\nalmost\r\n--", spooled: true });
  });
});

describe("save()", () => {
  test.each([
    ["in memory", 100],
    ["on disk", 1],
  ])("%s", async (_name, spoolBytes) => {
    const kept = await mkdtemp(join(system ?? "/tmp", "postern-kept-"));
    try {
      await mkdir(join(kept, "folder"));
      await writeFile(join(kept, "there"), "old");
      const outcomes: unknown[] = [];
      const app = application(
        [
          [
            "/",
            async (web: Web) => {
              const { f } = await web.input({ f: upload() });
              outcomes.push(await f?.save(join(kept, "new")));
              outcomes.push(await f?.save(join(kept, "folder")));
              outcomes.push(await f?.save(join(kept, "there")).catch((error) => error.code));
              outcomes.push(await f?.save(join(kept, "there"), { overwrite: true }));
            },
          ],
        ],
        { limits: { spoolBytes } },
      );
      await ask(app, "/", { data: body(file("f", "../a.txt", "content")), headers });
      expect(outcomes).toEqual([
        join(kept, "new"),
        join(kept, "folder/a.txt"),
        "EEXIST",
        join(kept, "there"),
      ]);
      for (const name of ["new", "folder/a.txt", "there"]) {
        expect(await readFile(join(kept, name), "utf8")).toBe("content");
      }
    } finally {
      await rm(kept, { recursive: true });
    }
  });
});

const whole = body(field("a", "1"), file("f", "a.txt", "x".repeat(100)), field("b", "2"));
const cut = (bytes: number) => whole.subarray(0, whole.length - bytes);

describe("bad input", () => {
  const limits: InputLimits = {
    spoolBytes: 10,
    maxFieldBytes: 20,
    maxFileBytes: 100,
    maxFiles: 2,
    maxFields: 3,
    maxParts: 6,
    maxDataBytes: 50,
    maxFormBytes: 20_000,
  };
  const app = application([["/", async (web: Web) => Object.keys(await web.input({ f: upload() })).join()]], {
    limits,
  });
  const long = "x".repeat(101);
  const fullField = (name: string) => field(name, "x".repeat(20));
  const inCharset = (charset: string) =>
    `Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=${charset}\r\n\r\n1`;
  const without = "Content-Disposition: form-data\r\n\r\nx";

  test.each<[string, Uint8Array, number, Record<string, string>?]>([
    ["a whole form", whole, 200],
    ["cut in the closing boundary", cut(5), 400],
    ["cut in a field", cut(12), 400],
    ["cut in a part's head", cut(20), 400],
    ["cut in a file", whole.subarray(0, 250), 400],
    ["nothing at all", Buffer.alloc(0), 400],
    ["no boundary in the body", Buffer.from("hello"), 400],
    ["another boundary", Buffer.from(whole.toString().replaceAll("--B", "--C")), 400],
    ["no boundary in the type", whole, 400, { "Content-Type": "multipart/form-data" }],
    ["a head that is none", body("no colon here\r\n\r\nx"), 400],
    ["a head without end", Buffer.from("--B\r\nContent-Disposition: form-data; name=a"), 400],
    ["a part without a name", body(without), 400],
    ["a file without a name", body(`${without.replace("form-data", 'form-data; filename="a"')}`), 400],
    ["a part's head over 16 KiB", body(`X: ${"x".repeat(17_000)}\r\n${field("a", "1")}`), 400],
    ["a field over its limit", body(field("a", "x".repeat(21))), 413],
    ["a field at its limit", body(field("a", "x".repeat(20))), 200],
    ["fields over the limit of what is held", body(...["a", "b", "c"].map(fullField)), 413],
    ["fields at the limit of what is held", body(fullField("a"), fullField("b"), field("c", "1234567")), 200],
    ["a file over its limit", body(file("f", "a", long)), 413],
    ["a file over its limit, and more after it", body(file("f", "a", long), field("b", "2")), 413],
    ["a file at its limit", body(file("f", "a", long.slice(1))), 200],
    ["too many files", body(file("f", "a", "1"), file("f", "b", "2"), file("f", "c", "3")), 413],
    ["too many fields", body(...["1", "2", "3", "4"].map((value) => field("a", value))), 413],
    ["too many parts", body(...Array(7).fill("X: y\r\n\r\nno disposition")), 413],
    ["as many parts as may be", body(...Array(5).fill("X: y\r\n\r\nno disposition"), field("a", "1")), 200],
    ["a field in a charset that nobody knows", body(inCharset("klingon")), 415],
    ["a field in a charset that busboy cannot decode", body(inCharset("koi8-r")), 415],
    ["a field in UTF-8 that says so", body(inCharset("UTF-8")), 200],
    ["a form over its limit", body(...Array(5).fill(`X: y\r\n\r\n${"z".repeat(5000)}`)), 413],
  ])("%s", async (_name, data, status, type = headers) => {
    const response = await ask(app, "/", { data, headers: type });
    expect([response.status, response.errors]).toEqual([status, ""]);
  });

  test("a long file that is cut short", async () => {
    const roomy = application([["/", async (web: Web) => (await web.input({ f: upload() })).f?.size]]);
    const long = body(field("a", "1"), file("f", "a", "x".repeat(500_000)));
    for (const length of [100_000, 200_000, 300_000, long.length - 5]) {
      const data = pieces(long.subarray(0, length), 65_536);
      const response = await ask(roomy, "/", { data, headers });
      expect([length, response.status, response.errors]).toEqual([length, 400, ""]);
    }
    expect((await ask(roomy, "/", { data: pieces(long, 65_536), headers })).text).toBe("500000");
  });

  test("an error in the handler leaves no file behind", async () => {
    let path = "";
    const failing = application(
      [
        [
          "/",
          async (web: Web) => {
            path = (await web.input({ f: upload() })).f?.path ?? "";
            expect(existsSync(path)).toBe(true);
            throw new Error("boom");
          },
        ],
      ],
      { limits },
    );
    expect((await ask(failing, "/", { data: whole, headers })).status).toBe(500);
    expect([path !== "", existsSync(path)]).toEqual([true, false]);
  });

  test("a file lasts as long as the body that is made of it", async () => {
    const echo = application(
      [
        ["/stream", async (web: Web) => (await web.input({ f: upload() })).f?.stream()],
        ["/file", async (web: Web) => web.file((await web.input({ f: upload() })).f?.path ?? "")],
      ],
      { limits },
    );
    for (const path of ["/stream", "/file"]) {
      expect((await ask(echo, path, { data: whole, headers })).text).toBe("x".repeat(100));
    }
  });

  test("an input that fails is not the handler's fault", async () => {
    const broken = async function* () {
      yield whole.subarray(0, 250);
      throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
    };
    expect((await ask(app, "/", { data: broken(), headers })).status).toBe(500);
  });
});

describe("web.parts()", () => {
  const limits: InputLimits = { maxFileBytes: 100 };
  const read = (how: (web: Web) => unknown) => application([["/", how]], { limits });

  test("parts in their order, files as they arrive", async () => {
    const app = read(async (web) => {
      const seen: unknown[] = [];
      for await (const part of web.parts()) {
        if (part.kind === "field") seen.push([part.name, part.value]);
        else seen.push([part.name, part.filename, part.type, (await part.stream.toArray()).join("").length]);
      }
      return seen;
    });
    expect((await ask(app, "/", { data: whole, headers })).text).toBe(
      '[["a","1"],["f","a.txt","text/plain",100],["b","2"]]',
    );
    expect((await ask(app, "/", { data: { a: "1", b: ["2", "3"] } })).text).toBe(
      '[["a","1"],["b","2"],["b","3"]]',
    );
  });

  test.each<[string, (stream: AsyncIterable<unknown>) => unknown]>([
    ["not read", () => {}],
    [
      "left early",
      async (stream) => {
        for await (const _chunk of stream) break;
      },
    ],
  ])("a file that is %s does not stop the form", async (_name, use) => {
    const app = read(async (web) => {
      const names: string[] = [];
      for await (const part of web.parts()) {
        names.push(part.name);
        if (part.kind === "file") await use(part.stream);
      }
      return names.join();
    });
    const large = body(
      file("f", "a", "x".repeat(100)),
      field("b", "2"),
      ...Array(50).fill(file("g", "g", "y".repeat(100))),
    );
    expect((await ask(app, "/", { data: pieces(large, 50), headers })).text).toBe(
      ["f", "b", ...Array(50).fill("g")].join(),
    );
  });

  test("a file over its limit fails where it is read", async () => {
    const app = read(async (web) => {
      for await (const part of web.parts()) if (part.kind === "file") await part.stream.toArray();
    });
    expect((await ask(app, "/", { data: body(file("f", "a", "x".repeat(101))), headers })).status).toBe(413);
  });

  test("leaving the loop lets the request end", async () => {
    const app = read(async (web) => {
      for await (const part of web.parts()) return part.name;
      return "none";
    });
    expect((await ask(app, "/", { data: whole, headers })).text).toBe("a");
  });
});

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
