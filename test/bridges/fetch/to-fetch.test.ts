import { expect, test } from "vitest";
import { type ToFetchOptions, toFetch } from "../../../lib/bridges/fetch.ts";
import type { Application, Environ } from "../../../lib/gateway/types.ts";
import { application, type Web } from "../../../lib/index.ts";
import { validate } from "../../../lib/middleware/validate.ts";
import { promised } from "../../support/promised.ts";
import { silence, until } from "../../support/until.ts";

const TEXT = [["Content-Type", "text/plain"]] as const;

function fetchOf(gateway: Application, options: ToFetchOptions = {}) {
  return toFetch(validate(gateway), { writeErrors: () => {}, ...options });
}

/** The environ of a request, as its application saw it. */
async function environOf(
  request: Request,
  options: ToFetchOptions = {},
  ...more: unknown[]
): Promise<Environ> {
  const { promise, resolve } = promised<Environ>();
  const fetch = fetchOf((environ, startResponse) => {
    resolve(environ);
    startResponse("200 OK", TEXT);
    return [];
  }, options);
  expect((await fetch(request, ...more)).status).toBe(200);
  return promise;
}

test("a Request as an environ", async () => {
  const request = new Request("https://example.org:8443/app/caf%C3%A9//x%2Fy?a=%20b&c", {
    method: "PUT",
    headers: { "Content-Type": "text/x", "X-Foo": "bar", X_Foo: "forged", Proxy: "evil" },
    body: "body",
  });
  const environ = await environOf(request, { scriptName: "/app" });
  expect(environ).toMatchObject({
    REQUEST_METHOD: "PUT",
    SCRIPT_NAME: "/app",
    PATH_INFO: "/caf\xc3\xa9//x/y",
    QUERY_STRING: "a=%20b&c",
    REQUEST_URI: "/app/caf%C3%A9//x%2Fy?a=%20b&c",
    SERVER_NAME: "example.org",
    SERVER_PORT: "8443",
    HTTP_HOST: "example.org:8443",
    CONTENT_TYPE: "text/x",
    HTTP_X_FOO: "bar",
    "wsgi.url_scheme": "https",
  });
  expect("HTTP_PROXY" in environ).toBe(false);
});

test("variables that the host knows", async () => {
  const request = new Request("http://localhost/");
  expect(await environOf(request, { environ: { REMOTE_USER: "ada" } })).toMatchObject({ REMOTE_USER: "ada" });
  const environ = (_request: Request, { address }: { address: string }) => ({ REMOTE_ADDR: address });
  expect(await environOf(request, { environ }, { address: "::1" })).toMatchObject({ REMOTE_ADDR: "::1" });
});

test("a postern application answers", async () => {
  const fetch = toFetch(
    application([["/hello/(.*)", { GET: (_web: Web, name: string) => `Hello, ${name}!` }]]),
  );
  const response = await fetch(new Request("http://localhost/hello/World"));
  expect([response.status, await response.text()]).toEqual([200, "Hello, World!"]);
  expect((await fetch(new Request("http://localhost/missing"))).status).toBe(404);
});

test("CONTENT_LENGTH that is no number is answered 400", async () => {
  const request = new Request("http://localhost/", { headers: { "Content-Length": "many" } });
  expect((await fetchOf(() => [])(request)).status).toBe(400);
});

test("an error before the head is a 500 that tells the log alone", async () => {
  const log: string[] = [];
  const fetch = fetchOf(
    () => {
      throw new Error("hidden");
    },
    { writeErrors: (bytes) => log.push(Buffer.from(bytes).toString()) },
  );
  const response = await fetch(new Request("http://localhost/"));
  expect([response.status, await response.text()]).toEqual([500, "Internal Server Error\n"]);
  expect(log.join("")).toContain("Error: hidden");
});

test("what was sent in front of an error is read before the error", async () => {
  const fetch = fetchOf(async function* (_environ, startResponse) {
    startResponse("200 OK", TEXT);
    yield "one, ";
    yield "two";
    throw new Error("hidden");
  });
  const { body } = await fetch(new Request("http://localhost/"));
  const texts: string[] = [];
  const reading = (async () => {
    for await (const chunk of body ?? []) texts.push(Buffer.from(chunk as Uint8Array).toString());
  })();
  await expect(reading).rejects.toThrow("the application failed");
  expect(texts.join("")).toBe("one, two");
});

test("a status that no Response can have rejects", async () => {
  const fetch = fetchOf((_environ, startResponse) => {
    startResponse("799 What", TEXT);
    return ["text"];
  });
  await expect(fetch(new Request("http://localhost/"))).rejects.toThrow(RangeError);
});

/** An application that goes on until it is left, and what became of it. */
function endless() {
  const seen = { chunks: 0, left: 0, reason: undefined as unknown };
  const gateway: Application = async function* (environ, startResponse) {
    startResponse("200 OK", TEXT);
    try {
      for (;;) {
        seen.chunks++;
        yield Buffer.alloc(10_000);
      }
    } finally {
      seen.left++;
      seen.reason = environ["postern.signal"].reason;
    }
  };
  return { seen, fetch: fetchOf(gateway) };
}

test("a body that is not read is waited for, and one that is cancelled is left once", async () => {
  const { seen, fetch } = endless();
  const { body } = await fetch(new Request("http://localhost/"));
  const reader = body?.getReader();
  await reader?.read();
  await silence(50);
  expect(seen.chunks).toBeLessThan(20);
  await reader?.cancel("enough");
  await until("the application is left", () => seen.left > 0);
  await new Promise(setImmediate);
  expect([seen.left, seen.reason]).toEqual([1, "enough"]);
});

test("an aborted request leaves the application once and breaks its body", async () => {
  const { seen, fetch } = endless();
  const controller = new AbortController();
  const { body } = await fetch(new Request("http://localhost/", { signal: controller.signal }));
  const reader = body?.getReader();
  await reader?.read();
  controller.abort(new Error("gone"));
  await until("the application is left", () => seen.left > 0);
  await expect(reader?.read()).rejects.toThrow("gone");
  expect([seen.left, seen.reason]).toEqual([1, new Error("gone")]);
});

test("one that is aborted before its response has begun rejects, and wakes the application", async () => {
  const controller = new AbortController();
  const { promise: woken, resolve } = promised<void>();
  const fetch = fetchOf(async (environ) => {
    await new Promise((done) => environ["postern.signal"].addEventListener("abort", done));
    resolve();
    return [];
  });
  const answer = fetch(new Request("http://localhost/", { signal: controller.signal }));
  controller.abort(new Error("gone"));
  await expect(answer).rejects.toThrow("gone");
  await woken;
});

test("the host is told what goes on behind the response", async () => {
  const works: Promise<unknown>[] = [];
  const fetch = fetchOf(async function* (_environ, startResponse) {
    startResponse("200 OK", TEXT);
    yield "text";
  });
  const context = { waitUntil: (work: Promise<unknown>) => works.push(work) };
  const response = await fetch(new Request("http://localhost/"), {}, context);
  expect(await response.text()).toBe("text");
  expect(await Promise.all(works)).toEqual([undefined]);
});

test("a body that fails is an error of wsgi.input, of which an application need not know", async () => {
  const failing = () =>
    new Request("http://localhost/", {
      method: "POST",
      body: new ReadableStream({ pull: () => Promise.reject(new Error("broken upload")) }),
      duplex: "half",
    });
  const reading = fetchOf(async (environ, startResponse) => {
    const chunks = environ["wsgi.input"].toArray();
    const answer = await chunks.then(String, (error: Error) => error.message);
    startResponse("200 OK", TEXT);
    return [answer];
  });
  expect(await (await reading(failing())).text()).toBe("broken upload");
  const unread = fetchOf((_environ, startResponse) => {
    startResponse("200 OK", TEXT);
    return ["unread"];
  });
  expect(await (await unread(failing())).text()).toBe("unread");
});
