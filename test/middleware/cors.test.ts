import { describe, expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { type CorsOptions, cors } from "../../lib/middleware/cors.ts";
import { call } from "../../lib/testing/call.ts";
import { between } from "./between.ts";

const HERE = "https://app.example.org";
const THERE = "https://evil.example.org";

let calls = 0;
const inner: Application = (_environ, startResponse) => {
  calls++;
  startResponse("200 OK", [
    ["Content-Type", "text/plain"],
    ["Vary", "Accept"],
    ["access-control-allow-origin", "https://other.example.org"],
  ]);
  return ["done"];
};

async function ask(options: CorsOptions, method: string, headers: Record<string, string>) {
  calls = 0;
  const response = await call(between(cors(options), inner), "/", { method, headers });
  const about = response.headers.filter(([name]) => /^(access-control|vary)/i.test(name));
  return { status: response.status, text: response.text, calls, headers: Object.fromEntries(about) };
}

describe("a request", () => {
  test("of an origin that may read", async () => {
    expect(await ask({ origin: [HERE] }, "GET", { Origin: HERE })).toEqual({
      status: 200,
      text: "done",
      calls: 1,
      headers: { Vary: "Accept, Origin", "Access-Control-Allow-Origin": HERE },
    });
  });

  test.each([
    THERE,
    "null",
    "https://app.example.org.evil.example",
    "http://app.example.org",
    `${HERE}:8443`,
  ])("of %s is answered without a word", async (Origin) => {
    const { status, headers } = await ask({ origin: [HERE], credentials: true }, "GET", { Origin });
    expect([status, headers]).toEqual([200, { Vary: "Accept, Origin" }]);
  });

  test("without Origin varies all the same", async () => {
    expect((await ask({ origin: [HERE] }, "GET", {})).headers).toEqual({ Vary: "Accept, Origin" });
  });

  test("of all", async () => {
    expect((await ask({ origin: "*" }, "GET", { Origin: THERE })).headers).toEqual({
      Vary: "Accept",
      "Access-Control-Allow-Origin": "*",
    });
  });

  test("with credentials, and headers to read", async () => {
    const options = { origin: [HERE], credentials: true, expose: ["X-Total", "Link"] };
    expect((await ask(options, "GET", { Origin: HERE })).headers).toEqual({
      Vary: "Accept, Origin",
      "Access-Control-Allow-Origin": HERE,
      "Access-Control-Allow-Credentials": "true",
      "Access-Control-Expose-Headers": "X-Total, Link",
    });
  });

  test("by a function", async () => {
    const origin = (asked: string) => asked.endsWith(".example.org");
    expect((await ask({ origin }, "GET", { Origin: THERE })).headers).toMatchObject({
      "Access-Control-Allow-Origin": THERE,
    });
    expect((await ask({ origin: () => true }, "GET", { Origin: "a b" })).headers).toEqual({
      Vary: "Accept, Origin",
    });
  });
});

describe("a preflight", () => {
  const preflight = { Origin: HERE, "Access-Control-Request-Method": "PUT" };

  test("of an origin that may is answered, and does not reach the application", async () => {
    const headers = { ...preflight, "Access-Control-Request-Headers": "x-one, Content-Type, b d" };
    expect(await ask({ origin: [HERE], credentials: true, maxAge: 600 }, "OPTIONS", headers)).toEqual({
      status: 204,
      text: "",
      calls: 0,
      headers: {
        "Access-Control-Allow-Origin": HERE,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "GET, HEAD, PUT, POST, DELETE, PATCH",
        "Access-Control-Allow-Headers": "x-one, Content-Type",
        "Access-Control-Max-Age": "600",
        Vary: "Origin, Access-Control-Request-Headers",
      },
    });
  });

  test("with what is named", async () => {
    const options: CorsOptions = { origin: "*", methods: ["GET", "PROPFIND"], headers: ["X-One"] };
    const headers = { ...preflight, "Access-Control-Request-Headers": "x-two" };
    expect((await ask(options, "OPTIONS", headers)).headers).toEqual({
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Allow-Methods": "GET, PROPFIND",
      "Access-Control-Allow-Headers": "X-One",
    });
  });

  test("of another origin gets nothing", async () => {
    const {
      status,
      headers,
      calls: reached,
    } = await ask({ origin: [HERE] }, "OPTIONS", {
      ...preflight,
      Origin: THERE,
    });
    expect([status, headers, reached]).toEqual([204, { Vary: "Origin, Access-Control-Request-Headers" }, 0]);
  });

  test.each<Record<string, string>>([{ Origin: HERE }, { "Access-Control-Request-Method": "PUT" }, {}])(
    "OPTIONS with %j is none",
    async (headers) => {
      expect(await ask({ origin: [HERE] }, "OPTIONS", headers)).toMatchObject({ status: 200, calls: 1 });
    },
  );
});

test.each<unknown>([
  { origin: "*", credentials: true },
  { origin: "https://app.example.org" },
  { origin: ["https://app.example.org/"] },
  { origin: ["https://app.example.org/path"] },
  { origin: ["HTTPS://app.example.org"] },
  { origin: ["app.example.org"] },
  { origin: ["*"] },
  { origin: ["null"] },
  {},
  { origin: "*", expose: ["a b"] },
  { origin: "*", methods: ["GET,PUT"] },
  { origin: "*", maxAge: -1 },
])("%j is refused", (options) => {
  expect(() => cors(options as CorsOptions)).toThrow(expect.objectContaining({ code: "OPTION" }));
});

test("an extension's origin is one", async () => {
  const origin = "chrome-extension://abcdefghijklmnop";
  expect((await ask({ origin: [origin] }, "GET", { Origin: origin })).headers).toMatchObject({
    "Access-Control-Allow-Origin": origin,
  });
});
