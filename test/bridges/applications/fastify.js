// An ordinary application of Fastify.

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import cookie from "@fastify/cookie";
import multipart from "@fastify/multipart";
import session from "@fastify/session";
import fastify from "fastify";
import { bytes, failingStream, sessionIds } from "./parts.js";

export async function fastifyApplication() {
  const app = fastify({
    trustProxy: "127.0.0.1",
    bodyLimit: 8_000_000,
    routerOptions: { ignoreTrailingSlash: true },
  });
  await app.register(cookie, { secret: "test" });
  await app.register(multipart, { limits: { fileSize: 50_000 } });
  app.addHook("onSend", async (_request, reply) => {
    reply.header("X-Hook", "onSend");
  });

  app.get("/", async () => "Hello World");
  app.get("/users/:id", async ({ params, query }) => ({ params, query }));
  app.get("/files-of/:name/*", async ({ params, url, originalUrl }) => ({ params, url, originalUrl }));
  app.all("/request", async (request) => {
    const { method, url, hostname, host, port, protocol, ip, ips, headers } = request;
    return {
      ...{
        method,
        url,
        hostname,
        host,
        port: port ?? null,
        protocol,
        ip,
        ips,
        custom: headers["x-custom"] ?? null,
      },
      remoteAddress: request.socket.remoteAddress,
    };
  });
  app.register(
    async (scope) => {
      scope.addHook("preHandler", async (request) => {
        request.headers["x-scope"] = "inner";
      });
      scope.get("/scoped", async (request) => ({ scope: request.headers["x-scope"], url: request.url }));
    },
    { prefix: "/prefix" },
  );
  app.post("/json", async ({ body }) => ({ body: body ?? null }));
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(body)));
    },
  );
  app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, createHash("sha256").update(body).digest("hex"));
  });
  app.post("/limited", { bodyLimit: 1000 }, async ({ body }) => ({ body }));
  app.post(
    "/schema",
    { schema: { body: { type: "object", required: ["name"], properties: { name: { type: "string" } } } } },
    async ({ body }) => body,
  );
  app.post("/upload", async (request) => {
    const parts = [];
    for await (const part of request.parts()) {
      const value =
        part.file === undefined
          ? part.value
          : createHash("sha256")
              .update(await part.toBuffer())
              .digest("hex");
      parts.push({ name: part.fieldname, file: part.filename ?? null, value });
    }
    return parts;
  });
  app.get("/cookie", async (request, reply) => {
    reply
      .setCookie("a", "1", { path: "/", httpOnly: true })
      .setCookie("b", "2", { signed: true })
      .clearCookie("c");
    return request.cookies;
  });
  app.register(async (scope) => {
    await scope.register(session, {
      secret: "a secret of at least thirty-two characters",
      cookie: { secure: false },
      idGenerator: sessionIds(),
    });
    scope.get("/session", async (request) => {
      request.session.count = (request.session.count ?? 0) + 1;
      return `visit ${request.session.count}`;
    });
  });

  app.get("/large", async () => bytes(3_000_000));
  app.get("/stream", (_request, reply) => reply.type("text/plain").send(Readable.from(lines())));
  app.get("/web-stream", (_request, reply) =>
    reply.send(new Response("from fetch", { headers: { "X-From": "fetch" } })),
  );
  app.get("/events", (_request, reply) => reply.type("text/event-stream").send(Readable.from(lines())));
  app.get("/hijack", (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(203, "Own", { "Content-Type": "text/plain" });
    reply.raw.end("hijacked");
  });
  app.get("/redirect", (_request, reply) => reply.redirect("/users/1", 303));
  app.get("/no-content", (_request, reply) => reply.code(204).send());
  app.get("/etag", (request, reply) => {
    reply.header("ETag", '"fixed"');
    if (request.headers["if-none-match"] === '"fixed"') return reply.code(304).send();
    return reply.send("tagged");
  });
  app.get("/headers", (_request, reply) => {
    reply
      .header("Set-Cookie", "a=1")
      .header("Set-Cookie", "b=2")
      .header("X-Latin", "caf\u00e9")
      .send({ ok: true });
  });
  app.get("/throw", () => {
    throw new Error("thrown");
  });
  app.get("/reject", async () => {
    await turn();
    throw Object.assign(new Error("rejected"), { statusCode: 409 });
  });
  app.get("/broken", (_request, reply) => reply.send(failingStream()));
  app.setNotFoundHandler((request, reply) => reply.code(404).send({ missing: request.url }));
  await app.ready();
  return app;
}

async function* lines() {
  for (let line = 0; line < 5; line++) {
    await turn();
    yield `line ${line}\n`;
  }
}
