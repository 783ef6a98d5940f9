// An ordinary Hono application: something of most of what Hono offers.

import { getConnInfo } from "@hono/node-server/conninfo";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { csrf } from "hono/csrf";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { methodOverride } from "hono/method-override";
import { poweredBy } from "hono/powered-by";
import { prettyJSON } from "hono/pretty-json";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE, streamText } from "hono/streaming";
import { timeout } from "hono/timeout";

const text = "All work and no play makes Jack a dull boy.\n".repeat(200);
const bytes = Uint8Array.from({ length: 256 }, (_value, at) => at);

const app = new Hono();

app.get("/text", (c) => c.text("grüße 🚪"));
app.get("/plain-text", () => new Response("text"));
app.get("/json", (c) => c.json({ b: [1, 2, { c: null }], a: "ü" }));
app.get("/json-response", () => Response.json({ a: 1 }, { status: 201, headers: { "X-Foo": "bar" } }));
app.get("/html", (c) => c.html("<h1>Hello</h1>"));
app.get("/bytes", (c) => c.body(bytes, 200, { "Content-Type": "application/octet-stream" }));
app.get("/array-buffer", (c) => c.body(bytes.buffer.slice(3)));
app.get("/blob", () => new Response(new Blob(["blob"], { type: "text/x-blob" })));
app.get("/nothing", (c) => c.body(null));
app.get("/empty", (c) => c.text(""));
app.get("/no-content", (c) => c.body(null, 204));
app.get("/status", (c) => c.text("I am a teapot", 418));
app.get("/reason", () => new Response("text", { status: 299, statusText: "Quite all right" }));
app.get("/latin", (c) => c.text("text", 200, { "X-Latin": "caf\xe9" }));
app.get("/repeated", (c) => {
  c.header("X-One", "1");
  c.header("X-Many", "a", { append: true });
  c.header("X-Many", "b", { append: true });
  return c.text("text");
});

app.get("/entries/:id/:rest{.+}", (c) => c.json([c.req.param(), c.req.path, c.req.url]));
app.get("/query", (c) => c.json([c.req.query(), c.req.queries("tag") ?? null, c.req.url]));
app.get("/request-headers", (c) =>
  c.json([c.req.header("X-Foo"), c.req.header("X-Latin"), c.req.header("User-Agent")]),
);
app.get("/whoami", (c) => {
  const { address, addressType } = getConnInfo(c).remote;
  return c.json({ address, addressType });
});

app.post("/text", async (c) => c.text((await c.req.text()).toUpperCase()));
app.post("/json", async (c) => c.json({ got: await c.req.json() }));
app.post("/form", async (c) => c.json(await c.req.parseBody({ all: true })));
app.post("/bytes", async (c) => c.body(await c.req.arrayBuffer()));
app.post("/unread", (c) => c.text("not read"));
app.post("/echo", (c) => new Response(c.req.raw.body, { headers: { "Content-Type": "text/plain" } }));
app.post("/upload", async (c) => {
  const form = await c.req.formData();
  const files = form.getAll("file");
  const parts = await Promise.all(
    files.map(async (file) => [file.name, file.type, file.size, await file.text()]),
  );
  return c.json([form.get("title"), parts]);
});
app.post("/twice", async (c) => {
  const clone = c.req.raw.clone();
  const again = new Request(c.req.raw, { headers: { "X-Foo": "new" } });
  const texts = [await clone.text(), await again.text()];
  return c.json([texts, again.headers.get("X-Foo"), again.method, c.req.raw.bodyUsed]);
});
app.post("/used", async (c) => {
  await c.req.raw.text();
  const answer = await c.req.raw.text().then(
    () => "read again",
    (error) => error.constructor.name,
  );
  return c.json([answer, c.req.raw.bodyUsed]);
});
app.post("/limited", bodyLimit({ maxSize: 10, onError: (c) => c.text("too large", 413) }), async (c) => {
  return c.text(await c.req.text());
});
app.on(["PUT", "PATCH", "DELETE", "PURGE"], "/methods", async (c) =>
  c.text(`${c.req.method} ${await c.req.text()}`),
);

app.get("/cookies", (c) => {
  setCookie(c, "plain", "a b;c", { path: "/", httpOnly: true });
  setCookie(c, "strict", "1", { sameSite: "Strict", maxAge: 60 });
  deleteCookie(c, "old");
  return c.json(getCookie(c));
});
app.get("/signed", async (c) => {
  await setSignedCookie(c, "signed", "value", "secret");
  return c.json([await getSignedCookie(c, "secret", "signed"), await getSignedCookie(c, "secret", "forged")]);
});

app.get("/stream", (c) =>
  stream(c, async (out) => {
    await out.write(bytes);
    await out.sleep(5);
    await out.write("end");
  }),
);
app.get("/stream-text", (c) =>
  streamText(c, async (out) => {
    for (const word of ["one", "two", "three"]) {
      await out.writeln(word);
      await out.sleep(2);
    }
  }),
);
app.get("/events", (c) =>
  streamSSE(c, async (out) => {
    for (let id = 0; id < 3; id++) await out.writeSSE({ data: `line ${id}`, event: "tick", id: String(id) });
  }),
);
app.get("/web-stream", () => {
  const chunks = ["a", "b", "c"].map((letter) => new TextEncoder().encode(letter));
  return new Response(ReadableStream.from(chunks), { headers: { "Content-Type": "text/x-letters" } });
});

app.get("/redirect", (c) => c.redirect("/text"));
app.get("/redirect-permanently", (c) => c.redirect("https://example.org/ü", 308));
app.get("/redirect-response", (c) => Response.redirect(new URL("/text", c.req.url), 303));

app.get("/error", () => {
  throw new Error("hidden reason");
});
app.get("/late-error", async () => {
  await new Promise(setImmediate);
  throw new Error("hidden reason");
});
app.get("/exception", () => {
  throw new HTTPException(401, { message: "who are you?" });
});
app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text("an error", 500)));

app.use("/etag/*", etag());
app.get("/etag/text", (c) => c.text(text));
app.use("/admin/*", basicAuth({ username: "ada", password: "lovelace" }));
app.get("/admin/page", (c) => c.text("secret"));
app.use("/api/*", cors({ origin: "https://example.org", credentials: true, exposeHeaders: ["X-Foo"] }));
app.get("/api/thing", (c) => c.json({ thing: 1 }));
app.use("/compressed/*", compress());
app.get("/compressed/text", (c) => c.text(text));
app.get("/compressed/stream", (c) => {
  c.header("Content-Type", "text/plain");
  return stream(c, async (out) => void (await out.write(text)));
});
app.use("/secure/*", secureHeaders(), poweredBy(), prettyJSON(), timeout(5_000));
app.get("/secure/json", (c) => c.json({ a: [1, 2] }));
app.use("/csrf/*", csrf());
app.post("/csrf/form", async (c) => c.json(await c.req.parseBody()));
app.use("/override/*", methodOverride({ app }));
app.delete("/override/thing", async (c) => c.text("deleted"));
app.use("/after/*", async (c, next) => {
  await next();
  c.header("X-After", "1");
  c.res = new Response(`${await c.res.text()}!`, c.res);
});
app.get("/after/text", (c) => c.text("changed"));
app.use(
  "/static/*",
  serveStatic({ root: import.meta.dirname, rewriteRequestPath: (path) => path.slice("/static".length) }),
);

const inner = new Hono();
inner.get("/hello/:name", (c) => c.text(`inner ${c.req.param("name")}`));
app.route("/route", inner);
app.mount("/mount", (request) => new Response(`${request.method} ${new URL(request.url).pathname}`));

export default app;
