import { describe, expect, test } from "vitest";
import type { Application, Body } from "../../lib/gateway/types.ts";
import { call } from "../../lib/testing/call.ts";

const PLAIN = [["Content-Type", "text/plain"]] as const;

function answering(body: Body): Application {
  return (_environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return body;
  };
}

describe("the head (PEP 3333, start_response)", () => {
  test("is sent with its status, reason and headers in order", async () => {
    const response = await call((_environ, startResponse) => {
      startResponse("404 Gone Fishing", [...PLAIN, ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]);
      return ["no"];
    }, "/");
    expect(response.status).toBe(404);
    expect(response.reason).toBe("Gone Fishing");
    expect(response.headers).toEqual([
      ["Content-Type", "text/plain"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
      ["Content-Length", "2"],
    ]);
  });

  test("can be replaced until the first non-empty chunk, with the error as reason", async () => {
    const response = await call(async function* (_environ, startResponse) {
      startResponse("200 OK", PLAIN);
      yield "";
      startResponse("503 Service Unavailable", PLAIN, new Error("late"));
      yield "sorry";
    }, "/");
    expect(response.status).toBe(503);
    expect(response.text).toBe("sorry");
  });

  test("throws the error when it was sent already, and the response is cut", async () => {
    const response = await call(async function* (_environ, startResponse) {
      startResponse("200 OK", PLAIN);
      yield "begun";
      startResponse("500 Oops", PLAIN, new Error("too late"));
    }, "/");
    expect(response).toMatchObject({ status: 200, text: "begun", cut: true });
    expect(response.errors).toContain("too late");
  });

  test("later changes of the headers have no effect", async () => {
    const response = await call((_environ, startResponse) => {
      const headers: [string, string][] = [["Content-Type", "text/plain"]];
      startResponse("200 OK", headers);
      headers.push(["X-Late", "1"]);
      return ["x"];
    }, "/");
    expect(response.header("x-late")).toBeUndefined();
  });

  test.each([
    ["200", PLAIN, "STATUS"],
    ["2000 OK", PLAIN, "STATUS"],
    ["99 Low", PLAIN, "STATUS"],
    ["100 Continue", PLAIN, "STATUS"],
    ["200 OK\r\nX: y", PLAIN, "STATUS"],
    ["200 \u{1F600}", PLAIN, "STATUS"],
    ["200 OK", [["X-A", "a\r\nX-B: b"]], "HEADER_VALUE"],
    ["200 OK", [["X-A", "a\nb"]], "HEADER_VALUE"],
    ["200 OK", [["X-A", "a\0b"]], "HEADER_VALUE"],
    ["200 OK", [["X-A", "\u20ac"]], "HEADER_VALUE"],
    ["200 OK", [["X A", "a"]], "HEADER_NAME"],
    ["200 OK", [["X-A:", "a"]], "HEADER_NAME"],
    ["200 OK", [["", "a"]], "HEADER_NAME"],
    ["200 OK", [["Status", "404 Not Found"]], "HEADER_NAME"],
    ["200 OK", [["Transfer-Encoding", "chunked"]], "HEADER_HOP_BY_HOP"],
    ["200 OK", [["connection", "close"]], "HEADER_HOP_BY_HOP"],
    ["200 OK", [["Content-Length", "1e3"]], "CONTENT_LENGTH"],
    [
      "200 OK",
      [
        ["Content-Length", "1"],
        ["Content-Length", "2"],
      ],
      "CONTENT_LENGTH",
    ],
  ] as const)("%j %j is refused with %s and nothing of it is sent", async (status, headers, code) => {
    const response = await call((_environ, startResponse) => {
      startResponse(status, headers);
      return ["secret"];
    }, "/");
    expect(response).toMatchObject({ status: 500, text: "Internal Server Error\n" });
    expect(response.headers.map(([name]) => name)).toEqual(["Content-Type", "Content-Length"]);
    expect(response.errors).toContain(code);
  });
});

test("the same Content-Length twice is sent once", async () => {
  const response = await call((_environ, startResponse) => {
    startResponse("200 OK", [...PLAIN, ["Content-Length", "2"], ["content-length", "2"]]);
    return ["ok"];
  }, "/");
  expect(response.headers).toEqual([...PLAIN, ["Content-Length", "2"]]);
});

describe("the body", () => {
  test.each<[string, Application, string]>([
    ["an array", answering(["a", Buffer.from("b"), ""]), "ab"],
    ["a promise", async (environ, startResponse) => answering(["a", "b"])(environ, startResponse), "ab"],
    ["a set", answering(new Set(["a", "b"])), "ab"],
    ["a string, as one chunk", answering("a\u{1F600}b"), "a\u{1F600}b"],
    ["bytes, as one chunk", answering(Buffer.from("ab") as never), "ab"],
  ])("may be %s", async (_name, application, text) => {
    expect(await call(application, "/")).toMatchObject({ status: 200, text });
  });

  test("may be written with write(), before what is returned", async () => {
    const response = await call(async (_environ, startResponse) => {
      const write = startResponse("200 OK", PLAIN);
      await write("one ");
      await write("two ");
      return ["three"];
    }, "/");
    expect(response.text).toBe("one two three");
    expect(response.header("content-length")).toBeUndefined();
  });

  test.each([
    ["null", null, "NO_BODY"],
    ["undefined", undefined, "NO_BODY"],
    ["a number", 5, "NO_BODY"],
    ["an array of numbers", [5], "CHUNK"],
  ])("may not be %s", async (_name, body, code) => {
    const response = await call((_environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return body as unknown as string[];
    }, "/");
    expect(response.status).toBe(500);
    expect(response.errors).toContain(code);
  });

  test("without startResponse is a 500", async () => {
    for (const application of [() => ["x"], () => [], async function* () {}] as unknown as Application[]) {
      const response = await call(application, "/");
      expect(response.status).toBe(500);
      expect(response.errors).toContain("NO_START_RESPONSE");
    }
  });

  test("is not sent past its Content-Length", async () => {
    const response = await call((_environ, startResponse) => {
      startResponse("200 OK", [...PLAIN, ["Content-Length", "3"]]);
      return ["ab", "cd", "ef"];
    }, "/");
    expect(response).toMatchObject({ text: "abc", cut: false });
    expect(response.errors).toContain("Content-Length");
  });

  test("that ends before its Content-Length looks cut", async () => {
    const response = await call((_environ, startResponse) => {
      startResponse("200 OK", [...PLAIN, ["Content-Length", "9"]]);
      return new Set(["ab"]);
    }, "/");
    expect(response).toMatchObject({ status: 200, cut: true });
    expect(response.errors).toContain("SHORT_BODY");
  });

  test.each([204, 304])("is left out of a %i, and so is a length of it", async (code) => {
    const response = await call((_environ, startResponse) => {
      startResponse(`${code} X`, []);
      return ["body"];
    }, "/");
    expect(response).toMatchObject({ status: code, headers: [], text: "" });
  });
});

test.each([
  ["HEAD", "200 OK", PLAIN],
  ["GET", "204 No Content", []],
  ["GET", "304 Not Modified", []],
] as const)("what is written to a %s that is answered %s is not sent", async (method, status, headers) => {
  const response = await call(
    async (_environ, startResponse) => {
      const write = startResponse(status, headers);
      await write("written");
      return ["returned"];
    },
    "/",
    { method },
  );
  expect(response).toMatchObject({ status: Number(status.slice(0, 3)), text: "", errors: "", cut: false });
});

describe("cleaning up", () => {
  /** A body that counts how often its finally block ran. */
  function counted(
    finished: { times: number },
    chunks: readonly string[],
    fail = false,
  ): AsyncGenerator<string> {
    return (async function* () {
      try {
        yield* chunks;
        if (fail) throw new Error("broken");
      } finally {
        finished.times++;
      }
    })();
  }

  test.each([
    { name: "at the end", method: "GET", headers: [], fail: false },
    { name: "after an error", method: "GET", headers: [], fail: true },
    { name: "for HEAD", method: "HEAD", headers: [], fail: false },
    { name: "at Content-Length", method: "GET", headers: [["Content-Length", "1"]], fail: false },
  ] as const)("runs once $name", async ({ method, headers, fail }) => {
    const finished = { times: 0 };
    await call(
      (_environ, startResponse) => {
        startResponse("200 OK", [...PLAIN, ...headers]);
        return counted(finished, ["a", "b"], fail);
      },
      "/",
      { method },
    );
    expect(finished.times).toBe(1);
  });

  test("runs once when the client goes away", async () => {
    const finished = { times: 0 };
    const client = new AbortController();
    const body = (async function* () {
      try {
        yield "a";
        client.abort();
        yield "b";
        yield "c";
      } finally {
        finished.times++;
      }
    })();
    const response = await call(answering(body), "/", {
      signal: client.signal,
    });
    expect(finished.times).toBe(1);
    expect(response.text).toBe("a");
    expect(response.errors).toBe("");
  });

  test("calls close() of a body that is no generator, once, also at the normal end", async () => {
    let closed = 0;
    const body = {
      *[Symbol.iterator]() {
        yield "a";
      },
      close: () => {
        closed++;
      },
    };
    await call(answering(body), "/");
    expect(closed).toBe(1);
  });

  test("an error in it is logged and the response stays", async () => {
    const response = await call((_environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return {
        *[Symbol.iterator]() {
          yield "a";
        },
        close() {
          throw new Error("no close");
        },
      };
    }, "/");
    expect(response).toMatchObject({ status: 200, text: "a", cut: false });
    expect(response.errors).toContain("no close");
  });
});

describe("HEAD", () => {
  test.each<[string, readonly string[], string | undefined]>([
    ["the length of what GET gets", ["hel", "lo"], "5"],
    ["none where the application has left out what is not sent", [], undefined],
  ])("has %s", async (_what, body, length) => {
    const application: Application = (_environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return [...body];
    };
    const response = await call(application, "/", { method: "HEAD" });
    expect([response.text, response.header("content-length"), response.cut]).toEqual(["", length, false]);
  });

  test("asks the body for its first chunk and sends none", async () => {
    let asked = 0;
    const response = await call(
      (_environ, startResponse) => ({
        *[Symbol.iterator]() {
          asked++;
          startResponse("200 OK", [...PLAIN, ["Content-Length", "5"]]);
          yield "hello";
          asked++;
        },
      }),
      "/",
      { method: "HEAD" },
    );
    expect(asked).toBe(1);
    expect(response).toMatchObject({ status: 200, text: "" });
    expect(response.header("content-length")).toBe("5");
  });
});

describe("an error", () => {
  const broken: Application = () => {
    throw new Error("the password is 1234");
  };

  test("tells the client nothing and the log everything", async () => {
    const response = await call(broken, "/");
    expect(response).toMatchObject({ status: 500, text: "Internal Server Error\n" });
    expect(response.errors).toContain("the password is 1234");
    expect(response.errors).toContain("respond.test.ts");
  });

  test("shows its trace only with debug", async () => {
    expect((await call(broken, "/", { debug: true })).text).toContain("the password is 1234");
  });

  test("of a promise is one too", async () => {
    expect((await call(async () => Promise.reject(new Error("no")), "/")).status).toBe(500);
  });
});

test("an error of a response that is over, let out in another request, leaves nobody without an answer", async () => {
  let stale: ((chunk: string) => Promise<void>) | undefined;
  const application: Application = async (environ, startResponse) => {
    if (environ.PATH_INFO === "/second") await stale?.("late");
    stale = startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["first"];
  };
  expect((await call(application, "/first")).text).toBe("first");
  expect((await call(application, "/second")).status).toBe(500);
});
