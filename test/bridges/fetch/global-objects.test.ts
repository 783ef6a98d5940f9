// What stands in the place of Request and Response: Node's in all that an application can see.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fromFetch, getConnInfo, restoreGlobalObjects } from "../../../lib/bridges/fetch.ts";
import { call } from "../../../lib/testing/call.ts";

const native = { Request: globalThis.Request, Response: globalThis.Response };
const handler = () => new Response("text");

afterEach(() => restoreGlobalObjects());

describe("the global objects", () => {
  test("are replaced once, by the first handler that does not say no, and put back", () => {
    fromFetch(handler, { overrideGlobalObjects: false });
    expect(globalThis.Response).toBe(native.Response);
    fromFetch(handler);
    const { Request: request, Response: response } = globalThis;
    expect([request === native.Request, response === native.Response]).toEqual([false, false]);
    fromFetch(handler);
    expect([globalThis.Request, globalThis.Response]).toEqual([request, response]);
    restoreGlobalObjects();
    expect([globalThis.Request, globalThis.Response]).toEqual([native.Request, native.Response]);
    restoreGlobalObjects();
    expect(globalThis.Response).toBe(native.Response);
  });

  test("of somebody else stay", () => {
    class Other extends native.Response {}
    Object.defineProperty(globalThis, "Response", { configurable: true, writable: true, value: Other });
    try {
      fromFetch(handler);
      expect(globalThis.Response).toBe(Other);
      restoreGlobalObjects();
      expect(globalThis.Response).toBe(Other);
    } finally {
      Object.defineProperty(globalThis, "Response", {
        configurable: true,
        writable: true,
        value: native.Response,
      });
    }
  });
});

describe("in their place", () => {
  beforeEach(() => void fromFetch(handler));

  test("instanceof holds both ways, and not for subclasses", () => {
    class Own extends Response {}
    const [light, theirs, own] = [new Response("x"), new native.Response("x"), new Own("x")];
    expect([light, theirs, own].map((one) => one instanceof Response)).toEqual([true, true, true]);
    expect([light, theirs, own].map((one) => one instanceof native.Response)).toEqual([true, true, true]);
    expect([light, theirs, own].map((one) => one instanceof Own)).toEqual([false, false, true]);
    expect(
      [new Request("http://a/"), new native.Request("http://a/")].map((one) => one instanceof Request),
    ).toEqual([true, true]);
    expect([Response.name, Request.name]).toEqual(["Response", "Request"]);
    expect(Object.prototype.toString.call(light)).toBe("[object Response]");
  });

  test.each<[string, () => unknown]>([
    ["status 99", () => new Response("x", { status: 99 })],
    ["status 101", () => new Response(null, { status: 101 })],
    ["status 600", () => new Response("x", { status: 600 })],
    ["a body with 204", () => new Response("x", { status: 204 })],
    ["bytes with 304", () => new Response(new Uint8Array(1), { status: 304 })],
    ["a line break in the reason", () => new Response("x", { statusText: "a\r\nb" })],
    ["a line break in a header", () => new Response("x", { headers: { "X-Foo": "a\r\nb" } })],
    ["a header's name that is none", () => new Response("x", { headers: { "X Foo": "a" } })],
    ["a wide character in a header", () => new Response("x", { headers: { "X-Foo": "\u010a" } })],
    ["JSON of nothing", () => Response.json(undefined)],
  ])("%s is the same mistake as with Node's", (_name, make) => {
    const kind = thrownBy(make);
    restoreGlobalObjects();
    expect(kind).toBe(thrownBy(make));
    expect(kind).toMatch(/Error$/);
  });

  test.each<[string, () => Response]>([
    ["text", () => new Response("grüße", { headers: { "Content-Type": "text/plain" } })],
    ["bytes", () => new Response(new Uint8Array([1, 2, 3]), { status: 201, statusText: "Made" })],
    ["nothing", () => new Response()],
    ["null", () => new Response(null, { status: 204 })],
    ["empty text", () => new Response("", { headers: { "Content-Type": "a/b" } })],
    [
      "a string as status",
      () => new Response("x", { status: "404" as unknown as number, headers: { "content-type": "a/b" } }),
    ],
    ["a header twice", () => new Response(null, { headers: { "X-A": "1", "x-a": "2" } })],
    ["headers with space around", () => new Response(null, { headers: { "X-A": "  a b\t" } })],
    [
      "pairs",
      () =>
        new Response(null, {
          headers: [
            ["Set-Cookie", "a"],
            ["Set-Cookie", "b"],
          ],
        }),
    ],
    ["a number as header", () => new Response(null, { headers: { "X-A": 1 as unknown as string } })],
    [
      "a response as init",
      () => new Response("y", new Response("x", { status: 202, headers: { "content-type": "a/b" } })),
    ],
    ["a stream", () => new Response(new Response("x").body, { headers: { "X-A": "1" } })],
    ["a form", () => new Response(new URLSearchParams("a=1"))],
    ["JSON", () => Response.json({ a: 1 }, { status: 201, headers: { "X-A": "1" } })],
    ["JSON of a type", () => Response.json([1], { headers: { "Content-Type": "application/x+json" } })],
    ["a redirect", () => Response.redirect("http://a/b", 303)],
    ["an error", () => Response.error()],
    ["a clone", () => new Response("x", { status: 202, headers: { "content-type": "a/b" } }).clone()],
  ])("a response of %s is as Node's", async (_name, make) => {
    const light = await seen(make());
    restoreGlobalObjects();
    expect(light).toEqual(await seen(make()));
  });

  test("its bytes are those of the moment, its headers live, its body read once", async () => {
    const bytes = Buffer.from("before");
    const response = new Response(bytes);
    bytes.write("after!");
    response.headers.set("X-Foo", "bar");
    const clone = response.clone();
    expect([await response.text(), response.bodyUsed, clone.bodyUsed]).toEqual(["before", true, false]);
    await expect(response.text()).rejects.toThrow(TypeError);
    expect(() => response.clone()).toThrow(TypeError);
    expect([await clone.text(), clone.headers.get("x-foo")]).toEqual(["before", "bar"]);
  });

  test("what was done to it is what is sent", async () => {
    const gateway = fromFetch(() => {
      const response = new Response("text", { headers: { "X-Foo": "a" } });
      response.headers.append("X-Foo", "b");
      response.headers.delete("content-type");
      return response.body === null ? response : new Response(response.body, response);
    });
    const { text, headers } = await call(gateway, "/");
    expect([text, headers.find(([name]) => name === "x-foo")]).toEqual(["text", ["x-foo", "a, b"]]);
  });
});

test("the handler is told whom the request came from", async () => {
  const gateway = fromFetch((_request, env) =>
    Response.json([env.REMOTE_ADDR, getConnInfo({ env }).remote, env.incoming.socket]),
  );
  const { text } = await call(gateway, "/", { environ: { REMOTE_ADDR: "::1", REMOTE_PORT: "54321" } });
  const remote = { address: "::1", port: 54_321, addressType: "IPv6" };
  const socket = { remoteAddress: "::1", remotePort: 54_321, remoteFamily: "IPv6", encrypted: false };
  expect(JSON.parse(text)).toEqual(["::1", remote, socket]);
});

test("work that goes on behind the response is heard of when it fails", async () => {
  const gateway = fromFetch((_request, _env, context) => {
    context.passThroughOnException();
    context.waitUntil(Promise.reject(new Error("later")));
    return new Promise((resolve) => setImmediate(resolve, new Response("text")));
  });
  expect((await call(gateway, "/")).errors).toContain("Error: later");
});

test("an object keeps its this; what is no handler is refused", async () => {
  const object = {
    text: "own",
    fetch() {
      return new Response(this.text);
    },
  };
  expect((await call(fromFetch(object), "/")).text).toBe("own");
  for (const wrong of [undefined, {}, "text", { fetch: 1 }]) {
    expect(() => fromFetch(wrong as never)).toThrow(expect.objectContaining({ code: "FETCH_HANDLER" }));
  }
});

function thrownBy(make: () => unknown): string {
  try {
    make();
    return "nothing";
  } catch (error) {
    return (error as Error).constructor.name;
  }
}

async function seen(response: Response): Promise<unknown> {
  const { status, statusText, ok, type, url, redirected, headers } = response;
  const before = [response.body === null, response.bodyUsed];
  return {
    status,
    statusText,
    ok,
    type,
    url,
    redirected,
    headers: [...headers],
    before,
    text: await response.text(),
  };
}
