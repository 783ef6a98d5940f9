// Conditional GET, ETag, content length, head, content type: what a middleware makes of the head that it finds.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Application, Body, Header, Middleware } from "../../lib/gateway/types.ts";
import { conditionalGet } from "../../lib/middleware/conditional-get.ts";
import { contentLength } from "../../lib/middleware/content-length.ts";
import { contentType } from "../../lib/middleware/content-type.ts";
import { type EtagOptions, etag } from "../../lib/middleware/etag.ts";
import { head } from "../../lib/middleware/head.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { testEnviron } from "../support/environ.ts";

const PLAIN: Header = ["Content-Type", "text/plain"];
const FILE = import.meta.filename;

function answering(body: (environ: Parameters<Application>[0]) => Body, ...headers: Header[]): Application {
  return (environ, startResponse) => {
    startResponse("200 OK", [PLAIN, ...headers]);
    return body(environ);
  };
}

function ask(middleware: Middleware, application: Application, request: CallRequest = {}) {
  return call(validate(middleware(validate(application))), "/", request);
}

/** What the middleware passes on, without a server that adds to it. */
function passedOn(middleware: Middleware, application: Application, changes: Record<string, unknown> = {}) {
  const { environ } = testEnviron(changes);
  const passed: { status: string; headers: readonly Header[]; body?: unknown } = { status: "", headers: [] };
  const body = middleware(application)(environ, (status, headers) => {
    passed.status = status;
    passed.headers = [...headers];
    return async () => {};
  });
  passed.body = body;
  return passed;
}

async function* stream(...chunks: string[]) {
  yield* chunks;
}

describe("conditionalGet", () => {
  const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
  const LATER = "Sun, 06 Nov 1994 08:49:38 GMT";
  const EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT";

  test.each<[number, Record<string, string>, Header[]]>([
    [304, { "If-None-Match": '"a"' }, [["ETag", '"a"']]],
    // RFC 9110 §13.1.2: the comparison is weak.
    [304, { "If-None-Match": 'W/"a"' }, [["ETag", '"a"']]],
    [304, { "If-None-Match": '"a"' }, [["ETag", 'W/"a"']]],
    [304, { "If-None-Match": '"x", "a" , "y"' }, [["ETag", '"a"']]],
    [304, { "If-None-Match": "*" }, [["ETag", '"a"']]],
    [200, { "If-None-Match": '"b"' }, [["ETag", '"a"']]],
    [200, { "If-None-Match": '"a"' }, []],
    [200, { "If-None-Match": "" }, [["ETag", '"a"']]],
    [304, { "If-Modified-Since": DATE }, [["Last-Modified", DATE]]],
    [304, { "If-Modified-Since": LATER }, [["Last-Modified", DATE]]],
    [200, { "If-Modified-Since": EARLIER }, [["Last-Modified", DATE]]],
    [200, { "If-Modified-Since": "yesterday" }, [["Last-Modified", DATE]]],
    [200, { "If-Modified-Since": DATE }, [["Last-Modified", "whenever"]]],
    [200, { "If-Modified-Since": DATE }, []],
    // RFC 9110 §13.2.2: If-Modified-Since does not count beside If-None-Match.
    [
      200,
      { "If-None-Match": '"b"', "If-Modified-Since": DATE },
      [
        ["ETag", '"a"'],
        ["Last-Modified", DATE],
      ],
    ],
    [
      304,
      { "If-None-Match": '"a"', "If-Modified-Since": EARLIER },
      [
        ["ETag", '"a"'],
        ["Last-Modified", DATE],
      ],
    ],
    // A forced reload.
    [200, { "If-None-Match": '"a"', "Cache-Control": "no-cache" }, [["ETag", '"a"']]],
    [200, {}, [["ETag", '"a"']]],
  ])("%d for %j and %j", async (status, headers, ofResponse) => {
    for (const method of ["GET", "HEAD"]) {
      const application = answering(() => ["abc"], ...ofResponse);
      const response = await ask(conditionalGet, application, { method, headers });
      expect(response.status).toBe(status);
      expect(response.text).toBe(status === 200 && method === "GET" ? "abc" : "");
    }
  });

  test("304 keeps what RFC 9110 §15.4.5 asks for and leaves out what describes the content", async () => {
    const kept: Header[] = [
      ["ETag", '"a"'],
      ["Cache-Control", "max-age=60"],
      ["Content-Location", "/a"],
      ["Content-Security-Policy", "default-src 'self'"],
      ["Date", DATE],
      ["Expires", LATER],
      ["Vary", "Cookie"],
      ["Set-Cookie", "a=1"],
    ];
    const left: Header[] = [
      ["Content-Length", "3"],
      ["content-encoding", "identity"],
      ["Content-Language", "en"],
      ["Last-Modified", DATE],
      ["Accept-Ranges", "bytes"],
    ];
    const response = await ask(
      conditionalGet,
      answering(() => ["abc"], ...kept, ...left),
      {
        headers: { "If-None-Match": '"a"' },
      },
    );
    expect(response.reason).toBe("Not Modified");
    expect(response.headers).toEqual(kept);
  });

  test("304 keeps Last-Modified where there is no tag", async () => {
    const response = await ask(
      conditionalGet,
      answering(() => ["abc"], ["Last-Modified", DATE]),
      {
        headers: { "If-Modified-Since": DATE },
      },
    );
    expect(response.headers).toEqual([["Last-Modified", DATE]]);
  });

  test.each(["POST", "PUT", "DELETE"])("%s passes", async (method) => {
    const application = answering(() => ["abc"], ["ETag", '"a"']);
    const response = await ask(conditionalGet, application, { method, headers: { "If-None-Match": '"a"' } });
    expect(response.status).toBe(200);
  });

  test.each(["201 Created", "206 Partial Content", "404 Not Found"])("%s passes", async (status) => {
    const response = await ask(
      conditionalGet,
      (_environ, startResponse) => {
        startResponse(status, [PLAIN, ["ETag", '"a"']]);
        return ["abc"];
      },
      { headers: { "If-None-Match": '"a"' } },
    );
    expect(response.text).toBe("abc");
  });

  test("a stream is left after its first chunk, a file is never opened", async () => {
    const events: string[] = [];
    const streaming = answering(
      async function* () {
        try {
          events.push("first");
          yield "a";
          events.push("second");
          yield "b";
        } finally {
          events.push("left");
        }
      },
      ["ETag", '"a"'],
    );
    const request = { headers: { "If-None-Match": '"a"' } };
    expect((await ask(conditionalGet, streaming, request)).status).toBe(304);
    expect(events).toEqual(["first", "left"]);
    const file = answering((environ) => environ["postern.file_wrapper"](FILE), ["ETag", '"a"']);
    expect((await ask(conditionalGet, file, request)).status).toBe(304);
    expect(openBodies()).toEqual([]);
  });

  test("requests without a condition get the application's own body", () => {
    const body = ["abc"];
    expect(
      passedOn(
        conditionalGet,
        answering(() => body),
      ).body,
    ).toBe(body);
  });
});

describe("etag", () => {
  const digest = (text: string) => createHash("sha1").update(text).digest("base64").slice(0, 27);

  test.each<[string, EtagOptions, Body, string]>([
    ["a string", {}, ["abc"], `"3-${digest("abc")}"`],
    ["bytes", {}, [Buffer.from("abc")], `"3-${digest("abc")}"`],
    ["several", {}, ["a", new Uint8Array([0x62]), "c"], `"3-${digest("abc")}"`],
    ["text that is no ASCII", {}, ["\u20ac"], `"3-${digest("\u20ac")}"`],
    ["nothing", {}, [], `"0-${digest("")}"`],
    ["weak", { weak: true }, ["abc"], `W/"3-${digest("abc")}"`],
  ])("%s", async (_what, options, body, expected) => {
    const response = await ask(
      etag(options),
      answering(() => body),
    );
    expect(response.header("ETag")).toBe(expected);
  });

  test("an array goes out at once, as the same one", () => {
    const body = ["abc"];
    const passed = passedOn(
      etag(),
      answering(() => body),
    );
    expect(passed.body).toBe(body);
    expect(passed.headers.map(([name]) => name)).toEqual(["Content-Type", "ETag"]);
  });

  test("a file: its size and time, and it stays one", async () => {
    const { size, mtime } = statSync(FILE);
    const expected = `"${size.toString(16)}-${mtime.getTime().toString(16)}"`;
    const application = answering((environ) => environ["postern.file_wrapper"](FILE));
    expect((await ask(etag(), application)).header("ETag")).toBe(expected);
    expect(await passedOn(etag(), application).body).toMatchObject({ path: FILE });
  });

  test.each<[string, Application, CallRequest]>([
    ["a tag that is there", answering(() => ["abc"], ["etag", '"mine"']), {}],
    ["no-store", answering(() => ["abc"], ["Cache-Control", "private, no-store"]), {}],
    ["a stream", answering(() => stream("abc")), {}],
    ["a part of a file", answering((environ) => environ["postern.file_wrapper"](FILE, { end: 2 })), {}],
    ["PUT", answering(() => ["abc"]), { method: "PUT" }],
    ["HEAD without a body", answering(() => []), { method: "HEAD" }],
    [
      "an error",
      (_environ, startResponse) => {
        startResponse("404 Not Found", [PLAIN]);
        return ["abc"];
      },
      {},
    ],
  ])("none of ours for %s", async (_what, application, request) => {
    const response = await ask(etag(), application, request);
    expect([undefined, '"mine"']).toContain(response.header("ETag"));
  });

  test("HEAD gets the tag of GET where the application gives the body", async () => {
    const response = await ask(
      etag(),
      answering(() => ["abc"]),
      { method: "HEAD" },
    );
    expect(response.header("ETag")).toBe(`"3-${digest("abc")}"`);
  });

  test("a file that is not there is the server's error", async () => {
    const application = answering((environ) => environ["postern.file_wrapper"](`${FILE}.missing`));
    expect(await call(etag()(application), "/")).toMatchObject({ status: 500 });
  });

  describe("maxBufferBytes", () => {
    const buffering = etag({ maxBufferBytes: 5 });

    test("a stream that is short enough gets a tag and a length", async () => {
      const response = await ask(
        buffering,
        answering(() => stream("ab", "cde")),
      );
      expect(response.header("ETag")).toBe(`"5-${digest("abcde")}"`);
      expect(response.text).toBe("abcde");
    });

    test("a longer one passes", async () => {
      const response = await ask(
        buffering,
        answering(() => stream("ab", "cde", "f", "g")),
      );
      expect(response.header("ETag")).toBeUndefined();
      expect(response.text).toBe("abcdefg");
    });

    test.each<[string, Header]>([
      ["an event stream", ["Content-Type", "text/event-stream"]],
      ["one that says that it is longer", ["Content-Length", "6"]],
    ])("%s is not held back", async (_what, header) => {
      const asked: string[] = [];
      const response = await ask(buffering, async function* (_environ, startResponse) {
        const headers = header[0] === "Content-Type" ? [header] : [PLAIN, header];
        startResponse("200 OK", headers);
        for (const chunk of ["abc", "def"]) {
          asked.push(chunk);
          yield chunk;
        }
      });
      expect(response).toMatchObject({ text: "abcdef", cut: false });
      expect(response.header("ETag")).toBeUndefined();
    });

    test("a head that is replaced while it is held back gets no tag", async () => {
      const response = await ask(buffering, async function* (_environ, startResponse) {
        startResponse("200 OK", [PLAIN]);
        yield "a";
        startResponse("503 Service Unavailable", [PLAIN], new Error("late"));
        yield "b";
      });
      expect(response.status).toBe(503);
      expect(response.header("ETag")).toBeUndefined();
      expect(openBodies()).toEqual([]);
    });

    test("one that fails while it is held back is a 500", async () => {
      const response = await ask(buffering, async function* (_environ, startResponse) {
        startResponse("200 OK", [PLAIN]);
        yield "a";
        throw new Error("broken");
      });
      expect(response).toMatchObject({ status: 500, cut: false });
    });
  });

  test("with conditionalGet: the second request brings nothing", async () => {
    const both: Middleware = (application) => conditionalGet(etag()(application));
    const first = await ask(
      both,
      answering(() => ["abc"]),
    );
    const second = await ask(
      both,
      answering(() => ["abc"]),
      {
        headers: { "If-None-Match": first.header("ETag") ?? "" },
      },
    );
    expect(second).toMatchObject({ status: 304, text: "" });
  });
});

describe("contentLength", () => {
  test.each<[string, Body, Record<string, string>, string | undefined]>([
    ["an array", ["a", "\u20ac", new Uint8Array(2)], {}, "6"],
    ["nothing", [], {}, "0"],
    ["nothing for HEAD", [], { REQUEST_METHOD: "HEAD" }, undefined],
    ["the body for HEAD", ["abc"], { REQUEST_METHOD: "HEAD" }, "3"],
  ])("%s", (_what, body, changes, expected) => {
    const passed = passedOn(
      contentLength,
      answering(() => body),
      changes,
    );
    expect(new Map(passed.headers).get("Content-Length")).toBe(expected);
    expect(passed.body).toBe(body);
  });

  test("none where there is one, for a stream, nor for 204", async () => {
    const given = passedOn(
      contentLength,
      answering(() => ["abc"], ["content-length", "3"]),
    );
    expect(given.headers).toEqual([PLAIN, ["content-length", "3"]]);
    const streamed = await ask(
      contentLength,
      answering(() => stream("abc")),
    );
    expect(streamed.header("Content-Length")).toBeUndefined();
    const none = passedOn(contentLength, (_environ, startResponse) => {
      startResponse("204 No Content", []);
      return [];
    });
    expect(none.headers).toEqual([]);
  });
});

describe("head", () => {
  test("the body goes, the headers stay", async () => {
    const application = answering(() => ["abc"], ["Content-Length", "3"]);
    const passed = passedOn(head, application, { REQUEST_METHOD: "HEAD" });
    expect(passed).toEqual({ status: "200 OK", headers: [PLAIN, ["Content-Length", "3"]], body: [] });
    expect(passedOn(head, application).body).toEqual(["abc"]);
  });

  test("a stream is left, a file is not opened", async () => {
    const response = await ask(
      head,
      answering(() => stream("a", "b")),
      { method: "HEAD" },
    );
    expect(response.text).toBe("");
    const passed = passedOn(
      head,
      answering((environ) => environ["postern.file_wrapper"](FILE)),
      {
        REQUEST_METHOD: "HEAD",
      },
    );
    expect(passed.body).toEqual([]);
    expect(openBodies()).toEqual([]);
  });
});

describe("contentType", () => {
  test.each<[string, string, Header[], Header[]]>([
    ["none", "200 OK", [], [["Content-Type", "text/html; charset=utf-8"]]],
    ["one", "200 OK", [["content-type", "text/plain"]], [["content-type", "text/plain"]]],
    ["204", "204 No Content", [], []],
    ["304", "304 Not Modified", [], []],
  ])("%s", (_what, status, headers, expected) => {
    const passed = passedOn(contentType(), (_environ, startResponse) => {
      startResponse(status, headers);
      return [];
    });
    expect(passed.headers).toEqual(expected);
  });

  test("another, under the validator", async () => {
    const untyped: Application = (_environ, startResponse) => {
      startResponse("200 OK", []);
      return ["{}"];
    };
    const response = await call(validate(contentType("application/json")(untyped)), "/");
    expect(response.header("Content-Type")).toBe("application/json");
  });

  test.each(["", "html", "text/html\n"])("%j is none", (type) => {
    expect(() => contentType(type)).toThrow(expect.objectContaining({ code: "OPTION" }));
  });
});

test("what the web server sends in a body's place has the web server's tag", async () => {
  const sent: Application = (_environ, startResponse) => {
    startResponse("200 OK", [
      ["Content-Type", "text/plain"],
      ["X-Accel-Redirect", "/files/a"],
    ]);
    return [];
  };
  expect((await call(etag()(sent), "/")).header("ETag")).toBeUndefined();
});
