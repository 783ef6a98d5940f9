import {
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, brotliDecompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Application, Chunk } from "../../lib/gateway/types.ts";
import {
  type StaticFilesOptions,
  staticApplication,
  staticFiles,
} from "../../lib/middleware/static-files.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { temporaryFolder } from "../support/folder.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const TIME = Date.parse(DATE) / 1000;
const TEXT = "0123456789";
/** Size and milliseconds, as nginx has size and seconds. */
const TAG = `"a-${(TIME * 1000).toString(16)}"`;

const folder = temporaryFolder();
const root = join(folder.path, "public");

function write(name: string, content: string | Buffer = TEXT): void {
  const path = join(root, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  utimesSync(path, TIME, TIME);
}

beforeAll(() => {
  for (const name of [
    "a.txt",
    "page.html",
    "data.json",
    "icon.svg",
    "favicon.ico",
    "module.mjs",
    "UPPER.CSS",
    "noending",
    "odd.qqq",
    "sub/index.html",
    "sub/b.txt",
    "bare/c.txt",
    "sp ace/\u00fc\u20ac.txt",
    "%2e%2e/d.txt",
    "a\\b.txt",
    ".env",
    ".git/config",
    ".well-known/x",
    "index.html",
    "empty.txt",
  ])
    write(name, name === "empty.txt" ? "" : TEXT);
  write("app.js", "let x = 1;\n".repeat(50));
  write("app.js.br", brotliCompressSync("let x = 1;\n".repeat(50)));
  write("app.js.gz", gzipSync("let x = 1;\n".repeat(50)));
  write("large.bin", Buffer.alloc(300_000, "x"));
  writeFileSync(join(folder.path, "secret.txt"), "secret");
  mkdirSync(join(folder.path, "public-too"));
  writeFileSync(join(folder.path, "public-too", "e.txt"), "secret");
  symlinkSync(join(folder.path, "secret.txt"), join(root, "out.txt"));
  symlinkSync(join(folder.path, "public-too"), join(root, "out"));
  symlinkSync("a.txt", join(root, "link.txt"));
  symlinkSync("loop", join(root, "loop"));
  symlinkSync(root, join(folder.path, "linked"));
});

afterAll(() => folder.remove());

const application: Application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`application ${environ.REQUEST_METHOD} ${environ.SCRIPT_NAME}|${environ.PATH_INFO}`];
};

/** Between validators, as a server and as an application would have it. */
function ask(target: string, request: CallRequest = {}, options: StaticFilesOptions = {}) {
  return call(validate(staticFiles(root, options)(validate(application))), target, request);
}

describe("a file", () => {
  test("with all that belongs to it", async () => {
    const response = await ask("/a.txt");
    expect(response).toMatchObject({ status: 200, text: TEXT, cut: false, errors: "" });
    expect(response.headers).toEqual([
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Last-Modified", DATE],
      ["ETag", TAG],
      ["Accept-Ranges", "bytes"],
      ["Content-Length", "10"],
    ]);
  });

  test.each([
    ["/page.html", "text/html; charset=utf-8"],
    ["/data.json", "application/json"],
    ["/icon.svg", "image/svg+xml"],
    ["/favicon.ico", "image/vnd.microsoft.icon"],
    ["/module.mjs", "text/javascript; charset=utf-8"],
    ["/UPPER.CSS", "text/css; charset=utf-8"],
    ["/noending", "application/octet-stream"],
    ["/odd.qqq", "application/octet-stream"],
    ["/sp%20ace/%C3%BC%E2%82%AC.txt", "text/plain; charset=utf-8"],
    ["/link.txt", "text/plain; charset=utf-8"],
    ["/%252e%252e/d.txt", "text/plain; charset=utf-8"],
  ])("%s is %s", async (target, type) => {
    const response = await ask(target);
    expect(response).toMatchObject({ status: 200, text: TEXT });
    expect(response.header("Content-Type")).toBe(type);
  });

  test("types of one's own", async () => {
    const types = { qqq: "text/x-odd", txt: "text/plain; charset=iso-8859-1" };
    expect((await ask("/odd.qqq", {}, { types })).header("Content-Type")).toBe("text/x-odd");
    expect((await ask("/a.txt", {}, { types })).header("Content-Type")).toBe(
      "text/plain; charset=iso-8859-1",
    );
    expect((await ask("/data.json", {}, { types })).header("Content-Type")).toBe("application/json");
  });

  test("for HEAD: the same headers, and it is not opened", async () => {
    const get = await ask("/a.txt");
    const app = staticFiles(root)(application);
    const head = await call(
      validate((environ, startResponse) => {
        environ["postern.file_wrapper"] = () => {
          throw new Error("opened");
        };
        return app(environ, startResponse);
      }),
      "/a.txt",
      { method: "HEAD" },
    );
    expect(head).toMatchObject({ status: 200, text: "", errors: "" });
    expect(head.headers).toEqual(get.headers);
  });

  test("an empty one", async () => {
    const response = await ask("/empty.txt");
    expect(response).toMatchObject({ status: 200, text: "", cut: false });
    expect(response.header("Content-Length")).toBe("0");
  });

  test("from a folder given as a URL", async () => {
    const app = validate(staticApplication(pathToFileURL(`${root}/`)));
    expect((await call(app, "/a.txt")).text).toBe(TEXT);
  });

  test("from a folder that is a link", async () => {
    const app = validate(staticApplication(join(folder.path, "linked")));
    expect((await call(app, "/a.txt")).text).toBe(TEXT);
    expect((await call(app, "/out.txt")).status).toBe(404);
  });

  test("Cache-Control and headers of one's own", async () => {
    const options: StaticFilesOptions = {
      maxAgeSeconds: 60,
      headers: (path) => (path === "sub/b.txt" ? [["cache-control", "no-cache"]] : []),
    };
    expect((await ask("/a.txt", {}, options)).header("Cache-Control")).toBe("public, max-age=60");
    expect((await ask("/sub/b.txt", {}, options)).headers.filter(([name]) => /^cache/i.test(name))).toEqual([
      ["cache-control", "no-cache"],
    ]);
    const immutable = await ask("/a.txt", {}, { maxAgeSeconds: 31_536_000, immutable: true });
    expect(immutable.header("Cache-Control")).toBe("public, max-age=31536000, immutable");
  });

  test.each<[string, StaticFilesOptions]>([
    ["immutable without an age", { immutable: true }],
    ["an age that is none", { maxAgeSeconds: -1 }],
    ["a prefix without a slash", { prefix: "static" }],
  ])("%s: the start fails", (_what, options) => {
    expect(() => staticFiles(root, options)).toThrow(expect.objectContaining({ code: "OPTION" }));
  });
});

describe("where there is none", () => {
  const none = [
    "/missing.txt",
    "/a.txt/",
    "/a.txt/x",
    "/bare/",
    "/bare",
    "/loop",
    `/${"x".repeat(300)}`,
    // Not a name of this folder.
    "/../secret.txt",
    "/sub/../a.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/sub/..%2f..%2fsecret.txt",
    "/..%5csecret.txt",
    "/a%5Cb.txt",
    "/./a.txt",
    "//a.txt",
    "/sub//b.txt",
    "//etc/passwd",
    "/%2Fetc/passwd",
    "/a.txt%00",
    "/a.txt%00.html",
    "/../public-too/e.txt",
    "/%FC.txt",
    "/%C0%AE%C0%AE/secret.txt",
    // Nobody's business.
    "/.env",
    "/.git/config",
    "/.well-known/x",
    "/.",
    "/..",
    // Links that lead out.
    "/out.txt",
    "/out/e.txt",
    "/out/",
  ];

  test.each(none)("%s: the application answers, with the path as it came", async (target) => {
    const response = await ask(target);
    expect(response.text).toMatch(/^application GET \|/);
    const plain = await call(validate(staticApplication(root)), target);
    expect(plain).toMatchObject({ status: 404, text: "Not Found\n", errors: "" });
  });

  test("names with a dot that are meant", async () => {
    const options = { dotNames: [".well-known"] };
    expect((await ask("/.well-known/x", {}, options)).text).toBe(TEXT);
    expect((await ask("/.env", {}, options)).text).toMatch(/^application/);
  });

  test("links that lead out, where they are meant", async () => {
    expect((await ask("/out.txt", {}, { followLinks: true })).text).toBe("secret");
  });

  test("a folder that does not exist has nothing", async () => {
    expect((await call(staticApplication(join(root, "no-such")), "/a.txt")).status).toBe(404);
  });

  // By the error alone, since root may read everything.
  test("a file that may not be read is 403", async () => {
    const app = staticFiles(root)(application);
    const response = await call(
      validate((environ, startResponse) => {
        environ["postern.file_wrapper"] = (path, range = {}) => ({
          path,
          range,
          [Symbol.asyncIterator]: () => ({
            next: () => Promise.reject(Object.assign(new Error("denied"), { code: "EACCES" })),
          }),
        });
        return app(environ, startResponse);
      }),
      "/a.txt",
    );
    expect(response).toMatchObject({ status: 403, text: "Forbidden\n" });
    expect(response.header("Content-Type")).toBe("text/plain; charset=utf-8");
  });

  test("one that goes before it is opened is 404", async () => {
    const app = staticFiles(root)(application);
    const response = await call(
      validate((environ, startResponse) => {
        const wrap = environ["postern.file_wrapper"];
        environ["postern.file_wrapper"] = (path, range) => wrap(`${path}.gone`, range);
        return app(environ, startResponse);
      }),
      "/a.txt",
    );
    expect(response).toMatchObject({ status: 404, text: "Not Found\n" });
    expect(response.header("ETag")).toBeUndefined();
  });
});

describe("a link that changes after it was looked at", () => {
  /** Asks for a file, and changes something before it is opened. */
  const askAndChange = (path: string, change: () => void, options: StaticFilesOptions = {}) => {
    const app = staticFiles(root, options)(application);
    const changing: Application = (environ, startResponse) => {
      const wrap = environ["postern.file_wrapper"];
      environ["postern.file_wrapper"] = (...args) => {
        change();
        return wrap(...args);
      };
      return app(environ, startResponse);
    };
    return call(validate(changing), path);
  };
  const exchange = (path: string, target: string) => () => {
    rmSync(path, { recursive: true });
    symlinkSync(target, path);
  };

  test("is not followed out of the folder: as a file, or as a folder on the way", async () => {
    writeFileSync(join(folder.path, "secret"), TEXT);
    write("changing.txt");
    const file = await askAndChange(
      "/changing.txt",
      exchange(join(root, "changing.txt"), join(folder.path, "secret")),
    );
    expect(file).toMatchObject({ status: 404, text: "Not Found\n" });
    write("way/secret");
    const way = await askAndChange("/way/secret", exchange(join(root, "way"), folder.path));
    expect(way).toMatchObject({ status: 404, text: "Not Found\n" });
  });

  test("is followed within the folder, and anywhere with followLinks", async () => {
    write("inside.txt");
    const inside = exchange(join(root, "inside.txt"), join(root, "a.txt"));
    expect(await askAndChange("/inside.txt", inside)).toMatchObject({ status: 200, text: TEXT });
    write("outside.txt");
    const outside = exchange(join(root, "outside.txt"), join(folder.path, "secret"));
    const followed = await askAndChange("/outside.txt", outside, { followLinks: true });
    expect(followed).toMatchObject({ status: 200, text: TEXT });
  });

  test("may be the folder's own: what is published in its place is sent", async () => {
    for (const one of ["one", "two"]) {
      mkdirSync(join(folder.path, one));
      writeFileSync(join(folder.path, one, "a.txt"), one);
    }
    const current = join(folder.path, "current");
    symlinkSync("one", current);
    const app = staticFiles(current)(application);
    const switching: Application = (environ, startResponse) => {
      const wrap = environ["postern.file_wrapper"];
      environ["postern.file_wrapper"] = (...args) => {
        exchange(current, "two")();
        return wrap(...args);
      };
      return app(environ, startResponse);
    };
    expect(await call(validate(switching), "/a.txt")).toMatchObject({ status: 200, text: "two" });
  });
});

describe("paths", () => {
  test("below a prefix", async () => {
    const options = { prefix: "/static/" };
    expect((await ask("/static/a.txt", {}, options)).text).toBe(TEXT);
    expect((await ask("/a.txt", {}, options)).text).toBe("application GET |/a.txt");
    expect((await ask("/statics/a.txt", {}, options)).text).toMatch(/^application/);
    expect((await ask("/static/missing", {}, options)).text).toBe("application GET |/static/missing");
  });

  test("outside of the prefix an array stays synchronous", () => {
    const body = ["x"];
    const app = staticFiles(root, { prefix: "/static" })((_environ, startResponse) => {
      startResponse("200 OK", []);
      return body;
    });
    const environ = { REQUEST_METHOD: "GET", PATH_INFO: "/x" } as never;
    expect(app(environ, () => async () => {})).toBe(body);
  });

  test("index files, with a redirect where the slash is missing", async () => {
    expect((await ask("/")).text).toBe(TEXT);
    expect((await ask("/sub/")).header("Content-Type")).toBe("text/html; charset=utf-8");
    const redirect = await ask("/sub?a=b&c=%20", { scriptName: "/mount point" });
    expect(redirect.status).toBe(301);
    expect(redirect.header("Location")).toBe("/mount%20point/sub/?a=b&c=%20");
    const prefixed = await ask("/static", {}, { prefix: "/static" });
    expect(prefixed.header("Location")).toBe("/static/");
    expect((await ask("/sub", {}, { index: [] })).text).toMatch(/^application/);
    expect((await ask("/bare/", {}, { index: ["index.html", "c.txt"] })).text).toBe(TEXT);
  });

  test.each(["//evil.example/..", "//sub", "/\\evil.example/sub", "//evil.example/%2e%2e/sub"])(
    "%s redirects nowhere",
    async (target) => {
      expect((await ask(target)).header("Location")).toBeUndefined();
    },
  );
});

describe("methods", () => {
  test("others are the application's", async () => {
    expect((await ask("/a.txt", { method: "POST" })).text).toBe("application POST |/a.txt");
  });

  test("or refused, where there is a file", async () => {
    const response = await ask("/a.txt", { method: "POST" }, { fallThrough: false });
    expect(response.status).toBe(405);
    expect(response.header("Allow")).toBe("GET, HEAD");
    expect((await ask("/missing", { method: "POST" }, { fallThrough: false })).status).toBe(404);
  });
});

describe("conditions", () => {
  test.each<[number, Record<string, string>]>([
    [304, { "If-None-Match": TAG }],
    [304, { "If-None-Match": `W/${TAG}` }],
    [200, { "If-None-Match": '"other"' }],
    [304, { "If-Modified-Since": DATE }],
    [200, { "If-Modified-Since": "Sun, 06 Nov 1994 08:49:36 GMT" }],
    [200, { "If-None-Match": '"other"', "If-Modified-Since": DATE }],
    [200, { "If-Match": TAG }],
    [200, { "If-Match": `"x", ${TAG}` }],
    [200, { "If-Match": "*" }],
    [412, { "If-Match": '"other"' }],
    // RFC 9110 §13.1.1: the comparison is strong.
    [412, { "If-Match": `W/${TAG}` }],
    [200, { "If-Unmodified-Since": DATE }],
    [412, { "If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT" }],
    [200, { "If-Unmodified-Since": "yesterday" }],
    // §13.2.2: If-Match before If-None-Match.
    [412, { "If-Match": '"other"', "If-None-Match": TAG }],
  ])("%d for %j", async (status, headers) => {
    for (const method of ["GET", "HEAD"])
      expect((await ask("/a.txt", { method, headers })).status).toBe(status);
  });

  test("304 has what a cache needs", async () => {
    const response = await ask(
      "/a.txt",
      { headers: { "If-None-Match": TAG } },
      { maxAgeSeconds: 5, precompressed: ["br"], headers: () => [["Content-Type", "text/x"]] },
    );
    expect(response.headers).toEqual([
      ["ETag", TAG],
      ["Cache-Control", "public, max-age=5"],
      ["Vary", "Accept-Encoding"],
    ]);
  });
});

describe("ranges", () => {
  test.each<[string, string, string]>([
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-2", "89", "bytes 8-9/10"],
    ["bytes=5-100", "56789", "bytes 5-9/10"],
    ["bytes=-100", TEXT, "bytes 0-9/10"],
    ["Bytes = 1-2", "12", "bytes 1-2/10"],
    // Which make one together.
    ["bytes=0-2,3-4", "01234", "bytes 0-4/10"],
    ["bytes=20-30,1-2", "12", "bytes 1-2/10"],
  ])("%s: %j", async (range, text, contentRange) => {
    const response = await ask("/a.txt", { headers: { Range: range } });
    expect(response).toMatchObject({ status: 206, text, cut: false });
    expect(response.header("Content-Range")).toBe(contentRange);
    expect(response.header("Content-Length")).toBe(String(text.length));
    expect(response.header("ETag")).toBe(TAG);
  });

  test.each(["bytes=0-1,5-6", "lines=0-1", "bytes", "bytes=x-1", "bytes=", "0-1"])(
    "%s: all of it",
    async (range) => {
      const response = await ask("/a.txt", { headers: { Range: range } });
      expect(response).toMatchObject({ status: 200, text: TEXT });
      expect(response.header("Content-Range")).toBeUndefined();
    },
  );

  test.each(["bytes=10-", "bytes=20-30", "bytes=-0", "bytes=10-11,12-"])("%s: 416", async (range) => {
    const response = await ask("/a.txt", { headers: { Range: range } });
    expect(response.status).toBe(416);
    expect(response.header("Content-Range")).toBe("bytes */10");
  });

  // RFC 9110 §14.1.2: the last bytes of a file that is shorter are all of it, and so satisfiable.
  test.each([
    ["bytes=-5", 200],
    ["bytes=-0", 416],
    ["bytes=0-", 416],
  ])("%s of an empty file: %d", async (range, status) => {
    const response = await ask("/empty.txt", { headers: { Range: range } });
    expect([response.status, response.header("Content-Range")]).toEqual([
      status,
      status === 416 ? "bytes */0" : undefined,
    ]);
  });

  test.each<[number, string]>([
    [206, TAG],
    [206, DATE],
    [200, '"other"'],
    [200, `W/${TAG}`],
    [200, "Sun, 06 Nov 1994 08:49:38 GMT"],
  ])("%d for If-Range: %s", async (status, ifRange) => {
    const headers = { Range: "bytes=0-0", "If-Range": ifRange };
    expect((await ask("/a.txt", { headers })).status).toBe(status);
  });

  test("mean nothing for HEAD", async () => {
    const response = await ask("/a.txt", { method: "HEAD", headers: { Range: "bytes=0-0" } });
    expect(response.status).toBe(200);
    expect(response.header("Content-Length")).toBe("10");
  });

  test("of a large file", async () => {
    const response = await ask("/large.bin", { headers: { Range: "bytes=1-299998" } });
    expect(response.body).toHaveLength(299_998);
    expect(response.cut).toBe(false);
  });
});

describe("precompressed files", () => {
  const options: StaticFilesOptions = { precompressed: ["br", "zstd", "gzip"] };

  test.each<[string | undefined, string | undefined]>([
    ["gzip, deflate, br", "br"],
    ["gzip", "gzip"],
    ["br;q=0.1, gzip", "gzip"],
    ["br;q=0, *", "gzip"],
    ["zstd, gzip;q=0.5", "gzip"],
    ["deflate", undefined],
    ["identity, br;q=0.5", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("Accept-Encoding: %s gets %s", async (accepted, coding) => {
    const headers = accepted === undefined ? [] : ([["Accept-Encoding", accepted]] as const);
    const response = await ask("/app.js", { headers }, options);
    expect(response.header("Content-Encoding")).toBe(coding);
    expect(response.header("Content-Type")).toBe("text/javascript; charset=utf-8");
    expect(response.header("Vary")).toBe("Accept-Encoding");
    expect(response.header("Content-Length")).toBe(String(response.body.length));
    if (coding === "br") expect(brotliDecompressSync(response.body).toString()).toMatch(/^let x/);
  });

  test("have tags of their own", async () => {
    const tags = await Promise.all(
      ["br", "gzip", "identity"].map(async (coding) => {
        const response = await ask("/app.js", { headers: { "Accept-Encoding": coding } }, options);
        return response.header("ETag");
      }),
    );
    expect(new Set(tags).size).toBe(3);
    const again = { "Accept-Encoding": "br", "If-None-Match": tags[0] ?? "" };
    expect((await ask("/app.js", { headers: again }, options)).status).toBe(304);
  });

  test("are not looked for unless they are meant, nor where there is none", async () => {
    const headers = { "Accept-Encoding": "br" };
    const plain = await ask("/app.js", { headers });
    expect(plain.header("Content-Encoding")).toBeUndefined();
    expect(plain.header("Vary")).toBeUndefined();
    expect((await ask("/a.txt", { headers }, options)).text).toBe(TEXT);
  });
});

describe("while it is sent", () => {
  test("a file that gets shorter cuts the response", async () => {
    write("shrinking.bin", Buffer.alloc(300_000, "x"));
    const app = staticFiles(root)(application);
    const response = await call(async (environ, startResponse) => {
      const body = (await app(environ, startResponse)) as AsyncIterable<Chunk>;
      return (async function* () {
        for await (const chunk of body) {
          truncateSync(join(root, "shrinking.bin"), 70_000);
          yield chunk;
        }
      })();
    }, "/shrinking.bin");
    expect(response).toMatchObject({ status: 200, cut: true });
    expect(response.body.length).toBeLessThan(300_000);
  });

  test.skipIf(process.platform !== "linux")("no descriptor stays open, whatever happens", async () => {
    const openFiles = () =>
      readdirSync("/proc/self/fd").filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
        } catch {
          return false;
        }
      });
    const client = new AbortController();
    await Promise.all([
      ask("/large.bin"),
      ask("/large.bin", { method: "HEAD" }),
      ask("/large.bin", { headers: { Range: "bytes=5-10" } }),
      ask("/large.bin", { headers: { Range: "bytes=900000-" } }),
      ask("/large.bin", { headers: { "If-Modified-Since": DATE } }),
    ]);
    const app = staticFiles(root)(application);
    await call(
      async (environ, startResponse) => {
        const body = (await app(environ, startResponse)) as AsyncIterable<Chunk>;
        return (async function* () {
          for await (const chunk of body) {
            expect(openFiles()).toHaveLength(1);
            client.abort();
            yield chunk;
          }
        })();
      },
      "/large.bin",
      { signal: client.signal },
    );
    expect(openFiles()).toEqual([]);
    expect(openBodies()).toEqual([]);
  });
});
