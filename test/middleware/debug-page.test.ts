import { describe, expect, test } from "vitest";
import { application } from "../../lib/framework/application.ts";
import { internalServerError, notFound } from "../../lib/framework/responses.ts";
import type { Application, Chunk } from "../../lib/gateway/types.ts";
import { debugPage } from "../../lib/middleware/debug-page.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";

/** Between validators, as a server and as an application would have it. */
function ask(inner: Application, target = "/", request: CallRequest = {}) {
  return call(validate(debugPage(validate(inner))), target, request);
}

const browser = { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const head = ["200 OK", [["Content-Type", "text/plain"]]] as const;

const failing: Readonly<Record<string, Application>> = {
  "before startResponse": () => {
    throw new Error("on purpose", { cause: new TypeError("the reason") });
  },
  "after startResponse": (_environ, startResponse) => {
    startResponse(...head);
    throw new Error("on purpose", { cause: new TypeError("the reason") });
  },
  "in a promise": async () => {
    throw new Error("on purpose", { cause: new TypeError("the reason") });
  },
  "before the first chunk": (_environ, startResponse) => {
    startResponse(...head);
    // biome-ignore lint/correctness/useYield: fails before it could
    return (async function* (): AsyncGenerator<Chunk> {
      throw new Error("on purpose", { cause: new TypeError("the reason") });
    })();
  },
};

describe.each(Object.entries(failing))("an error %s", (_when, inner) => {
  test("is a page in a browser", async () => {
    const response = await ask(inner, "/", { headers: browser });
    expect(response.status).toBe(500);
    expect(response.header("Content-Type")).toBe("text/html; charset=utf-8");
    expect(response.header("Cache-Control")).toBe("no-store");
    expect(response.text).toMatch(/^<!DOCTYPE html>/i);
    for (const words of ["on purpose", "the reason", "debug-page.test.ts"]) {
      expect(response.text).toContain(words);
    }
    // Nothing is loaded from elsewhere.
    expect(response.text).not.toMatch(/<(?:script|link|img|iframe)[^>]+(?:src|href)=["']?(?:https?:)?\/\//);
  });

  test("is text for a client that does not ask for HTML, and is logged once", async () => {
    const response = await ask(inner, "/", { headers: { Accept: "*/*" } });
    expect(response.status).toBe(500);
    expect(response.header("Content-Type")).toBe("text/plain; charset=utf-8");
    expect(response.text).toMatch(/^Error: on purpose\n[\s\S]*the reason/);
    expect(response.errors.match(/Error: on purpose/g)).toHaveLength(1);
  });
});

test("the members of an error of several are shown, and the causes of each", async () => {
  const [first, second, deep] = ["first", "second", "deep"].map((word) => `${word}-${word.length}`);
  for (const Accept of ["text/html", "*/*"]) {
    const failing: Application = () => {
      throw new AggregateError(
        [new Error(first), new Error(second, { cause: new Error(deep) })],
        "all failed",
      );
    };
    const { text } = await ask(failing, "/", { headers: { Accept } });
    for (const message of [first, second, deep]) expect(text).toContain(message);
  }
});

test("an error after the first chunk cuts the response as ever", async () => {
  const response = await ask((_environ, startResponse) => {
    startResponse(...head);
    return (async function* () {
      yield "begun";
      throw new Error("on purpose");
    })();
  });
  expect(response).toMatchObject({ status: 200, text: "begun", cut: true });
  expect(response.errors.match(/Error: on purpose/g)).toHaveLength(1);
});

test("what goes well goes through as it is, and is cleaned up once", async () => {
  let closed = 0;
  const response = await ask((_environ, startResponse) => {
    startResponse(...head);
    return (async function* () {
      try {
        yield "a";
        yield "b";
      } finally {
        closed++;
      }
    })();
  });
  expect(response).toMatchObject({ status: 200, text: "ab", errors: "" });
  expect(closed).toBe(1);
});

test("the request is shown, with secrets masked by name", async () => {
  const request: CallRequest = {
    method: "POST",
    headers: {
      Authorization: "Basic hidden1",
      Cookie: "sid=hidden2; theme=hidden3",
      "X-Api-Key": "hidden4",
      "X-Colour": "shown1",
      "Content-Type": "application/x-www-form-urlencoded",
    },
    body: "name=shown2&password=hidden5&csrf_token=hidden6",
  };
  const inner: Application = async (environ, startResponse) => {
    for await (const _chunk of environ["wsgi.input"]) void _chunk;
    startResponse("200 OK", [
      ["Content-Type", "text/plain"],
      ["Set-Cookie", "sid=hidden7"],
      ["X-So-Far", "shown3"],
    ]);
    throw new Error("on purpose");
  };
  for (const Accept of ["text/html", "*/*"]) {
    const headers = { ...(request.headers as Record<string, string>), Accept };
    const { text } = await ask(inner, "/a?page=shown4&token=hidden8", { ...request, headers });
    for (const n of [1, 2, 3, 4]) expect(text).toContain(`shown${n}`);
    // The sources of this test are on the page too: the values alone are looked for.
    const state = Accept === "*/*" ? text : text.slice(text.indexOf("POST /a?"));
    expect(state).not.toMatch(/hidden\d/);
    expect(state).toContain("theme");
  }
});

test("JSON is masked at any depth", async () => {
  const { text } = await ask(
    async (environ) => {
      for await (const _chunk of environ["wsgi.input"]) void _chunk;
      throw new Error("on purpose");
    },
    "/",
    {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: { name: "Ada", password: "hidden" } }),
    },
  );
  expect(text).toContain('"name": "Ada"');
  expect(text).not.toContain("hidden");
});

test("an application's own page for errors is left out", async () => {
  const app = application([
    [
      "/",
      () => {
        throw new Error("on purpose");
      },
    ],
  ]);
  app.internalError = () => "our apologies";
  expect(await call(app, "/")).toMatchObject({ status: 500, text: "our apologies" });
  expect((await ask(app)).text).toMatch(/^Error: on purpose/);
});

test("middleware around it finds the trace as text and as HTML, secrets masked (Plack)", async () => {
  let seen: Record<string, unknown> = {};
  const failingOne: Application = () => {
    throw new Error("on purpose");
  };
  const around: Application = async (environ, startResponse) => {
    const body = await debugPage(failingOne)(environ, startResponse);
    seen = environ;
    return body;
  };
  // Put together, since the page shows this source.
  const token = ["hid", "den9"].join("");
  const { text } = await call(around, `/?token=${token}`);
  expect(seen["postern.trace_text"]).toBe(text);
  expect(text).toContain("Error: on purpose");
  expect(seen["postern.trace_html"]).toMatch(/^<!DOCTYPE html>[\s\S]*on purpose/i);
  expect(`${text}${seen["postern.trace_html"]}`).not.toContain(token);
});

describe("a 500 that was not thrown", () => {
  const answering = (error?: Error): Application => {
    return (_environ, startResponse) => {
      startResponse("500 Internal Server Error", [["Content-Type", "text/plain"]], error);
      return ["of its own"];
    };
  };

  test("is the application's business", async () => {
    expect(await ask(answering())).toMatchObject({ status: 500, text: "of its own", errors: "" });
  });

  test.each([
    [undefined, "Error: the application has answered 500 Internal Server Error itself"],
    [new Error("its reason"), "Error: its reason"],
  ])("is a page with `force`: %s", async (error, words) => {
    const { status, text, errors } = await call(debugPage(answering(error), { force: true }), "/");
    expect(status).toBe(500);
    expect(text).toContain(words);
    expect(text).toContain("debug-page.test.ts");
    expect(errors).toContain(words);
  });

  test("is one of an application of the framework too, and other statuses are not", async () => {
    const app = application([
      ["/", () => internalServerError("sorry")],
      ["/none", () => notFound("nothing")],
    ]);
    const forced = debugPage(app, { force: true });
    expect((await call(forced, "/")).text).toContain("has answered 500 Internal Server Error itself");
    expect(await call(forced, "/none")).toMatchObject({ status: 404, text: "nothing", errors: "" });
  });
});
