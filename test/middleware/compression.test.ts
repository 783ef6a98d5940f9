import { readFileSync, statSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname } from "node:path";
import zlib, { brotliDecompressSync, createGunzip, gunzipSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Application, Body, Environ, Header } from "../../lib/gateway/types.ts";
import { type CompressionOptions, compression } from "../../lib/middleware/compression.ts";
import { staticApplication } from "../../lib/middleware/static-files.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, type CallResponse, call } from "../../lib/testing/call.ts";
import { testEnviron } from "../support/environ.ts";
import { until } from "../support/until.ts";

const PLAIN: Header = ["Content-Type", "text/plain"];
const TEXT = "All work and no play makes Jack a dull boy.\n".repeat(100);
const FILE = import.meta.filename;

function answering(body: (environ: Environ) => Body, ...headers: Header[]): Application {
  return (environ, startResponse) => {
    const typed = headers.some(([name]) => name === "Content-Type");
    startResponse("200 OK", typed ? headers : [PLAIN, ...headers]);
    return body(environ);
  };
}

/** Between validators, as a server and as an application would have it. */
function ask(
  application: Application,
  accepted: string | undefined,
  {
    headers = {},
    target = "/",
    ...request
  }: CallRequest & { headers?: Record<string, string>; target?: string } = {},
  options: CompressionOptions = {},
) {
  return call(validate(compression(options)(validate(application))), target, {
    ...request,
    headers: { ...headers, ...(accepted !== undefined && { "Accept-Encoding": accepted }) },
  });
}

function unpacked(response: CallResponse): string {
  const coding = response.header("Content-Encoding");
  if (coding === "gzip") return gunzipSync(response.body).toString();
  if (coding === "br") return brotliDecompressSync(response.body).toString();
  return response.text;
}

async function* stream(...chunks: (string | Uint8Array)[]) {
  yield* chunks;
}

describe("the coding", () => {
  test.each<[string | undefined, string | undefined]>([
    ["gzip, deflate, br", "br"],
    ["gzip, deflate", "gzip"],
    ["br;q=0.5, gzip", "gzip"],
    ["gzip;q=0, *", "br"],
    ["*", "br"],
    ["GZIP", "gzip"],
    ["deflate", undefined],
    ["identity", undefined],
    ["gzip;q=0", undefined],
    ["gzip;q=0.5, identity", undefined],
    ["", undefined],
    [undefined, undefined],
    // Nothing that we have: better what the client did not ask for than nothing.
    ["identity;q=0", undefined],
    ["identity;q=0, gzip;q=0.1", "gzip"],
  ])("Accept-Encoding: %s gets %s", async (accepted, coding) => {
    for (const body of [() => [TEXT], () => stream(TEXT)]) {
      const response = await ask(answering(body), accepted);
      expect(response.header("Content-Encoding")).toBe(coding);
      expect(unpacked(response)).toBe(TEXT);
      expect(response.header("Vary")).toBe("Accept-Encoding");
      expect(response).toMatchObject({ status: 200, cut: false, errors: "" });
    }
  });

  test("as they are wanted here", async () => {
    const options: CompressionOptions = { codings: ["gzip"] };
    const application = answering(() => [TEXT]);
    expect((await ask(application, "br, gzip", {}, options)).header("Content-Encoding")).toBe("gzip");
    expect((await ask(application, "br", {}, options)).header("Content-Encoding")).toBeUndefined();
    const preferring: CompressionOptions = { codings: ["gzip", "br"] };
    expect((await ask(application, "br, gzip", {}, preferring)).header("Content-Encoding")).toBe("gzip");
  });

  test("level and quality", async () => {
    const text = readFileSync(FILE);
    const sizeOf = async (coding: string, options: CompressionOptions) => {
      const response = await ask(
        answering(() => [text]),
        coding,
        {},
        options,
      );
      expect(unpacked(response)).toBe(text.toString());
      return response.body.length;
    };
    expect(await sizeOf("gzip", { gzipLevel: 9 })).toBeLessThan(await sizeOf("gzip", { gzipLevel: 1 }));
    expect(await sizeOf("br", { brotliQuality: 9 })).toBeLessThan(await sizeOf("br", { brotliQuality: 1 }));
  });

  test.each<[string, CompressionOptions]>([
    ["a level", { gzipLevel: 10 }],
    ["a quality", { brotliQuality: 12 }],
    ["a threshold", { thresholdBytes: Number.NaN }],
    ["a coding", { codings: ["deflate" as "gzip"] }],
    ["no coding", { codings: [] }],
  ])("%s that is none: the start fails", (_what, options) => {
    expect(() => compression(options)).toThrow(expect.objectContaining({ code: "OPTION" }));
  });
});

describe("what is compressed", () => {
  const short = TEXT.slice(0, 1023);

  test("from the threshold on", async () => {
    const long = TEXT.slice(0, 1024);
    const codingOf = async (application: Application, options?: CompressionOptions) =>
      (await ask(application, "gzip", {}, options)).header("Content-Encoding");
    expect(await codingOf(answering(() => [short]))).toBeUndefined();
    expect(await codingOf(answering(() => [long]))).toBe("gzip");
    expect(await codingOf(answering(() => ["", long.slice(9), long.slice(0, 9)]))).toBe("gzip");
    expect(await codingOf(answering(() => stream(short), ["Content-Length", "1023"]))).toBeUndefined();
    expect(await codingOf(answering(() => stream(short)))).toBe("gzip");
    expect(
      await codingOf(
        answering(() => [short]),
        { thresholdBytes: 0 },
      ),
    ).toBe("gzip");
  });

  test("anything, where the client refuses it as it is", async () => {
    const response = await ask(
      answering(() => ["x"]),
      "gzip, identity;q=0",
    );
    expect(response.header("Content-Encoding")).toBe("gzip");
    expect(unpacked(response)).toBe("x");
  });

  test.each<[string, string | undefined]>([
    ["text/html; charset=utf-8", "gzip"],
    ["application/json", "gzip"],
    ["image/svg+xml", "gzip"],
    ["application/problem+json", "gzip"],
    ["image/png", undefined],
    ["application/zip", undefined],
    ["application/x-unheard-of", undefined],
    ["text/event-stream", undefined],
    ["Text/Event-Stream; charset=utf-8", undefined],
  ])("%s: %s", async (type, coding) => {
    const response = await ask(
      answering(() => [TEXT], ["Content-Type", type]),
      "gzip",
    );
    expect(response.header("Content-Encoding")).toBe(coding);
    expect(response.header("Vary")).toBe(coding && "Accept-Encoding");
  });

  test("as a filter says, event streams never", async () => {
    const seen: string[] = [];
    const options: CompressionOptions = {
      filter: (head, type) => {
        seen.push(`${head.environ.PATH_INFO} ${head.code} ${type}`);
        return type === "image/png";
      },
    };
    const png = answering(() => [TEXT], ["Content-Type", "image/png"]);
    expect((await ask(png, "gzip", {}, options)).header("Content-Encoding")).toBe("gzip");
    expect(
      (
        await ask(
          answering(() => [TEXT]),
          "gzip",
          {},
          options,
        )
      ).header("Content-Encoding"),
    ).toBeUndefined();
    expect(seen).toEqual(["/ 200 image/png", "/ 200 text/plain"]);
    const events = answering(() => [TEXT], ["Content-Type", "text/event-stream"]);
    const all = await ask(events, "gzip", {}, { filter: () => true });
    expect(all.header("Content-Encoding")).toBeUndefined();
  });

  test.each<[string, Header]>([
    ["what is encoded already", ["Content-Encoding", "gzip"]],
    ["what must not be transformed", ["Cache-Control", "public, no-transform"]],
  ])("not %s", async (_what, header) => {
    const response = await ask(
      answering(() => [TEXT], header),
      "br",
    );
    expect(response.text).toBe(TEXT);
    expect(response.header("Vary")).toBeUndefined();
  });

  test.each<[string, string | undefined]>([
    ["404 Not Found", "gzip"],
    ["206 Partial Content", undefined],
  ])("status %s: %s", async (status, coding) => {
    const response = await ask((_environ, startResponse) => {
      startResponse(status, [PLAIN]);
      return [TEXT];
    }, "gzip");
    expect(response.header("Content-Encoding")).toBe(coding);
    expect(unpacked(response)).toBe(TEXT);
    expect(response.header("Vary")).toBe("Accept-Encoding");
  });

  test.each<[string, string | undefined]>([
    ["204 No Content", undefined],
    ["304 Not Modified", "Accept-Encoding"],
  ])("status %s has no body", async (status, vary) => {
    const response = await ask((_environ, startResponse) => {
      startResponse(status, []);
      return [];
    }, "gzip");
    expect(response).toMatchObject({ text: "", errors: "" });
    expect(response.header("Vary")).toBe(vary);
  });

  test("not what would get no smaller", async () => {
    const random = crypto.getRandomValues(Buffer.alloc(5000));
    const response = await ask(
      answering(() => [random]),
      "gzip",
    );
    expect(response.header("Content-Encoding")).toBeUndefined();
    expect(response.body).toEqual(random);
  });

  test("not what is written", async () => {
    const response = await ask(async (_environ, startResponse) => {
      await startResponse("200 OK", [PLAIN])(TEXT);
      return [];
    }, "gzip");
    expect(response.text).toBe(TEXT);
    expect(response.header("Vary")).toBe("Accept-Encoding");
  });
});

describe("the head", () => {
  const described: Header[] = [
    ["Content-Length", String(TEXT.length)],
    ["ETag", '"a"'],
    ["Accept-Ranges", "bytes"],
    ["vary", "Cookie"],
  ];

  test("says what the body has become", async () => {
    const response = await ask(
      answering(() => stream(TEXT), ...described),
      "gzip",
    );
    expect(response.headers).toEqual([
      PLAIN,
      ["Vary", "Cookie, Accept-Encoding"],
      ["Content-Encoding", "gzip"],
      ["ETag", 'W/"a"'],
    ]);
    const array = await ask(
      answering(() => [TEXT], ...described),
      "gzip",
    );
    expect(array.header("Content-Length")).toBe(String(array.body.length));
  });

  test("of HEAD is that of GET", async () => {
    for (const body of [() => [TEXT], () => stream(TEXT)]) {
      const get = await ask(answering(body, ...described), "gzip");
      const head = await ask(answering(body, ...described), "gzip", { method: "HEAD" });
      const without = ([name]: Header) => name !== "Content-Length";
      expect(head.headers.filter(without)).toEqual(get.headers.filter(without));
      expect(head.header("Content-Length")).not.toBe(String(TEXT.length));
      expect(head.text).toBe("");
    }
    for (const nothing of [[], [""]]) {
      const lean = await ask(
        answering(() => nothing, ...described),
        "gzip",
        { method: "HEAD" },
      );
      expect(lean.header("Content-Encoding")).toBe("gzip");
      expect(lean.header("Content-Length")).toBeUndefined();
    }
    expect(openBodies()).toEqual([]);
  });

  test("a weak tag stays, and one of a client that takes no coding", async () => {
    const weak = await ask(
      answering(() => [TEXT], ["ETag", 'W/"a"']),
      "gzip",
    );
    expect(weak.header("ETag")).toBe('W/"a"');
    const identity = await ask(
      answering(() => [TEXT], ["ETag", '"a"']),
      undefined,
    );
    expect(identity.header("ETag")).toBe('"a"');
  });
});

describe("the body", () => {
  test("an array goes out at once, as an array", () => {
    const { environ } = testEnviron({ HTTP_ACCEPT_ENCODING: "gzip" });
    const body = compression()(answering(() => [TEXT]))(environ, () => async () => {}) as Uint8Array[];
    expect(Array.isArray(body)).toBe(true);
    expect(gunzipSync(Buffer.concat(body)).toString()).toBe(TEXT);
    const { environ: plain } = testEnviron();
    const own = [TEXT];
    expect(compression()(answering(() => own))(plain, () => async () => {})).toBe(own);
  });

  test.each(["gzip", "br"])("large ones of all kinds, %s", async (coding) => {
    const large = TEXT.repeat(100);
    const bytes = new TextEncoder().encode(large);
    const bodies: (() => Body)[] = [
      () => [large],
      () => [bytes.subarray(0, 100_000), bytes.subarray(100_000)],
      () => stream(large),
      () => stream(...(large.match(/.{1,9999}/gs) ?? [])),
      () => stream("", bytes, ""),
    ];
    for (const body of bodies) {
      const response = await ask(answering(body), coding);
      expect(response.body.length).toBeLessThan(large.length / 10);
      expect(unpacked(response)).toBe(large);
      expect(response.cut).toBe(false);
    }
  });

  test("a file", async () => {
    const application = answering(
      (environ) => environ["postern.file_wrapper"](FILE),
      ["Content-Length", String(statSync(FILE).size)],
    );
    expect(unpacked(await ask(application, "br"))).toBe(readFileSync(FILE, "utf8"));
    expect(openBodies()).toEqual([]);
  });

  test.each([
    ["EACCES", "403 Forbidden"],
    ["ENOENT", "404 Not Found"],
    ["EIO", "500 Internal Server Error"],
  ])("a file that cannot be opened (%s) is %s, as without compression", async (code, status) => {
    const failing = () => ({
      next: () => Promise.reject(Object.assign(new Error("not opened"), { code })),
    });
    const wrapper = (path: string, range = {}) => ({ path, range, [Symbol.asyncIterator]: failing });
    for (const accepted of [undefined, "identity", "gzip", "br"]) {
      const response = await ask(staticApplication(dirname(FILE)), accepted, {
        target: `/${basename(FILE)}`,
        environ: { "postern.file_wrapper": wrapper },
      });
      expect(`${response.status} ${response.reason}`).toBe(status);
      expect(unpacked(response)).toBe(`${status.slice(4)}\n`);
      expect(response.header("ETag")).toBeUndefined();
      expect(openBodies()).toEqual([]);
    }
  });

  test("an error in it cuts the response", async () => {
    const response = await ask(
      answering(async function* () {
        yield TEXT;
        throw new Error("broken");
      }),
      "gzip",
    );
    expect(response).toMatchObject({ status: 200, cut: true });
    expect(response.errors).toContain("broken");
  });

  test("an error before its first chunk is a 500 that is not compressed", async () => {
    const response = await ask(
      answering(async function* () {
        yield "";
        throw new Error("broken");
      }),
      "gzip",
    );
    expect(response).toMatchObject({ status: 500, text: "Internal Server Error\n" });
    expect(response.header("Content-Encoding")).toBeUndefined();
  });

  /** The iterator of a compressed stream, as a server has it, and how many chunks it was asked for. */
  function streamed(chunks: Iterable<string | Uint8Array>, options?: CompressionOptions) {
    const { environ } = testEnviron({ HTTP_ACCEPT_ENCODING: "gzip" });
    const asked = { chunks: 0, left: 0 };
    const body = compression(options)(
      answering(async function* () {
        try {
          for (const chunk of chunks) {
            asked.chunks++;
            yield chunk;
          }
        } finally {
          asked.left++;
        }
      }),
    )(environ, () => async () => {}) as AsyncIterable<Uint8Array>;
    return { asked, iterator: body[Symbol.asyncIterator]() };
  }

  test("a chunk is not held back until the next", async () => {
    const { asked, iterator } = streamed(["first", "second", "third"]);
    const gunzip = createGunzip();
    let text = "";
    gunzip.on("data", (chunk) => {
      text += chunk;
    });
    for (const [index, expected] of ["first", "firstsecond", "firstsecondthird"].entries()) {
      while (text !== expected) {
        const { value } = await iterator.next();
        await new Promise<void>((resolve) => gunzip.write(value, () => resolve()));
      }
      expect(asked.chunks).toBe(index + 1);
    }
    await iterator.return?.();
  });

  test("without flush, small chunks are sent together", async () => {
    const chunks = Array.from({ length: 100 }, (_, index) => `line ${index}\n`);
    const { asked, iterator } = streamed(chunks, { flush: false });
    const pieces: Uint8Array[] = [];
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) pieces.push(step.value);
    expect(gunzipSync(Buffer.concat(pieces)).toString()).toBe(chunks.join(""));
    expect(pieces.length).toBeLessThan(5);
    expect(asked).toEqual({ chunks: 100, left: 1 });
  });

  test("is asked for a chunk when what came before has been taken", async () => {
    // Noise, so that as much comes out as goes in.
    const noise = Array.from({ length: 20 }, () => crypto.getRandomValues(new Uint8Array(60_000)));
    const { asked, iterator } = streamed(noise);
    await iterator.next();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked.chunks).toBe(1);
    await iterator.return?.();
    expect(asked.left).toBe(1);
  });

  describe("zlib", () => {
    const made: zlib.Gzip[] = [];
    const createGzip = zlib.createGzip;

    afterEach(() => {
      made.length = 0;
      vi.restoreAllMocks();
      syncBuiltinESMExports();
    });

    function watchZlib(): void {
      vi.spyOn(zlib, "createGzip").mockImplementation((options) => {
        const gzip = createGzip(options);
        made.push(gzip);
        return gzip;
      });
      syncBuiltinESMExports();
    }

    test.each<[string, (signal: AbortController) => Application]>([
      ["at its end", () => answering(() => stream(TEXT, TEXT))],
      [
        "after an error",
        () =>
          answering(async function* () {
            yield TEXT;
            throw new Error("broken");
          }),
      ],
      [
        "when the client goes",
        (client) =>
          answering(async function* () {
            yield TEXT;
            client.abort();
            yield TEXT;
            yield TEXT;
          }),
      ],
    ])("is freed %s", async (_what, application) => {
      watchZlib();
      const client = new AbortController();
      await call(compression()(application(client)), "/", {
        headers: { "Accept-Encoding": "gzip" },
        signal: client.signal,
      });
      expect(made).toHaveLength(1);
      await until("closed", () => made.every((gzip) => gzip.closed));
    });

    test("is not made for HEAD, nor for a body that nobody asks for", async () => {
      watchZlib();
      await ask(
        answering(() => stream(TEXT)),
        "gzip",
        { method: "HEAD" },
      );
      const { environ } = testEnviron({ HTTP_ACCEPT_ENCODING: "gzip" });
      compression()(answering((one) => one["postern.file_wrapper"](FILE)))(environ, () => async () => {});
      expect(made).toEqual([]);
    });
  });
});

test("no-transform counts in whichever header it stands", async () => {
  const twice = answering(() => [TEXT], ["Cache-Control", "public"], ["Cache-Control", "no-transform"]);
  const response = await call(compression()(twice), "/", { headers: { "Accept-Encoding": "gzip" } });
  expect(response.header("Content-Encoding")).toBeUndefined();
});
