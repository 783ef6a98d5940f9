import { describe, expect, test } from "vitest";
import * as postern from "../../lib/index.ts";
import { application, HttpResponse, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

// IANA's registry of status codes, 2xx to 5xx, typed from it; 306 and 418 are "unused" there.
const registry = `
200 OK|201 Created|202 Accepted|203 Non-Authoritative Information|204 No Content|205 Reset Content
206 Partial Content|207 Multi-Status|208 Already Reported|226 IM Used|300 Multiple Choices|301 Moved Permanently
302 Found|303 See Other|304 Not Modified|305 Use Proxy|307 Temporary Redirect|308 Permanent Redirect
400 Bad Request|401 Unauthorized|402 Payment Required|403 Forbidden|404 Not Found|405 Method Not Allowed
406 Not Acceptable|407 Proxy Authentication Required|408 Request Timeout|409 Conflict|410 Gone|411 Length Required
412 Precondition Failed|413 Content Too Large|414 URI Too Long|415 Unsupported Media Type
416 Range Not Satisfiable|417 Expectation Failed|421 Misdirected Request|422 Unprocessable Content|423 Locked
424 Failed Dependency|425 Too Early|426 Upgrade Required|428 Precondition Required|429 Too Many Requests
431 Request Header Fields Too Large|451 Unavailable For Legal Reasons|500 Internal Server Error|501 Not Implemented
502 Bad Gateway|503 Service Unavailable|504 Gateway Timeout|505 HTTP Version Not Supported
506 Variant Also Negotiates|507 Insufficient Storage|508 Loop Detected|510 Not Extended
511 Network Authentication Required`;

const statuses = registry
  .trim()
  .split(/[|\n]/)
  .map((line) => {
    const words = line.slice(4).split(/[ -]/);
    const name = words
      .map((word, i) => (i === 0 ? word.toLowerCase() : word[0] + word.slice(1).toLowerCase()))
      .join("");
    return { code: Number(line.slice(0, 3)), reason: line.slice(4), name };
  });

const makers = postern as unknown as Record<string, (...args: unknown[]) => HttpResponse>;
const bodyless = new Set([204, 205, 304]);

describe("one function for each status", () => {
  test.each(statuses)("$name → $code $reason", async ({ code, reason, name }) => {
    const argument =
      code === 405 ? ["GET"] : code >= 300 && code < 309 && code !== 300 && code !== 304 ? "/x" : undefined;
    const response = makers[name]?.(argument);
    expect(response).toBeInstanceOf(HttpResponse);
    for (const handler of [
      () => response,
      () => {
        throw response;
      },
      async () => {
        throw response;
      },
    ]) {
      const answer = await ask(application([["/", handler]]), "/");
      expect([answer.status, answer.reason, answer.errors]).toEqual([code, reason, ""]);
      const empty = code === 200 || argument === "/x" || bodyless.has(code);
      expect(answer.text).toBe(empty ? "" : reason.toLowerCase());
      expect(answer.header("Content-Type")).toBe(bodyless.has(code) ? undefined : "text/html; charset=utf-8");
    }
  });
});

const one = (handler: (web: Web) => unknown) => application([["/", handler]]);

describe("headers", () => {
  test("of the handler and of the response it throws", async () => {
    const app = one((web) => {
      web.header("X-One", "1");
      web.header("X-Many", "a");
      web.header("X-Many", "b");
      web.header("X-One", "2", { unique: true });
      web.header("Content-Type", "text/x");
      web.header("ETag", '"page"');
      web.header("Content-Security-Policy", "default-src 'self'");
      web.setCookie("c", "1");
      throw postern.notFound("no", { "X-Two": "2" });
    });
    const { headers } = await ask(app, "/");
    // What described the page that was not sent is gone.
    expect(headers.filter(([name]) => name !== "Content-Length")).toEqual([
      ["X-One", "1"],
      ["X-Many", "a"],
      ["X-Many", "b"],
      ["Content-Security-Policy", "default-src 'self'"],
      ["X-Two", "2"],
      ["Content-Type", "text/html; charset=utf-8"],
      ["Set-Cookie", "c=1; Path=/; HttpOnly; SameSite=Lax"],
    ]);
  });

  test.each<[string, (web: Web) => unknown]>([
    ["a line break in a value", (web) => web.header("X-Evil", "a\r\nSet-Cookie: evil=1")],
    ["a bare line feed", (web) => web.header("X-Evil", "a\nevil")],
    ["a NUL", (web) => web.header("X-Evil", "evil\0")],
    ["a line break in a name", (web) => web.header("X-Evil\r\nSet-Cookie", "evil")],
    ["an empty name", (web) => web.header("", "evil")],
    ["a character that is not a byte", (web) => web.header("X-Evil", "evil €")],
    ["a response's own headers", () => postern.ok("evil", { "X-Evil": "a\r\nevil" })],
    [
      "a thrown redirect's",
      () => {
        throw postern.seeOther("/evil", { headers: [["X-Evil", "a\nevil"]] });
      },
    ],
    [
      "a type that is no type",
      (web) => {
        web.header("Content-Type", "evil\r\n\r\nevil");
        return "evil";
      },
    ],
  ])("%s: 500, and nothing of it on the wire", async (_name, handler) => {
    const response = await ask(one(handler), "/");
    expect(response).toMatchObject({ status: 500, reason: "Internal Server Error" });
    expect(response.errors).toContain("ApplicationError");
    expect(JSON.stringify([response.headers, response.text]).toLowerCase()).not.toContain("evil");
  });

  test("204 and 304 keep what may stand there", async () => {
    const app = one((web) => {
      web.header("Content-Type", "text/x");
      web.header("ETag", '"x"');
      web.header("Vary", "Accept");
      return postern.notModified();
    });
    expect((await ask(app, "/")).headers).toEqual([
      ["ETag", '"x"'],
      ["Vary", "Accept"],
    ]);
  });
});

describe("web.status", () => {
  test.each([
    [201, "201 Created"],
    [418, "418 Unregistered"],
    [599, "599 Unregistered"],
  ])("%i", async (code, line) => {
    const response = await ask(
      one((web) => {
        web.status = code;
        return web.ctx.status;
      }),
      "/",
    );
    expect([`${response.status} ${response.reason}`, response.text]).toEqual([line, line]);
  });

  test.each([100, 199, 600, 200.5, Number.NaN, "200 OK\r\nX: y" as unknown as number])(
    "%s is refused",
    async (code) => {
      const response = await ask(
        one((web) => {
          web.status = code;
        }),
        "/",
      );
      expect([response.status, response.errors]).toEqual([500, expect.stringContaining("code: 'STATUS'")]);
    },
  );
});

test("a redirect to nothing says so where it is made", () => {
  const nothing = undefined as unknown as string;
  for (const make of [() => postern.seeOther(nothing), () => postern.redirect(nothing)]) {
    expect(make).toThrow(
      expect.objectContaining({ code: "REDIRECT", message: expect.stringContaining("undefined") }),
    );
  }
});
