// What a module may export, and in how many ways postern serve then serves it.

import { chmodSync, existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { closeApplication } from "../../lib/cli/application-shape.ts";
import { loadApplication } from "../../lib/cli/load-application.ts";
import { call } from "../../lib/testing/call.ts";
import { ask, type ListeningProtocol } from "../support/asking.ts";
import { cgi, lighttpd, spawned, startLighttpd } from "../support/lighttpd.ts";
import { untilListening } from "../support/port.ts";
import { cli, root, Stand } from "../support/postern.ts";
import { until } from "../support/until.ts";

const require = createRequire(import.meta.url);
const url = (name: string) => JSON.stringify(require.resolve(name));

/** Each answers /hello/Ann?x=1 with "Ann 1". */
const modules = {
  "a gateway application": `export const app = (environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [environ.PATH_INFO.slice(7), " ", environ.QUERY_STRING.slice(2)];
  };`,
  "an application of postern": `
    import { application } from ${JSON.stringify(join(root, "dist/index.js"))};
    export const app = application([["/hello/(.*)", {
      async GET(web, name) { return name + " " + (await web.input({ x: "" })).x; },
    }]]);
  `,
  "Express 5": `
    import express from ${url("express")};
    export const app = express();
    app.get("/hello/:name", (req, res) => { res.send(req.params.name + " " + req.query.x); });
  `,
  "Express 4, of CommonJS": `
    const app = require(${url("express4")})();
    app.get("/hello/:name", (req, res) => { res.send(req.params.name + " " + req.query.x); });
    module.exports = app;
  `,
  connect: `
    import connect from ${url("connect")};
    export default connect().use("/hello", (req, res) => { res.end(req.url.slice(1).replace("?x=", " ")); });
  `,
  Koa: `
    import Koa from ${url("koa")};
    const app = new Koa();
    app.use((ctx) => { ctx.body = ctx.path.slice(7) + " " + ctx.query.x; });
    export default app;
  `,
  Fastify: `
    import Fastify from ${url("fastify")};
    export const app = Fastify();
    app.get("/hello/:name", async (request) => request.params.name + " " + request.query.x);
  `,
  "a promise of Fastify": `
    import Fastify from ${url("fastify")};
    async function build() {
      const app = Fastify();
      await app.register(async (inner) => {
        inner.get("/hello/:name", async (request) => request.params.name + " " + request.query.x);
      });
      return app;
    }
    export default build();
  `,
  "a function that makes an application": `
    import Fastify from ${url("fastify")};
    let count = 0;
    export default async function build() {
      const number = ++count;
      const app = Fastify();
      app.get("/hello/:name", async (request) => request.params.name + " " + number);
      return app;
    }
  `,
  "handler, as SvelteKit's build for Node does": `
    export const handler = (req, res, next) => { res.end(req.url.slice(7).replace("?x=", " ")); };
    export const options = {};
  `,
  "an http.Server": `
    import { createServer } from "node:http";
    export default createServer((req, res) => { res.end(req.url.slice(7).replace("?x=", " ")); });
  `,
  "a listener, (req, res)": `export default (req, res) => { res.end(req.url.slice(7).replace("?x=", " ")); };`,
  "an async listener, (request, response)": `module.exports = async function handler(request, response) {
    response.end(request.url.slice(7).replace("?x=", " "));
  };`,
  Hono: `
    import { Hono } from ${JSON.stringify(import.meta.resolve("hono"))};
    export const app = new Hono();
    app.get("/hello/:name", (c) => c.text(c.req.param("name") + " " + c.req.query("x")));
  `,
  "itty-router": `
    import { AutoRouter } from ${JSON.stringify(import.meta.resolve("itty-router"))};
    const router = AutoRouter();
    router.get("/hello/:name", ({ params, query }) => new Response(params.name + " " + query.x));
    export default router;
  `,
  "export default { fetch }": `export default {
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      return new Response(pathname.slice(7) + " " + searchParams.get("x"));
    },
  };`,
  "a fetch handler": `export default async function (request) {
    const { pathname, searchParams } = new URL(request.url);
    return new Response(pathname.slice(7) + " " + searchParams.get("x"));
  }`,
  "a fetch handler, (request, context)": `export default async (request, _context) => {
    const { pathname, searchParams } = new URL(request.url);
    return new Response(pathname.slice(7) + " " + searchParams.get("x"));
  };`,
  "a fetch handler that looks at nothing": `export default () => new Response("Ann 1");`,
  "a gateway application that takes what comes": `
    const inner = (environ, startResponse) => (startResponse("200 OK", []), ["Ann 1"]);
    export default (...all) => inner(...all);
  `,
};

function moduleIn(stand: Stand, source: string): string {
  return stand.module(source.includes("module.exports") ? "app.cjs" : "app.mjs", source);
}

describe("a module that exports", () => {
  test.each(Object.entries(modules))("%s answers", async (_shape, source) => {
    const stand = await Stand.make();
    const application = await loadApplication(moduleIn(stand, source), stand.folder);
    const response = await call(application, "/hello/Ann?x=1");
    expect([response.status, response.text]).toEqual([200, "Ann 1"]);
    expect(response.errors).toBe("");
  });

  // The members by which each is known, and what its documentation says of them.
  test.each([
    ["Polka: handler(req, res)", "{ use() {}, listen() {}, handler: (req, res) => { res.end('reached'); } }"],
    ["Restify: server", "{ use() {}, listen() {}, close() {}, address() {}, on() {}, server }"],
    [
      "Nest on Express: init(), getHttpAdapter()",
      "nest(Object.assign(listener, { handle() {}, use() {}, listen() {} }))",
    ],
    ["Nest on Fastify", "nest({ inject() {}, route() {}, async ready() {}, routing: listener })"],
  ])("%s is served", async (_name, value) => {
    const stand = await Stand.make();
    const source = `
      import { createServer } from "node:http";
      let isReady = false;
      const listener = (req, res) => { res.end(isReady ? "reached" : "too early"); };
      const server = createServer((req, res) => { res.end("reached"); });
      const nest = (instance) => ({
        async init() { isReady = true; },
        getHttpAdapter: () => ({ getInstance: () => instance }),
        async close() {},
      });
      export default ${value};
    `;
    const application = await loadApplication(moduleIn(stand, source), stand.folder);
    expect((await call(application, "/")).text).toBe("reached");
  });

  test("a function that makes an application makes one, which is closed", async () => {
    const stand = await Stand.make();
    const source = `
      let count = 0;
      export default async () => {
        const text = String(++count);
        await null;
        const routing = (req, res) => { res.end(text); };
        return { inject() {}, route() {}, async ready() {}, routing, async close() { globalThis.closedByTest = text; } };
      };
    `;
    const application = await loadApplication(moduleIn(stand, source), stand.folder);
    const answers = await Promise.all(["/a", "/b", "/c"].map((path) => call(application, path)));
    expect(answers.map(({ text }) => text)).toEqual(["1", "1", "1"]);
    await closeApplication(application);
    expect((globalThis as { closedByTest?: string }).closedByTest).toBe("1");
  });

  test("a function that makes an application makes one, also where it has failed before", async () => {
    const source = `
      let count = 0;
      export default async () => {
        const number = ++count;
        await null;
        if (number === 1) throw new Error("no database yet");
        return { fetch: () => new Response(String(count)) };
      };
    `;
    const stand = await Stand.make();
    const application = await loadApplication(moduleIn(stand, source), stand.folder);
    const answers = await Promise.all(["/a", "/b", "/c"].map((path) => call(application, path)));
    expect(answers.map(({ status, text }) => (status === 200 ? text : status))).toEqual([500, "2", "2"]);
    expect(answers[0]?.errors).toContain("no database yet");
  });

  test("a function whose application cannot be made ready says why", async () => {
    const source = `
      export default () => ({ inject() {}, route() {}, routing() {}, async ready() { throw new Error("no plug-in"); } });
    `;
    const stand = await Stand.make();
    const response = await call(await loadApplication(moduleIn(stand, source), stand.folder), "/");
    expect([response.status, response.errors]).toEqual([500, expect.stringContaining("no plug-in")]);
  });

  test("a function with options of its own makes an application of those", async () => {
    const source = `export default function build(options = { name: "Ann" }, number = 1) {
      return { fetch: () => new Response(options.name + " " + number) };
    }`;
    const stand = await Stand.make();
    const application = await loadApplication(moduleIn(stand, source), stand.folder);
    expect((await call(application, "/")).text).toBe("Ann 1");
  });

  test("a function that takes what comes lets no request wait for another", async () => {
    const source = `
      const inner = async ({ PATH_INFO }, startResponse) => {
        if (PATH_INFO === "/slow") await new Promise(() => {});
        startResponse("200 OK", []);
        return [PATH_INFO];
      };
      export default (...all) => inner(...all);
    `;
    const stand = await Stand.make();
    const application = await loadApplication(moduleIn(stand, source), stand.folder);
    void call(application, "/slow");
    expect((await call(application, "/fast")).text).toBe("/fast");
  });

  test("a function that has not yet made its application has nothing to close", async () => {
    const source = "export default () => new Promise(() => {});";
    const stand = await Stand.make();
    const application = await loadApplication(moduleIn(stand, source), stand.folder);
    void call(application, "/");
    await closeApplication(application);
  });

  test.each([
    ["gateway", "export default (req, res) => { res('200 OK', []); return [req.REQUEST_METHOD]; };"],
    ["node", "export default (a, b) => { b.end(a.method); };"],
    ["fetch", "export default (a, b, c) => new Response(a.method);"],
  ] as const)("a function of unusual parameters is what --shape %s says", async (shape, source) => {
    const stand = await Stand.make();
    const application = await loadApplication(moduleIn(stand, source), stand.folder, { shape });
    expect((await call(application, "/")).text).toBe("GET");
  });

  test("what --shape names must be that", async () => {
    const stand = await Stand.make();
    const module = moduleIn(stand, "export default { fetch: () => new Response() };");
    await expect(loadApplication(module, stand.folder, { shape: "gateway" })).rejects.toMatchObject({
      code: "NO_APPLICATION",
    });
  });
});

const ways: readonly (readonly [keyof typeof modules, ListeningProtocol, workers: string])[] = [
  ["Express 5", "fcgi", "single"],
  ["Express 5", "fcgi", "prefork"],
  ["Express 5", "scgi", "threads"],
  ["Express 4, of CommonJS", "ajp", "single"],
  ["Koa", "uwsgi", "prefork"],
  ["Fastify", "fcgi", "threads"],
  ["Fastify", "http", "single"],
  ["Hono", "fcgi", "prefork"],
  ["Hono", "scgi", "single"],
  ["export default { fetch }", "ajp", "threads"],
];

describe.each(ways)("postern serve: %s by %s and %s", (shape, protocol, workers) => {
  test("answers, and leaves nothing", async () => {
    const stand = await Stand.make();
    const path = join(stand.folder, "app.sock");
    const where = ["--protocol", protocol, "--listen", path, "--workers", workers];
    const child = stand.postern("serve", moduleIn(stand, modules[shape]), ...where);
    await untilListening(path);
    expect(await ask(protocol, { path }, "/hello/Ann?x=1")).toMatchObject({ status: "200", body: "Ann 1" });
    // It heeds signals by then; a child of a pool answers a little earlier.
    const hasName = () => stand.processes().some(({ command }) => /^postern: (master )?app/.test(command));
    await until("it has its name", hasName);
    expect(await child.stop("SIGTERM")).toBe(0);
    expect(await stand.remains()).toEqual([]);
  });
});

test("postern serve tells Fastify in each process that it ends, when the last request is over", async () => {
  const stand = await Stand.make();
  const log = join(stand.folder, "log");
  const module = stand.module(
    "app.mjs",
    `import { appendFileSync } from "node:fs";
    import { setTimeout } from "node:timers/promises";
    import Fastify from ${url("fastify")};
    const say = (what) => appendFileSync(${JSON.stringify(log)}, what + "\\n");
    export const app = Fastify();
    app.addHook("onClose", async () => { await setTimeout(20); say("closed"); });
    app.get("/", async () => { say("asked"); await setTimeout(300); say("answered"); return "Ann"; });`,
  );
  const path = join(stand.folder, "app.sock");
  const child = stand.postern(
    "serve",
    module,
    "--protocol",
    "scgi",
    "--listen",
    path,
    "--workers",
    "prefork",
  );
  await untilListening(path);
  const answer = ask("scgi", { path }, "/");
  // It heeds signals by then.
  const hasName = () => stand.processes().some(({ command }) => command.startsWith("postern: master app"));
  await until("it has its name", hasName);
  const lines = () => (existsSync(log) ? readFileSync(log, "utf8").split("\n") : []);
  await until("it is asked", () => lines().includes("asked"));
  expect(await child.stop("SIGTERM")).toBe(0);
  expect(await answer).toMatchObject({ status: "200", body: "Ann" });
  const said = lines();
  expect(said.indexOf("closed")).toBeGreaterThan(said.indexOf("asked"));
  expect(said.lastIndexOf("closed")).toBeGreaterThan(said.indexOf("answered"));
  expect(said.filter((line) => line === "closed").length).toBeGreaterThanOrEqual(2);
  expect(await stand.remains()).toEqual([]);
});

describe.skipIf(lighttpd === undefined)("two lines and nothing else", () => {
  test.each([
    ["Express 5", "as a CGI script"],
    ["Hono", "as a CGI script"],
    ["Express 5", "spawned through bin-path"],
    ["Koa", "spawned through bin-path"],
  ] as const)("%s %s", async (shape, how) => {
    const stand = await Stand.make();
    const module = moduleIn(stand, modules[shape]);
    const script = stand.module("site.cgi", `#!/bin/sh\nexec ${process.execPath} ${cli} serve ${module}\n`);
    chmodSync(script, 0o755);
    const front = await startLighttpd(
      how === "as a CGI script" ? cgi(script, "/") : spawned([script], stand.folder, "/"),
    );
    onTestFinished(front.stop);
    const response = await fetch(front.url("/hello/Ann?x=1"));
    expect([response.status, await response.text()], front.log()).toEqual([200, "Ann 1"]);
  });
});
