// An ordinary application of Koa.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import Router from "@koa/router";
import Koa from "koa";
import bodyParser from "koa-bodyparser";
import { bytes, files } from "./parts.js";

export function koaApplication() {
  const app = new Koa({ keys: ["test"], proxy: true });
  app.silent = true;
  app.use(async (context, next) => {
    await next();
    context.set("X-After", "yes");
  });
  app.use(async (context, next) => {
    try {
      await next();
    } catch (error) {
      if (context.path !== "/handled") throw error;
      context.status = 422;
      context.body = { message: error.message };
    }
  });

  const router = new Router();
  router.get("/", (context) => {
    context.body = "Hello World";
  });
  router.get("/users/:id", (context) => {
    context.body = { params: context.params, query: context.query, path: context.path };
  });
  router.all("/request", (context) => {
    const {
      method,
      url,
      originalUrl,
      href,
      host,
      hostname,
      protocol,
      secure,
      ip,
      ips,
      type,
      length,
      querystring,
    } = context.request;
    context.body = {
      ...{
        method,
        url,
        originalUrl,
        href,
        host,
        hostname,
        protocol,
        secure,
        ip,
        ips,
        type,
        length,
        querystring,
      },
      accepts: context.accepts("html", "json"),
      charset: context.request.charset,
      remoteAddress: context.socket.remoteAddress,
    };
  });
  router.post(
    "/body",
    bodyParser({ enableTypes: ["json", "form", "text"], jsonLimit: "10kb" }),
    (context) => {
      context.body = { body: context.request.body ?? null, raw: context.request.rawBody ?? null };
    },
  );
  router.put("/digest", async (context) => {
    const hash = createHash("sha256");
    for await (const chunk of context.req) hash.update(chunk);
    context.body = hash.digest("hex");
  });
  router.get("/cookies", (context) => {
    context.cookies.set("plain", "1", { signed: false });
    context.cookies.set("signed", "2");
    context.body = context.cookies.get("signed") ?? "none";
  });
  router.get("/file", (context) => {
    context.type = "html";
    context.body = createReadStream(new URL("page.html", files));
  });
  router.get("/large", (context) => {
    context.body = bytes(3_000_000);
  });
  router.get("/stream", (context) => {
    context.body = Readable.from(lines());
  });
  router.get("/events", (context) => {
    context.type = "text/event-stream";
    context.body = Readable.from(lines());
  });
  router.get("/web-response", (context) => {
    context.body = new Response("from fetch", { status: 203, headers: { "X-From": "fetch" } });
  });
  router.get("/blob", (context) => {
    context.body = new Blob(["a blob"]);
  });
  router.get("/etag", (context) => {
    context.etag = "fixed";
    context.status = 200;
    if (context.fresh) context.status = 304;
    else context.body = "tagged";
  });
  router.get("/redirect", (context) => context.redirect("/users/1?a=ä"));
  router.get("/attachment", (context) => {
    context.attachment("ä.txt");
    context.body = "attached";
  });
  router.get("/no-content", (context) => {
    context.body = null;
  });
  router.get("/message", (context) => {
    context.status = 200;
    context.message = "Quite Fine";
    context.body = "message";
  });
  router.get("/headers", (context) => {
    context.status = 200;
    context.append("Set-Cookie", ["a=1", "b=2"]);
    context.append("Link", ["<a>", "<b>"]);
    context.vary("Accept");
    context.set("X-Latin", "caf\u00e9");
    context.flushHeaders();
    context.body = "flushed";
  });
  router.get("/respond", (context) => {
    context.respond = false;
    context.res.writeHead(201, "Own", { "Content-Type": "text/plain" });
    context.res.end("own response");
  });
  router.get("/throw", (context) =>
    context.throw(400, "told", { expose: true, headers: { "X-Error": "yes" } }),
  );
  router.get("/error", () => {
    throw new Error("hidden");
  });
  router.get("/reject", async () => {
    await turn();
    throw new Error("hidden");
  });
  router.get("/handled", () => {
    throw new Error("handled");
  });
  app.use(router.routes()).use(router.allowedMethods());
  return app;
}

async function* lines() {
  for (let line = 0; line < 5; line++) {
    await turn();
    yield `line ${line}\n`;
  }
}
