// An ordinary application of Express, written for versions 4 and 5.

import { createHash } from "node:crypto";
import { PassThrough, Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import session from "express-session";
import multer from "multer";
import { bytes, failingStream, files, sessionIds } from "./parts.js";

export function expressApplication(express) {
  const app = express();
  app.set("trust proxy", "loopback");
  app.set("env", "test");

  app.get("/", (_request, response) => {
    response.send("Hello World");
  });
  app.get("/users/:id", (request, response) => {
    response.json({ params: request.params, query: request.query, path: request.path });
  });
  app.get(/^\/files-of\/(\w+)\/(.*)$/, (request, response) => {
    response.json({ params: { ...request.params }, url: request.url, originalUrl: request.originalUrl });
  });
  app.all("/request", (request, response) => {
    const { method, url, originalUrl, baseUrl, path, hostname, ip, ips, protocol, secure, xhr } = request;
    response.json({
      ...{ method, url, originalUrl, baseUrl, path, hostname, ip, ips, protocol, secure, xhr },
      subdomains: request.subdomains,
      fresh: request.fresh,
      version: request.httpVersion,
      host: request.get("host"),
      userAgent: request.get("user-agent"),
      accepts: request.accepts("html", "json"),
      encodings: request.acceptsEncodings("gzip", "br"),
      languages: request.acceptsLanguages("de", "en"),
      is: request.is("json"),
      range: request.range(100),
      custom: request.get("x-custom"),
      headers: Object.entries(request.headers)
        .filter(([name]) => name !== "connection")
        .sort(),
      remoteAddress: request.socket.remoteAddress,
      encrypted: request.socket.encrypted ?? false,
    });
  });

  const api = express.Router({ mergeParams: true });
  const inner = express.Router();
  inner.all("/deep", (request, response) => {
    const { baseUrl, url, originalUrl, path } = request;
    response.json({ baseUrl, url, originalUrl, path });
  });
  api.use("/inner", inner);
  api.get("/", (request, response) => response.send(`${request.params.version} at ${request.baseUrl}`));
  api.param("item", (request, _response, next, item) => {
    request.item = `item ${item}`;
    next();
  });
  api.get("/items/:item", (request, response) => response.send(request.item));
  app.use("/api/:version", api);

  const echo = (request, response) =>
    response.json({ body: show(request.body), type: request.get("content-type") ?? null });
  app.post("/json", express.json({ limit: "10kb" }), echo);
  app.post("/urlencoded", express.urlencoded({ extended: false }), echo);
  app.post("/extended", express.urlencoded({ extended: true }), echo);
  app.post("/text", express.text(), echo);
  app.post("/raw", express.raw({ type: "*/*", limit: "10mb" }), echo);
  app.post("/any", express.raw({ type: () => true }), echo);
  app.get("/encrypted", (request, response) => {
    request.socket.encrypted = true;
    response.send(`${request.protocol} ${request.secure}`);
  });
  app.put("/digest", async (request, response) => {
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of request) {
      hash.update(chunk);
      size += chunk.length;
    }
    response.send(`${size} ${hash.digest("hex")}`);
  });
  app.post("/upload", multer({ limits: { fileSize: 50_000 } }).any(), (request, response) => {
    response.json({
      fields: request.body,
      files: request.files.map(({ fieldname, originalname, mimetype, size, buffer }) => ({
        ...{ fieldname, originalname, mimetype, size },
        digest: createHash("sha256").update(buffer).digest("hex"),
      })),
    });
  });
  app.post("/ignored", (_request, response) => response.status(202).send("not read"));

  app.get("/cookie", (request, response) => {
    response.cookie("a", "1 2", { httpOnly: true, sameSite: "lax" });
    response.cookie("b", { nested: true }, { expires: new Date(0), path: "/x" });
    response.clearCookie("c");
    response.send(request.get("cookie") ?? "none");
  });
  app.use(
    "/session",
    session({ secret: "test", resave: false, saveUninitialized: false, genid: sessionIds() }),
    (request, response) => {
      request.session.count = (request.session.count ?? 0) + 1;
      response.send(`visit ${request.session.count}`);
    },
  );

  app.use(
    "/static",
    express.static(fileURLToPath(files), { maxAge: "1h", lastModified: false, etag: "weak" }),
  );
  app.get("/send-file", (_request, response) => {
    response.sendFile("page.html", { root: fileURLToPath(files), lastModified: false });
  });
  app.get("/download", (_request, response) =>
    response.download(fileURLToPath(new URL("page.html", files)), "ä page.html"),
  );
  app.get("/no-file", (_request, response) => response.sendFile("missing", { root: fileURLToPath(files) }));
  app.get("/large", (_request, response) => response.send(bytes(3_000_000)));
  app.get("/piped", (_request, response) => {
    Readable.from([bytes(200_000), bytes(1), bytes(100_000)]).pipe(response);
  });
  app.get("/streamed", async (_request, response) => {
    response.type("text");
    for (let line = 0; line < 5; line++) {
      response.write(`line ${line}\n`);
      await turn();
    }
    response.end();
  });
  app.get("/events", async (_request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
    response.flushHeaders();
    for (let id = 0; id < 3; id++) {
      await turn();
      response.write(`id: ${id}\ndata: {"id":${id}}\n\n`);
    }
    response.end();
  });
  app.get("/late", (_request, response) => {
    setImmediate(() => response.set("X-Late", "yes").status(201).end("later"));
  });
  app.get("/no-content", (_request, response) => response.status(204).end());
  app.get("/reason", (_request, response) => {
    response.statusMessage = "Quite Fine";
    response.send("reason");
  });
  app.get("/write-head", (_request, response) => {
    response.setHeader("X-Replaced", "before");
    response.writeHead(299, "Odd", {
      "X-Replaced": "after",
      "Set-Cookie": ["a=1", "b=2"],
      "Content-Type": "text/plain",
    });
    response.end("odd");
  });
  app.get("/raw-headers", (_request, response) => {
    response.writeHead(200, ["X-Two", "1", "X-Two", "2", "Content-Length", "2"]);
    response.end("ok");
  });
  app.get("/append", (_request, response) => {
    response
      .append("Link", "<a>")
      .append("Link", "<b>")
      .vary("Accept")
      .vary("Cookie")
      .links({ next: "/n?a=1" });
    response.set("X-Latin", "caf\u00e9").send("appended");
  });
  app.get("/html", (_request, response) => response.send("<p>ünïcode €</p>"));
  app.get("/buffer", (_request, response) => response.send(Buffer.from([0, 255, 1, 254])));
  app.get("/jsonp", (_request, response) => response.jsonp({ a: "\u2028" }));
  app.get("/status", (_request, response) => response.sendStatus(418));
  app.get("/etag", (_request, response) => response.set("ETag", '"fixed"').send("tagged"));
  app.get("/modified", (_request, response) => {
    response.set("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT").send("dated");
  });
  app.get("/format", (_request, response) => {
    response.format({
      "text/plain": () => response.send("plain"),
      "text/html": () => response.send("<p>html</p>"),
      json: () => response.send({ format: "json" }),
    });
  });
  app.get("/redirect", (_request, response) => response.redirect("/users/1?from=redirect"));
  app.get("/redirect-301", (_request, response) => response.redirect(301, "https://example.test/ä"));

  app.get("/throw", () => {
    throw new Error("thrown");
  });
  app.get("/reject", (_request, _response, next) => Promise.reject(new Error("rejected")).catch(next));
  app.get("/status-error", (_request, _response, next) =>
    next(Object.assign(new Error("teapot"), { status: 418 })),
  );
  app.get("/handled", () => {
    throw new TypeError("handled");
  });
  app.get("/broken-stream", (_request, response) => {
    failingStream()
      .on("error", (error) => response.status(500).send(error.message))
      .pipe(new PassThrough());
  });
  app.use("/handled", (error, _request, response, _next) => {
    response.status(422).json({ name: error.name, message: error.message });
  });
  // Traces have the paths of this machine, and how deep the listener was called.
  app.use((error, request, response, next) => {
    error.stack = `${error.name}: ${error.message}`;
    if (request.path === "/upload") response.status(413).send(error.code);
    else next(error);
  });
  return app;
}

function show(body) {
  return Buffer.isBuffer(body) ? { buffer: body.toString("base64") } : (body ?? null);
}
