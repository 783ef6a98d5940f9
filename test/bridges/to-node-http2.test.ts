// What HTTP/2 says otherwise than HTTP/1.1: a gateway application behind the compatibility API of node:http2.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { toNode } from "../../lib/bridges/node.ts";
import type { Application, Environ } from "../../lib/gateway/types.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { temporaryFolder } from "../support/folder.ts";
import { makeCertificate, openssl } from "../support/fronts/certificate.ts";
import { until } from "../support/until.ts";

const TEXT: [string, string][] = [["Content-Type", "text/plain"]];

const warnings: string[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning.message);
beforeEach(() => void process.on("warning", onWarning));
afterEach(() => {
  process.off("warning", onWarning);
  // Such as that a status message is not supported.
  expect(warnings.splice(0)).toEqual([]);
  expect(openBodies()).toEqual([]);
});

interface Tls {
  readonly cert: string;
  readonly key: Buffer;
}

async function serve(application: Application, tls?: Tls): Promise<ClientHttp2Session> {
  const listener = toNode(validate(application), { writeErrors: () => {} }) as never;
  const server: Http2Server | Http2SecureServer =
    tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const session =
    tls === undefined
      ? connect(`http://127.0.0.1:${port}`)
      : connect(`https://127.0.0.1:${port}`, { ca: tls.cert });
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  return session;
}

async function answer(stream: ClientHttp2Stream): Promise<{ head: Record<string, unknown>; body: string }> {
  const [[head], chunks] = await Promise.all([once(stream, "response"), stream.toArray()]);
  return { head, body: Buffer.concat(chunks).toString() };
}

async function environOf(headers: OutgoingHttpHeaders, tls?: Tls): Promise<Environ> {
  const seen: Environ[] = [];
  const session = await serve((environ, startResponse) => {
    seen.push({ ...environ });
    startResponse("200 OK", TEXT);
    return ["ok"];
  }, tls);
  await answer(session.request(headers));
  return seen[0] as Environ;
}

test("pseudo-headers are the request, and none of its headers", async () => {
  const environ = await environOf({
    ":path": "/a%20b/c?x=1",
    ":authority": "site.example:8443",
    "x-one": "1",
    cookie: ["a=1", "b=2"],
  });
  expect(environ).toMatchObject({
    REQUEST_METHOD: "GET",
    PATH_INFO: "/a b/c",
    QUERY_STRING: "x=1",
    REQUEST_URI: "/a%20b/c?x=1",
    SERVER_PROTOCOL: "HTTP/2.0",
    HTTP_HOST: "site.example:8443",
    SERVER_NAME: "site.example",
    REMOTE_ADDR: "127.0.0.1",
    HTTP_X_ONE: "1",
    HTTP_COOKIE: "a=1; b=2",
    "wsgi.url_scheme": "http",
  });
  expect(Object.keys(environ).filter((name) => name.includes(":") || name.startsWith("HTTP_:"))).toEqual([]);
  expect(environ.HTTPS).toBeUndefined();
});

test("the authority counts, not a Host that differs", async () => {
  const environ = await environOf({ ":authority": "site.example", host: "other.example" });
  expect(environ.HTTP_HOST).toBe("site.example");
});

test.skipIf(openssl === undefined)("a connection with TLS is https", async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const { text, keyPath } = makeCertificate(folder.path);
  const environ = await environOf({}, { cert: text, key: readFileSync(keyPath) });
  expect(environ).toMatchObject({ HTTPS: "on", "wsgi.url_scheme": "https" });
});

test("a reason phrase stays out of the response", async () => {
  const session = await serve((_environ, startResponse) => {
    startResponse("299 Quite all right", [
      ...TEXT,
      ["X-Capitals", "1"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ]);
    return ["ok"];
  });
  const { head, body } = await answer(session.request({ ":path": "/" }));
  expect(head).toMatchObject({ ":status": 299, "x-capitals": "1", "set-cookie": ["a=1", "b=2"] });
  for (const name of ["connection", "keep-alive", "transfer-encoding"]) expect(head).not.toHaveProperty(name);
  expect(body).toBe("ok");
});

test("a response that breaks off is reset", async () => {
  const session = await serve(async function* (_environ, startResponse) {
    startResponse("200 OK", TEXT);
    yield "begun";
    throw new Error("broken");
  } as Application);
  const stream = session.request({ ":path": "/" });
  const failed = once(stream, "error");
  stream.resume();
  await failed;
  expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
});

test("a client that resets its stream ends the application's, and no other", async () => {
  let reason: unknown;
  let leftAt = 0;
  const session = await serve((environ, startResponse) => {
    startResponse("200 OK", TEXT);
    if (environ.PATH_INFO === "/whole") return ["whole"];
    return (async function* () {
      try {
        yield "begun";
        await once(environ["postern.signal"], "abort");
        ({ reason } = environ["postern.signal"]);
        yield "more";
      } finally {
        leftAt++;
      }
    })();
  });
  const stream = session.request({ ":path": "/" });
  await once(stream, "data");
  stream.close(constants.NGHTTP2_CANCEL);
  await until("the application is left", () => leftAt > 0);
  expect(reason).toMatchObject({ code: "PEER_GONE" });
  expect((await answer(session.request({ ":path": "/whole" }))).body).toBe("whole");
  expect(leftAt).toBe(1);
});

test("postern.signal is not aborted by a response that is complete", async () => {
  const signals: AbortSignal[] = [];
  const session = await serve((environ, startResponse) => {
    signals.push(environ["postern.signal"]);
    startResponse("200 OK", TEXT);
    return ["ok"];
  });
  for (let round = 0; round < 2; round++) await answer(session.request({ ":path": "/" }));
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
});

test("a client that does not read makes the application wait", async () => {
  let made = 0;
  const session = await serve(async function* (_environ, startResponse) {
    startResponse("200 OK", TEXT);
    for (; made < 200; made++) yield Buffer.alloc(16_384);
  } as Application);
  const stream = session.request({ ":path": "/" });
  await once(stream, "response");
  // What the system and HTTP/2's windows take is there when another request is answered in between.
  await answer(session.request({ ":path": "/", ":method": "HEAD" }));
  expect(made).toBeLessThan(100);
  made = 200;
  stream.resume();
  await once(stream, "close");
});
