// The same test against an application in this process and against a server that serves it.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { application } from "../../lib/framework/application.ts";
import { internalServerError, notFound, seeOther } from "../../lib/framework/responses.ts";
import { upload } from "../../lib/framework/values.ts";
import type { Web } from "../../lib/framework/web.ts";
import { type Server, serve } from "../../lib/serve.ts";
import {
  conformanceApplication,
  conformanceCases,
  type Exchange,
  runCase,
} from "../../lib/testing/conformance.ts";
import { liveApplication, type TestedApplication } from "../../lib/testing/live-application.ts";
import { request } from "../../lib/testing/request.ts";
import { temporaryFolder } from "../support/folder.ts";
import { makeCertificate, openssl } from "../support/fronts/certificate.ts";
import { freePort } from "../support/port.ts";
import { until } from "../support/until.ts";
import { html } from "./html.ts";

const left = vi.fn();

const app = application([
  ["/", (web: Web) => html(web, `<title>Home</title><a href="sign">Sign</a><p>${web.method}`)],
  [
    "/echo",
    async (web: Web) => ({
      method: web.method,
      url: web.environ.REQUEST_URI,
      host: web.ctx.host,
      type: web.requestHeader("Content-Type") ?? null,
      accept: web.requestHeader("Accept") ?? null,
      body: (await web.data()).toString(),
    }),
  ],
  ["/path/(.*)", (_web: Web, rest: string) => rest],
  [
    "/sign",
    {
      GET: (web: Web) =>
        html(
          web,
          `<form method=post enctype=multipart/form-data><input name=name><input type=file name=file></form>`,
        ),
      async POST(web: Web) {
        const { name, file } = await web.input("name", { file: upload() });
        web.setCookie("name", name);
        throw seeOther(`/signed?file=${encodeURIComponent((await file?.text()) ?? "")}`);
      },
    },
  ],
  ["/signed", async (web: Web) => html(web, `<p>${(await web.cookies({ name: "" })).name} ${web.ctx.query}`)],
  [
    "/ticks",
    async function* (web: Web) {
      try {
        for (let tick = 0; !web.signal.aborted; tick++) {
          yield `tick ${tick}\n`;
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        left();
      }
    },
  ],
  [
    "/breaks",
    async function* () {
      yield "first\n";
      throw new Error("in the middle");
    },
  ],
  ["/missing", () => notFound()],
  ["/fails", () => internalServerError()],
  ["/silent", (web: Web) => new Promise((resolve) => web.signal.addEventListener("abort", resolve))],
  [
    "/stalls",
    async function* (web: Web) {
      yield "first\n";
      await new Promise((resolve) => web.signal.addEventListener("abort", resolve));
    },
  ],
]);

let server: Server;
let origin: string;

beforeAll(async () => {
  server = serve(app, { protocol: "http", bindAddress: 0, shutdownGraceMs: 500, log: () => {} });
  const [address] = await server.listening;
  origin = `http://127.0.0.1:${address !== undefined && "port" in address ? address.port : 0}`;
});

afterAll(() => server.close());

describe.each<[string, () => TestedApplication]>([
  ["in this process", () => app],
  ["behind a server", () => liveApplication(origin)],
])("an application %s", (_where, tested) => {
  test("answers a request", async () => {
    const response = await tested().request("/path/Zoë%2Fx?a=1", { headers: { Accept: "text/plain" } });
    expect(response).toMatchObject({ status: 200, reason: "OK", text: "Zoë/x", cut: false, errors: "" });
    expect(response.header("content-type")).toBe("text/html; charset=utf-8");
    expect(response.header("content-length")).toBe("6");
  });

  test("is sent forms, JSON, bytes without a length, and headers", async () => {
    const ask = async (description: Parameters<TestedApplication["request"]>[1]) =>
      (await tested().request("/echo", { host: "example.org", ...description })).json();
    expect(await ask({ data: { a: "ä", b: ["1", "2"] } })).toMatchObject({
      method: "POST",
      host: "example.org",
      type: "application/x-www-form-urlencoded",
      body: "a=%C3%A4&b=1&b=2",
    });
    expect(await ask({ method: "PUT", json: { a: 1 } })).toMatchObject({ method: "PUT", body: '{"a":1}' });
    async function* pieces() {
      yield Buffer.from("one ");
      yield Buffer.from("two");
    }
    expect(await ask({ data: pieces() })).toMatchObject({ method: "POST", body: "one two" });
    expect(
      await ask({
        method: "DELETE",
        headers: [
          ["Accept", "a/b"],
          ["Accept", "c/d"],
        ],
      }),
    ).toMatchObject({
      method: "DELETE",
      accept: "a/b, c/d",
      body: "",
    });
  });

  test("answers HEAD without a body", async () => {
    const response = await tested().request("/path/abc", { method: "HEAD" });
    expect(response).toMatchObject({ status: 200, text: "", cut: false });
  });

  test("tells what a status means, and lets its text be searched", async () => {
    const responses = await Promise.all(
      ["/", "/sign", "/missing", "/fails"].map((target) =>
        tested().request(target, target === "/sign" ? { data: { name: "Ada" } } : {}),
      ),
    );
    const flags = responses.map(({ ok, isRedirect, isClientError, isServerError }) => [
      ok,
      isRedirect,
      isClientError,
      isServerError,
    ]);
    expect(flags).toEqual([
      [true, false, false, false],
      [false, true, false, false],
      [false, false, true, false],
      [false, false, false, true],
    ]);
    expect(responses[0]?.match(/<title>(.*?)<\/title>/)?.[1]).toBe("Home");
    expect(responses[0]?.match(/Sign out/)).toBeNull();
    expect(responses[1]?.cookie("name")?.value).toBe("Ada");
  });

  test("is browsed: links, forms, uploads, redirects and cookies", async () => {
    const browser = await tested().browser();
    await browser.open("/");
    await browser.follow("Sign");
    const file = new File(["content"], "a.txt", { type: "text/plain" });
    await browser.form().fill({ name: "Zoë", file }).submit();
    expect(browser.text).toBe("Zoë ?file=content");
    expect(browser.path).toBe("/signed?file=content");
    expect(browser.redirects.map(({ pathname }) => pathname)).toEqual(["/sign"]);
    const attack = await browser.post("/sign", { name: "Eve" }, { from: "https://evil.example/" });
    expect(attack.status).toBe(403);
  });

  test("streams, and hears of a client that goes", async () => {
    left.mockClear();
    const response = await tested().request("/ticks", { stream: true });
    expect(response.status).toBe(200);
    let text = "";
    for await (const chunk of response.chunks) {
      text += chunk;
      if (text.includes("tick 3")) break;
    }
    expect(text).toMatch(/^tick 0\ntick 1\ntick 2\ntick 3/);
    await until("it has heard", () => left.mock.calls.length > 0);
    expect(left).toHaveBeenCalledOnce();
  });

  test("is seen to be cut where it fails in the middle", async () => {
    const response = await tested().request("/breaks");
    expect(response).toMatchObject({ status: 200, text: "first\n", cut: true });
    const browser = await tested().browser();
    await expect(browser.open("/breaks")).rejects.toMatchObject({ code: "CUT" });
  });

  test("is left by a request that is given up", async () => {
    const abort = new AbortController();
    const asked = tested().request("/silent", { signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    expect(await asked).toMatchObject({ status: 0, text: "" });
  });
});

describe("a server", () => {
  test("is asked below the path of its address", async () => {
    const mounted = application([["/blog", app]]);
    const port = await serving(mounted);
    const live = liveApplication(`http://127.0.0.1:${port}/blog/`);
    expect((await live.request("/echo?a=1")).json()).toMatchObject({
      url: "/blog/echo?a=1",
      host: `127.0.0.1:${port}`,
    });
    const browser = await live.browser();
    await browser.open("/blog/");
    await browser.follow("Sign");
    expect(browser.url.href).toBe(`http://127.0.0.1:${port}/blog/sign`);
    await expect(browser.open("/")).rejects.toMatchObject({ code: "LEFT_SITE" });
  });

  test("is an application for whoever takes one", async () => {
    const response = await request(liveApplication(origin), "/echo", { data: "x=1" });
    expect(response.json()).toMatchObject({ method: "POST", body: "x=1" });
  });

  test("is refused what it cannot be told", async () => {
    const live = liveApplication(`${origin}/a`);
    const wrong = [
      { environ: { REMOTE_ADDR: "10.0.0.1" } },
      { debug: true },
      { https: true },
      { scriptName: "" },
    ];
    for (const description of wrong) {
      const [name] = Object.keys(description);
      const refused = expect.objectContaining({
        code: "OPTION",
        message: expect.stringContaining(`"${name}"`),
      });
      await expect(live.request("/", description)).rejects.toEqual(refused);
      await expect(live.browser(description)).rejects.toEqual(refused);
    }
    await expect(live.request("/", { https: false, scriptName: "/a", environ: {} })).resolves.toMatchObject({
      status: 404,
    });
  });

  test.each([
    "127.0.0.1:8080",
    "localhost:8080",
    "ftp://a/",
    "http://a/?b",
    "http://a/#b",
    "http://user@a/",
    "",
  ])("has an address, unlike %j", (address) => {
    expect(() => liveApplication(address)).toThrow(expect.objectContaining({ code: "ADDRESS" }));
  });

  test.each([-1, Number.NaN])("is not waited for %d milliseconds", (timeoutMs) => {
    expect(() => liveApplication(origin, { timeoutMs })).toThrow(expect.objectContaining({ code: "OPTION" }));
  });

  test("is waited for without end for as many as there are", async () => {
    const live = liveApplication(origin, { timeoutMs: Number.POSITIVE_INFINITY });
    expect(await live.request("/path/a")).toMatchObject({ status: 200, text: "a" });
  });

  test("that would keep a connection is left when the response is there", async () => {
    const closed = vi.fn();
    const keeping = createServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
      socket.once("close", closed);
    });
    const port = await listening(keeping);
    const live = liveApplication(`http://127.0.0.1:${port}`, { timeoutMs: 0 });
    expect(await live.request("/", { method: "HEAD" })).toMatchObject({
      status: 200,
      cut: false,
      errors: "",
    });
    await until("it is left", () => closed.mock.calls.length > 0);
  });

  test("that is not there is an error that says so", async () => {
    const port = await freePort();
    const live = liveApplication(`http://127.0.0.1:${port}`);
    const refused = {
      code: "CONNECT_FAILED",
      message: `GET http://127.0.0.1:${port}/a: no connection to 127.0.0.1:${port} (connect ECONNREFUSED 127.0.0.1:${port}): is the server started?`,
    };
    await expect(live.request("/a")).rejects.toMatchObject(refused);
    await expect(live.request("/a", { stream: true })).rejects.toMatchObject(refused);
    await expect((await live.browser()).open("/a")).rejects.toMatchObject(refused);
    const nowhere = liveApplication("http://localhost", { socketPath: "/nonexistent/app.sock" });
    await expect(nowhere.request()).rejects.toThrow(/no connection to \/nonexistent\/app\.sock \(.*ENOENT/);
  });

  test("that is silent is given up", async () => {
    const live = liveApplication(origin, { timeoutMs: 500 });
    await expect(live.request("/silent")).rejects.toMatchObject({
      code: "RESPONSE_TIMEOUT",
      message: `GET ${origin}/silent: the server has not answered, and was silent for 500 ms`,
    });
    const stalled = await live.request("/stalls");
    expect(stalled).toMatchObject({ status: 200, text: "first\n", cut: true });
    expect(stalled.errors).toMatch(
      /was answered 200, and the server was silent for 500 ms in the middle of the body/,
    );
  });

  test.each([
    ["hangs up", (socket: Socket) => socket.destroy(), "CONNECTION_LOST"],
    ["speaks another protocol", (socket: Socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"), "RESPONSE_HEAD"],
    ["has half a head", (socket: Socket) => socket.end("HTTP/1.1 200 OK\r\nContent-"), "CONNECTION_LOST"],
  ])("that %s gives no response", async (_what, answer, code) => {
    const odd = createServer((socket) => socket.once("data", () => answer(socket)));
    const port = await listening(odd);
    await expect(liveApplication(`http://127.0.0.1:${port}`).request()).rejects.toMatchObject({ code });
  });

  test("that sends less than it says is seen to be cut", async () => {
    const short = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort";
    const port = await listening(createServer((socket) => socket.once("data", () => socket.end(short))));
    expect(await liveApplication(`http://127.0.0.1:${port}`).request()).toMatchObject({
      text: "short",
      cut: true,
    });
  });

  test("that refuses a body before it has all is heard", async () => {
    const port = await serving(app, { maxBodyBytes: 1_000 });
    const live = liveApplication(`http://127.0.0.1:${port}`);
    const data = Buffer.alloc(4_000_000);
    expect(await live.request("/echo", { data })).toMatchObject({ status: 413, isClientError: true });
  });

  test("that has several headers of a name, and a status of its own, is shown as it is", async () => {
    const listener: RequestListener = (_request, response) => {
      const headers = { "Set-Cookie": ["a=1", "b=2"], "X-Odd": "caf\u00e9", Status: "299 Fine So Far" };
      response.writeHead(299, "Fine So Far", headers);
      response.end();
    };
    const port = await listening(createHttpServer(listener));
    const response = await liveApplication(`http://127.0.0.1:${port}`).request();
    expect(response).toMatchObject({ status: 299, reason: "Fine So Far" });
    expect(response.header("X-Odd")).toBe("caf\u00e9");
    expect([response.cookie("a")?.value, response.cookie("b")?.value]).toEqual(["1", "2"]);
    const names = response.headers.map(([name]) => name);
    expect(names.filter((name) => /^(?:connection|status)$/i.test(name))).toEqual([]);
  });

  test("may listen on a unix socket", async () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const socketPath = join(folder.path, "app.sock");
    await serving(app, { bindAddress: socketPath });
    const response = await liveApplication("http://example.org", { socketPath }).request("/echo");
    expect(response.json()).toMatchObject({ host: "example.org" });
  });

  test.skipIf(openssl === undefined)("may speak TLS, with a certificate of its own", async () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const { certificatePath, keyPath, text } = makeCertificate(folder.path);
    const tls = { cert: text, key: readFileSync(keyPath) };
    const port = await listening(createHttpsServer(tls, (_request, response) => response.end("secret")));
    expect(readFileSync(certificatePath, "utf8")).toBe(text);
    const url = `https://127.0.0.1:${port}`;
    expect((await liveApplication(url, { ca: text }).request()).text).toBe("secret");
    const browser = await liveApplication(url, { ca: [text] }).browser();
    await browser.open("/");
    expect(browser.url.href).toBe(`${url}/`);
    await expect(liveApplication(url).request()).rejects.toThrow(
      /no connection to .*self-signed certificate/,
    );
  });
});

test("what servers must show is seen through it as well", async () => {
  // What the cases have their server log.
  const log = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => log.mockRestore());
  const port = await serving(conformanceApplication);
  const live = liveApplication(`http://127.0.0.1:${port}`);
  const exchange: Exchange = async ({ method, target, headers, body, unknownLength }) => {
    const data = unknownLength === true && body !== undefined ? Readable.from([body]) : body;
    const response = await live.request(target, { method, headers, ...(data !== undefined && { data }) });
    return { ...response, complete: !response.cut };
  };
  const run = { scriptName: "", serverName: "127.0.0.1", serverPort: String(port), runOnce: false };
  const failed: string[] = [];
  for (const one of conformanceCases) {
    await runCase(one, exchange, run).catch((error: Error) => failed.push(`${one.name}: ${error.message}`));
  }
  expect(failed).toEqual([]);
});

async function serving(
  served: Parameters<typeof serve>[0],
  options: Partial<Parameters<typeof serve>[1]> = {},
): Promise<number> {
  const own = serve(served, {
    protocol: "http",
    bindAddress: 0,
    shutdownGraceMs: 500,
    log: () => {},
    ...options,
  });
  onTestFinished(() => own.close().then(() => {}));
  const [address] = await own.listening;
  return address !== undefined && "port" in address ? address.port : 0;
}

async function listening(own: HttpServer | ReturnType<typeof createServer>): Promise<number> {
  onTestFinished(() => void own.close());
  own.listen(0, "127.0.0.1");
  await once(own, "listening");
  return (own.address() as AddressInfo).port;
}
