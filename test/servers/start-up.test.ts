// What a CGI script loads at every request: each file here is read, compiled and run before anything is answered.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { temporaryFolder } from "../support/folder.ts";

/** Runs a module as a CGI script, and lists the files of postern and its packages that it loaded. */
async function loaded(source: string): Promise<{ modules: string[]; answer: string }> {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const coverage = join(folder.path, "coverage");
  mkdirSync(coverage);
  const script = join(folder.path, "script.mjs");
  writeFileSync(script, source);
  const child = new Child(process.execPath, [script], {
    env: { GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET", PATH_INFO: "/", NODE_V8_COVERAGE: coverage },
  });
  expect(await child.ended, child.output).toBe(0);
  // V8's coverage names each file that was loaded.
  const urls = readdirSync(coverage).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), "utf8")) as {
      result: { url: string }[];
    };
    return result.map(({ url }) => url);
  });
  const files = urls.filter((url) => url.startsWith("file:") && !url.endsWith("/script.mjs"));
  const modules = files.map((url) => url.replace(/^.*\/(?:dist|node_modules)\//, "")).sort();
  return { modules, answer: child.stdout };
}

test("the gateway interface alone loads these files", async () => {
  const { modules, answer } = await loaded(`
    import { WSGIServer } from ${JSON.stringify(compiled("faces/cgi.ts"))};
    await new WSGIServer((environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return ["Hello"];
    }).run();
  `);
  expect(answer).toMatch(/\r\n\r\nHello$/);
  expect(modules).toEqual([
    "errors.js",
    "faces/cgi.js",
    "gateway/duration.js",
    "gateway/early-head.js",
    "gateway/environ.js",
    "gateway/file-body.js",
    "gateway/head.js",
    "gateway/log.js",
    "gateway/path.js",
    "gateway/plain-environ.js",
    "gateway/repair.js",
    "gateway/respond.js",
    "gateway/signal.js",
    "gateway/stack.js",
    "gateway/variables.js",
    "protocols/cgi/response-head.js",
    "servers/cgi.js",
    "servers/descriptor.js",
    "servers/limit.js",
  ]);
});

test("a framework's hello loads nothing for what it does not use", async () => {
  const { modules, answer } = await loaded(`
    import { application } from ${JSON.stringify(compiled("index.ts"))};
    application([["/", () => "Hello"]]).run(import.meta);
  `);
  expect(answer).toMatch(/\r\n\r\nHello$/);
  // Another file for every hello needs a reason.
  expect(modules.length, modules.join("\n")).toBeLessThanOrEqual(80);
  expect(
    modules.filter((name) =>
      /^framework\/(?:sessions|forms|multipart|upload|spool|file\.|template-)/.test(name),
    ),
  ).toEqual(["framework/template-result.js"]);
  expect(
    modules.filter((name) => /^(?:servers|workers|middleware|testing|clients|bridges)\//.test(name)),
  ).toEqual([
    "servers/cgi.js",
    "servers/descriptor.js",
    "servers/limit.js",
    "workers/assignment.js",
    "workers/threads/identity.js",
  ]);
  // No package of others.
  expect(
    modules.filter(
      (name) => !/^(?:framework|gateway|servers|workers|faces|protocols)\/|^[\w-]+\.js$/.test(name),
    ),
  ).toEqual([]);
});
