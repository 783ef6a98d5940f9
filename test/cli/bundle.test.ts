// `postern bundle`: scripts that real web servers start, and what becomes of them when something around them is wrong.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { apache, startApache } from "../support/apache.ts";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import { installPackages } from "../support/installation.ts";
import { cgi, lighttpd, spawned, startLighttpd } from "../support/lighttpd.ts";
import { ordinaryUser } from "../support/ordinary-user.ts";
import { cli, root } from "../support/postern.ts";

const site = `import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { application, templates, type Web } from "postern";
import { greeting } from "./greeting.js";

const render = templates(new URL("templates/", import.meta.url));
const manifest = readFile(new URL("package.json", import.meta.url), "utf8").catch(String);
/** Made when it is first written to: nobody misses it. */
export const data = new URL("data/", import.meta.url);

class Page {
  async GET(web: Web): Promise<unknown> {
    const { name } = await web.input({ name: "Zoë" });
    return render("page", { greeting, name });
  }
  POST() {
    return String(randomBytes(4).length) + /a*/.source + "*/*";
  }
}

class Broken {
  GET(): never {
    throw new Error("on purpose");
  }
}

class Loaded {
  async GET() {
    const [name] = await readdir(new URL("templates/", import.meta.url));
    const text = await readFile(new URL("templates/" + name, import.meta.url), "utf8");
    return [name, text, await manifest, ...process.moduleLoadList];
  }
}

class Lost {
  GET() {
    return readFile("/nowhere/at all").catch(({ name, code, message }) => [name, code, message].join());
  }
}

class Named {
  async GET() {
    try {
      return await render("nowhere");
    } catch ({ name, code, stack }) {
      return [name, code, stack.split(":", 1)].join();
    }
  }
}

export const app = application([
  ["/", Page],
  ["/broken", Broken],
  ["/loaded", Loaded],
  ["/lost", Lost],
  ["/named", Named],
]);
app.run(import.meta);
`;

let folder: TemporaryFolder;
let project: string;
/** In a folder with a blank in its name, below the project. */
let script: string;

beforeAll(async () => {
  // Fails where dist is older than lib.
  compiled("cli/bundle.ts");
  folder = temporaryFolder();
  chmodSync(folder.path, 0o755);
  project = join(folder.path, "my site");
  mkdirSync(join(project, "templates"), { recursive: true });
  mkdirSync(join(project, "node_modules"));
  symlinkSync(root, join(project, "node_modules/postern"));
  for (const name of ["express", "hono"]) {
    symlinkSync(join(root, "test/node_modules", name), join(project, "node_modules", name));
  }
  // What nobody imports may go, says this package, and nobody imports what an application exports.
  file("package.json", '{ "type": "module", "sideEffects": false }');
  file("templates/page.mustache", "<p>{{greeting}}, {{name}}!</p>");
  file("greeting.ts", 'export const greeting: string = "Hello";\n');
  file("app.ts", site);
  script = join(project, "cgi-bin/app.cgi");
  const output = await bundle("app.ts", "--warm-up", "/");
  expect(output).toMatch(/^cgi-bin\/app\.cgi: \d+ kB\nGET \/: 200 OK\ncgi-bin\/app\.cgi\.cache: \d+ kB\n$/);
}, 60_000);

afterAll(() => folder?.remove());

function file(name: string, text: string): string {
  const path = join(project, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** What `postern bundle` prints; it must not fail. */
async function bundle(...args: string[]): Promise<string> {
  const child = new Child(process.execPath, [cli, "bundle", ...args], { cwd: project });
  expect(await child.ended, child.output).toBe(0);
  return child.output;
}

/** Starts a script as a web server would, from another folder. */
function request(path = "/", env: NodeJS.ProcessEnv = {}, at = script, flags: readonly string[] = []): Child {
  return new Child(process.execPath, [...flags, at], {
    cwd: "/",
    env: {
      PATH: process.env["PATH"],
      GATEWAY_INTERFACE: "CGI/1.1",
      REQUEST_METHOD: "GET",
      PATH_INFO: path,
      ...env,
    },
  });
}

async function answer(child: Child): Promise<string> {
  await child.ended;
  return child.stdout;
}

const cacheOf = (path: string): string => `${path}.cache`;

describe.skipIf(lighttpd === undefined)("behind lighttpd", () => {
  test("a bundle answers as a CGI script", async () => {
    const front = await startLighttpd(cgi(script, "/app"));
    onTestFinished(front.stop);
    expect(await (await fetch(front.url("/app/?name=Ada"))).text()).toBe("<p>Hello, Ada!</p>");
    const posted = await fetch(front.url("/app/"), { method: "POST", headers: { Origin: front.url("") } });
    expect(await posted.text()).toBe("4a**/*");
    expect((await fetch(front.url("/app/broken"))).status).toBe(500);
  });

  test("the same bundle answers over FastCGI when it is spawned", async () => {
    const place = temporaryFolder();
    const front = await startLighttpd(spawned([script], place.path, "/"));
    onTestFinished(async () => {
      await front.stop();
      place.remove();
    });
    for (const name of ["Ada", "Bob"]) {
      expect(await (await fetch(front.url(`/?name=${name}`))).text()).toBe(`<p>Hello, ${name}!</p>`);
    }
  });

  test.each([
    [
      "Express",
      "express.js",
      `import express from "express";
       const app = express();
       app.use(express.urlencoded());
       app.get("/hello/:name", (req, res) => res.json({ hello: req.params.name }));
       app.post("/hello", (req, res) => res.status(201).json(req.body));
       export default app;`,
    ],
    [
      "Hono",
      "hono.js",
      `import { Hono } from "hono";
       export const app = new Hono();
       app.get("/hello/:name", (c) => c.json({ hello: c.req.param("name") }));
       app.post("/hello", async (c) => c.json(await c.req.parseBody(), 201));`,
    ],
    [
      "Express in CommonJS",
      "express.cjs",
      `const express = require("express");
       const app = express();
       app.use(express.urlencoded());
       app.get("/hello/:name", (req, res) => res.json({ hello: req.params.name }));
       app.post("/hello", (req, res) => res.status(201).json(req.body));
       module.exports = app;`,
    ],
  ])("%s that only exports its application", async (_name, module, text) => {
    file(module, text);
    const out = join(project, "cgi-bin", `${module}.cgi`);
    await bundle(module, "--out", out, "--warm-up", "/hello/Ada");
    const front = await startLighttpd(cgi(out, "/"));
    onTestFinished(front.stop);
    expect(await (await fetch(front.url("/hello/Ada"))).json()).toEqual({ hello: "Ada" });
    const posted = await fetch(front.url("/hello"), {
      method: "POST",
      body: new URLSearchParams({ a: "1" }),
    });
    expect([posted.status, await posted.json()]).toEqual([201, { a: "1" }]);
  });
});

describe.skipIf(apache === undefined)("behind Apache", () => {
  test("another user who may not write beside it runs it, and uses the code cache", async () => {
    const out = join(folder.path, "cgi-bin/site.cgi");
    await bundle("app.ts", "--out", out);
    const before = readdirSync(dirname(out)).sort();
    const server = await startApache(
      `
        ScriptAlias / "${out}/"
        SetEnv PATH ${dirname(process.execPath)}:/usr/bin:/bin
        SetEnv POSTERN_CODE_CACHE write
        <Directory ${dirname(out)}>
          Require all granted
        </Directory>
      `,
      ["cgid"],
    );
    onTestFinished(server.stop);
    expect(await (await fetch(server.url("/?name=Ada"))).text()).toBe("<p>Hello, Ada!</p>");
    if (process.getuid?.() === 0) expect(readdirSync(dirname(out)).sort()).toEqual(before);
    expect(server.log()).not.toMatch(/\[cgid?:error\]/);
  });
});

describe("the code cache", () => {
  /** A change to a good cache, after which it is not used. */
  test.each<[string, (path: string, bytes: Buffer) => void]>([
    ["is cut", (path) => truncateSync(path, 1_000)],
    ["is empty", (path) => truncateSync(path, 0)],
    ["is of other code", (path, bytes) => writeFileSync(path, replaced(bytes, -40))],
    ["is of another Node", (path, bytes) => writeFileSync(path, replaced(bytes, -8))],
    ["has a changed byte", (path, bytes) => writeFileSync(path, replaced(bytes, -(bytes.length * 3) >> 2))],
    ["was copied as text", (path, bytes) => writeFileSync(path, asText(bytes))],
    ["can be written by everybody", (path) => chmodSync(path, 0o666)],
    [
      "is a link",
      (path) => {
        renameSync(path, join(folder.path, "moved"));
        symlinkSync(join(folder.path, "moved"), path);
      },
    ],
    [
      "is a pipe",
      (path) => {
        rmFile(path);
        execFileSync("mkfifo", ["-m", "644", path]);
      },
    ],
    [
      "is a folder",
      (path) => {
        rmFile(path);
        mkdirSync(path);
      },
    ],
  ])("that %s is not used, and made anew where it can be", async (name, spoil) => {
    const path = learned(cacheOf(script));
    spoil(path, readFileSync(path));
    const { ino } = lstatSync(path);
    expect(await answer(request())).toContain("<p>Hello, Zoë!</p>");
    if (name === "is a folder") rmFile(path);
    else expect(lstatSync(path).ino).not.toBe(ino);
    expect(await answer(request("/", { POSTERN_CODE_CACHE: "write" }))).toContain("<p>Hello, Zoë!</p>");
    expect(readdirSync(dirname(script)).filter((entry) => entry.startsWith("app.cgi.cache"))).toEqual([
      "app.cgi.cache",
    ]);
    expect(readFileSync(path).length).toBeGreaterThan(50_000);
  });

  test("that has learned enough is kept", async () => {
    const path = learned(cacheOf(script));
    const { ino } = lstatSync(path);
    expect(await answer(request())).toContain("<p>Hello, Zoë!</p>");
    expect(lstatSync(path).ino).toBe(ino);
  });

  test("is not even made where it cannot be put", async () => {
    const spy = file(
      "spy.cjs",
      `require("node:vm").Script.prototype.createCachedData = () => process.stderr.write("made");`,
    );
    const bare = join(dirname(script), "bare.cgi");
    writeFileSync(bare, readFileSync(script, "utf8").replace("app.cgi.cache", "nowhere/cache"));
    const flags = ["--require", spy];
    const [here, nowhere] = [
      request("/", { POSTERN_CODE_CACHE: "write" }, script, flags),
      request("/", { POSTERN_CODE_CACHE: "write" }, bare, flags),
    ];
    for (const child of [here, nowhere]) expect(await answer(child)).toContain("<p>Hello, Zoë!</p>");
    expect([here.stderr, nowhere.stderr]).toEqual(["made", ""]);
  });

  test("that V8 refuses, as with other flags, is made anew", async () => {
    const before = readFileSync(cacheOf(script));
    expect(await answer(request("/", {}, script, ["--no-opt"]))).toContain("<p>Hello, Zoë!</p>");
    expect(readFileSync(cacheOf(script)).equals(before)).toBe(false);
    await answer(request("/", { POSTERN_CODE_CACHE: "write" }));
  });

  test("is made by the first of many requests at once, and nothing else is left", async () => {
    rmFile(cacheOf(script));
    const children = Array.from({ length: 6 }, () => request());
    for (const child of children) expect(await answer(child)).toContain("<p>Hello, Zoë!</p>");
    expect(readdirSync(dirname(script)).filter((name) => name.startsWith("app.cgi"))).toEqual([
      "app.cgi",
      "app.cgi.cache",
      "app.cgi.map",
      "app.cgi.servers",
    ]);
  });

  test("holds what a request needs: one that does the same compiles nothing again", async () => {
    await answer(request("/", { POSTERN_CODE_CACHE: "write" }));
    const size = readFileSync(cacheOf(script)).length;
    await answer(request("/", { POSTERN_CODE_CACHE: "write" }));
    expect(readFileSync(cacheOf(script)).length).toBeLessThan(size * 1.02);
    await answer(request("/broken", { POSTERN_CODE_CACHE: "write" }));
    expect(readFileSync(cacheOf(script)).length).toBeGreaterThan(size);
  });

  test.skipIf(process.getuid?.() !== 0)("of another user than the script's is not used", async () => {
    const path = learned(cacheOf(script));
    const nobody = ordinaryUser(path);
    expect(nobody).not.toEqual([]);
    const { ino } = lstatSync(path);
    expect(await answer(request())).toContain("<p>Hello, Zoë!</p>");
    expect(lstatSync(path).ino).not.toBe(ino);
  });
});

describe("templates as they were parsed", () => {
  /** Changes both halves of a cache alike, as only somebody may who could have changed the script. */
  const changeKept = (from: string, to: string) => {
    const text = readFileSync(cacheOf(script), "latin1");
    expect(text.split(from)).toHaveLength(3);
    writeFileSync(cacheOf(script), text.replaceAll(from, to), "latin1");
  };
  const page = "templates/page.mustache";
  const text = "<p>{{greeting}}, {{name}}!</p>";

  test("are used from the code cache, but for a template that has changed", async () => {
    onTestFinished(async () => {
      file(page, text);
      rmFile(cacheOf(script));
      await answer(request("/", { POSTERN_CODE_CACHE: "write" }));
    });
    await answer(request("/", { POSTERN_CODE_CACHE: "write" }));
    changeKept('"!</p>"', '"?</p>"');
    expect(await answer(request("/", { POSTERN_CODE_CACHE: "keep" }))).toContain("<p>Hello, Zoë?</p>");
    file(page, `<h1>ü</h1>${text}`);
    for (const cache of ["keep", "write", "write", "keep"])
      expect(await answer(request("/", { POSTERN_CODE_CACHE: cache }))).toContain(
        "<h1>ü</h1><p>Hello, Zoë!</p>",
      );
    file(page, text);
    expect(await answer(request("/", { POSTERN_CODE_CACHE: "keep" }))).toContain("<p>Hello, Zoë?</p>");
  });

  test("are learnt long after the functions are", async () => {
    onTestFinished(async () => {
      file(page, text);
      rmFile(cacheOf(script));
      await answer(request("/", { POSTERN_CODE_CACHE: "write" }));
    });
    const always = file("always.cjs", "Math.random = () => 0;");
    for (let time = 0; time < 10; time++) await answer(request("/", { POSTERN_CODE_CACHE: "write" }));
    const { ino } = lstatSync(cacheOf(script));
    await answer(request("/", {}, script, ["--require", always]));
    expect(lstatSync(cacheOf(script)).ino).toBe(ino);
    file(page, `${text}<hr>`);
    await answer(request("/", {}, script, ["--require", always]));
    expect(lstatSync(cacheOf(script)).ino).not.toBe(ino);
    expect(readFileSync(cacheOf(script), "latin1")).toContain('"!</p><hr>"');
  });
});

test("Node's own modules wait until something of them is used", async () => {
  const loaded = await answer(request("/loaded"));
  expect(loaded).toContain("NativeModule fs");
  // Asked without what it takes long to load.
  expect(loaded).toContain('["page.mustache","<p>{{greeting}}, {{name}}!</p>","{ \\"type\\": \\"module\\",');
  for (const name of ["crypto", "stream", "fs/promises"])
    expect(loaded).not.toContain(`"NativeModule ${name}"`);
});

test("a file that is not there is said in the words of node:fs/promises", async () => {
  expect(await answer(request("/lost"))).toMatch(
    /\r\n\r\nError,ENOENT,ENOENT: no such file or directory, open '\/nowhere\/at all'$/,
  );
});

test("postern's own errors keep their names", async () => {
  expect(await answer(request("/named"))).toMatch(/\r\n\r\nTemplateError,TEMPLATE_MISSING,TemplateError$/);
});

test("those that are functions can be called and extended, and all can be changed", async () => {
  file(
    "functions.js",
    `import assert from "node:assert";
     import fs from "node:fs/promises";
     import https from "node:https";
     import Stream from "node:stream";
     import { application } from "postern";
     import { run } from "postern/server";
     class Own extends Stream {}
     assert(new Own() instanceof Own);
     const agent = new https.Agent();
     https.globalAgent = agent;
     fs.readFile = async () => "changed";
     export const app = application([
       ["/", async () => [new Own() instanceof Stream, https.globalAgent === agent, await fs.readFile("/")].join()],
     ]);
     run(app);`,
  );
  const out = join(project, "cgi-bin/functions.cgi");
  await bundle("functions.js", "--out", out, "--no-warm-up");
  // Answered once, though it exports what it serves.
  expect((await answer(request("/", {}, out))).split("\r\n\r\n")).toEqual([
    expect.stringContaining("Status: 200"),
    "true,true,changed",
  ]);
});

test("a module that only speaks of a server has its application served", async () => {
  file(
    "speaks.ts",
    `import { application } from "postern";
     import type { ServeOptions } from "postern/server";
     // Or: app.run(import.meta)
     export const options: ServeOptions = {};
     export const app = application([["/", () => "served"]]);`,
  );
  const out = join(project, "cgi-bin/speaks.cgi");
  await bundle("speaks.ts", "--out", out, "--no-warm-up");
  expect(await answer(request("/", {}, out))).toMatch(/\r\n\r\nserved$/);
});

test("a bundle serves in processes and in threads of its own", async () => {
  file(
    "workers.ts",
    `import { threadId } from "node:worker_threads";
     import { application } from "postern";
     const app = application([["/", () => [process.ppid, process.pid, threadId].join()]]);
     app.run(import.meta, {
       protocol: "http",
       bindAddress: "127.0.0.1:0",
       workers: process.env.WORKERS as "prefork" | "threads",
       maxChildren: 1,
       maxThreads: 1,
     });`,
  );
  const out = join(project, "cgi-bin/workers.cgi");
  await bundle("workers.ts", "--out", out, "--no-warm-up");
  const answers = ["prefork", "threads"].map(async (workers) => {
    const child = new Child(process.execPath, [out], { env: { ...process.env, WORKERS: workers } });
    onTestFinished(async () => void (await child.stop()));
    const [url = ""] = await child.printed(/http:\S+/);
    const ids = (await (await fetch(url)).text()).split(",").map(Number);
    return { pid: child.pid, ids };
  });
  const [prefork, threads] = await Promise.all(answers);
  expect(prefork?.ids).toEqual([prefork?.pid, expect.any(Number), 0]);
  expect(threads?.ids).toEqual([process.pid, threads?.pid, 1]);
});

describe("servers that listen stand in a file of their own", () => {
  const listening = (at: string) => {
    const env = { PATH: process.env["PATH"], HOST: "127.0.0.1", PORT: "0", POSTERN_SERVER: "http" };
    const child = new Child(process.execPath, ["--stack-trace-limit=20", at], { env });
    onTestFinished(async () => void (await child.stop()));
    return child;
  };
  const alone = (name: string): string => {
    const copy = join(folder.path, name, "app.cgi");
    mkdirSync(dirname(copy));
    writeFileSync(copy, readFileSync(script));
    writeFileSync(`${copy}.servers`, readFileSync(`${script}.servers`));
    return copy;
  };

  test("from which they serve, and traces name their sources", async () => {
    const child = listening(script);
    const [url] = await child.printed(/http:\S+/);
    expect((await fetch(`${url}broken`)).status).toBe(500);
    await child.printed(/on purpose/);
    await child.stop();
    const frames = [...child.stderr.matchAll(/^ {4}at (?:.+ \()?(\/.+):(\d+):(\d+)\)?$/gm)];
    const calls = frames.map(([, path = "", line = 0, column = 0]) => {
      const text = readFileSync(path, "utf8")
        .split("\n")
        [Number(line) - 1]?.slice(Number(column) - 1);
      return `${path.replace(/.*\//, "")}: ${/^[\w.#? ]+\(/.exec(text ?? "")?.[0]}`;
    });
    expect(calls[0]).toBe("app.ts: new Error(");
    // What calls the application is in the script, what calls that in the other file.
    expect(calls).toEqual(expect.arrayContaining(["respond.ts: run(", "http.ts: runRequest("]));
  });

  test("which a script does not need that answers as a CGI script", async () => {
    const copy = alone("cgi alone");
    rmFile(`${copy}.servers`);
    expect(await answer(request("/lost", {}, copy))).toContain("ENOENT");
    const child = listening(copy);
    expect(await child.ended).toBe(1);
    expect(child.stderr).toContain(
      `${copy}.servers is not there: it has all servers but that for CGI, so copy it along with the script`,
    );
  });

  test("which is not taken for that of another bundle", async () => {
    const copy = alone("changed");
    const text = readFileSync(`${copy}.servers`, "latin1");
    writeFileSync(`${copy}.servers`, text.replace("this", "thus"), "latin1");
    const child = listening(copy);
    expect(await child.ended).toBe(1);
    expect(child.stderr).toContain(`${copy}.servers does not belong to ${copy}: `);
  });

  test("which is removed where a script has none any more", async () => {
    file(
      "face.ts",
      'import { application } from "postern";\napplication([["/", () => "face"]]).run(import.meta);',
    );
    const out = join(project, "cgi-bin/face.cgi");
    await bundle("face.ts", "--out", out, "--no-warm-up");
    expect(existsSync(`${out}.servers`)).toBe(true);
    file(
      "face.ts",
      `import { WSGIServer } from "postern/server/cgi";
       new WSGIServer((environ, startResponse) => {
         startResponse("200 OK", []);
         return ["face"];
       }).run();`,
    );
    await bundle("face.ts", "--out", out, "--no-warm-up");
    expect(await answer(request("/", {}, out))).toMatch(/\r\n\r\nface$/);
    expect(existsSync(`${out}.servers`)).toBe(false);
  });
});

test("modules that only import() leads to wait for it in functions of their own, and each module is one", async () => {
  file(
    "lazy/shared.ts",
    `import { log } from "./log.js";
     log.push("shared");
     export const shared = { count: 0 };`,
  );
  file("lazy/log.ts", "export const log: string[] = [];");
  file(
    "lazy/both.ts",
    `import { log } from "./log.js";
     import { shared } from "./shared.js";
     log.push("both");
     export class Both { count = ++shared.count; }`,
  );
  file(
    "lazy/late.ts",
    `import { log } from "./log.js";
     import * as both from "./both.js";
     import { inner } from "./inner.js";
     import common from "./common.cjs";
     log.push("late");
     export default function late() { return inner() + common.name; }
     export async function later() {
       const { deep } = await import("./deep.js");
       return deep();
     }
     export { both };
     export const page = \`
// lazy/never.ts
var shown = 1;
\`;
     export function fails(): never {
       throw new Error("late and on purpose");
     }`,
  );
  file(
    "lazy/inner.ts",
    `import { log } from "./log.js";
     import late from "./late.js";
     log.push("inner");
     export const inner = () => typeof late;`,
  );
  file("lazy/common.cjs", 'exports.name = " of common";');
  file("lazy/plain.cjs", 'exports.plain = require("./common.cjs").name;');
  file(
    "lazy/deep.ts",
    `import { log } from "./log.js";
     import { Both } from "./both.js";
     import { inner } from "./inner.js";
     log.push("deep");
     export const deep = () => [new Both().count, inner()];`,
  );
  file("lazy/never.ts", "export function functionOfNever() { return 1; }");
  file(
    "lazy.ts",
    `import { log } from "./lazy/log.js";
     import { application } from "postern";
     import { Both } from "./lazy/both.js";
     log.push("main");
     export const app = application([
       ["/", async () => {
         const before = log.join();
         const [first, again] = await Promise.all([import("./lazy/late.js"), import("./lazy/late.js")]);
         const { plain } = await import("./lazy/plain.cjs");
         return {
           before, after: log.join(), same: first.default === again.default, both: first.both.Both === Both,
           said: first.default(), deep: await first.later(), count: new Both().count, plain, page: first.page,
           keys: Object.keys(first).sort().join(), log: log.join(),
         };
       }],
       ["/fails", async () => (await import("./lazy/late.js")).fails()],
       ["/never", async () => (await import("./lazy/never.js")).functionOfNever()],
     ]);`,
  );
  const out = join(project, "cgi-bin/lazy.cgi");
  await bundle("lazy.ts", "--out", out, "--no-minify");
  const [, body = ""] = (await answer(request("/", {}, out))).split("\r\n\r\n");
  expect(JSON.parse(body)).toEqual({
    before: "shared,both,main",
    after: "shared,both,main,inner,late",
    same: true,
    both: true,
    said: "function of common",
    deep: [1, "function"],
    count: 2,
    plain: " of common",
    page: "\n// lazy/never.ts\nvar shown = 1;\n",
    keys: "both,default,fails,later,page",
    log: "shared,both,main,inner,late,deep",
  });
  // What nobody has asked for is not in the cache.
  const kept = readFileSync(cacheOf(out), "latin1");
  expect([kept.includes("later"), kept.includes("functionOfNever")]).toEqual([true, false]);
  expect(await answer(request("/never", {}, out))).toMatch(/\r\n\r\n1$/);
  const failed = request("/fails", {}, out);
  expect(await answer(failed)).toContain("500 Internal Server Error");
  expect(failed.stderr).toContain(`${project}/lazy/late.ts:17:14)`);
});

test("import() of what is not in the script works from the code cache too, and whoever waits for the end is heard", async () => {
  file("node_modules/outer/package.json", '{ "name": "outer", "type": "module", "main": "outer.js" }');
  file("node_modules/outer/outer.js", "export const outer = 42;");
  file(
    "outer.ts",
    `class Shop { import(goods: string) { return goods; } }
     process.on("beforeExit", () => console.error("nothing is left"));
     export default async (environ, startResponse) => {
       const { outer } = await import("outer");
       const name = "node:os";
       const { EOL } = await import(name);
       startResponse("200 OK", [["Content-Type", "text/plain"]]);
       return [outer + EOL, "await import('outer')", new Shop().import(" of method"), " $load$ $____0"];
     };`,
  );
  const out = join(project, "cgi-bin/outer.cgi");
  await bundle("outer.ts", "--out", out, "--external", "outer");
  for (const cache of ["write", "keep"]) {
    const child = request("/", { POSTERN_CODE_CACHE: cache }, out);
    expect(await answer(child)).toMatch(/\r\n\r\n42\nawait import\('outer'\) of method \$load\$ \$____0$/);
    expect(child.stderr).toBe("nothing is left\n");
  }
});

test("a trace names the places in the sources", async () => {
  const child = request("/broken");
  expect(await answer(child)).toContain("500 Internal Server Error");
  const line = site.split("\n").findIndex((text) => text.includes("on purpose")) + 1;
  expect(child.stderr).toMatch(/^Error: on purpose\n/);
  expect(child.stderr).toContain(`${project}/app.ts:${line}:11)`);
});

// What stands around the modules of the start is none of theirs: it is there for an import. esbuild shortens it away.
test.each([
  { shortened: "shortened", options: [], imports: [] },
  { shortened: "not shortened", options: ["--no-minify"], imports: ["app.ts:2:6"] },
])("traces do so where modules stand together, $shortened", async ({ options, imports }) => {
  file(
    "traces/app.ts",
    `import { application } from "postern";
     import { start } from "./start.js";
     application([["/", async () => start + (await import("./page.js")).page]]).run(import.meta);`,
  );
  file("traces/start.ts", 'export const start: unknown = new Error("start").stack;');
  file(
    "traces/page.ts",
    `import { start } from "./start.js";
     import { along } from "./along.js";
     export const page = [along, String(new Error("page").stack), start].join();`,
  );
  file(
    "traces/along.ts",
    'export const along: unknown = made().stack;\nfunction made() {\n  return new Error("along");\n}',
  );
  const out = join(project, "cgi-bin/traces.cgi");
  await bundle("traces/app.ts", "--out", out, ...options);
  const text = await answer(request("/", {}, out));
  const places = [...text.matchAll(/traces\/(\w+\.ts:\d+:\d+)/g)].map(([, place]) => place);
  const made = ["start.ts:1:31", "along.ts:3:10", "along.ts:1:31", "page.ts:3:41"];
  expect(places).toEqual(expect.arrayContaining([...made, ...imports]));
});

test("a source that was changed since is said in the log, one that was only copied is not", async () => {
  const path = join(project, "greeting.ts");
  const text = readFileSync(path, "utf8");
  utimesSync(path, new Date(), new Date());
  const copied = request();
  await copied.ended;
  expect(copied.stderr).toBe("");
  writeFileSync(path, text.replace("Hello", "Servu"));
  const changed = request();
  expect(await answer(changed)).toContain("<p>Hello, Zoë!</p>");
  expect(changed.stderr).toBe(
    `postern: ${path} was changed after it was bundled: run postern bundle again\n`,
  );
  writeFileSync(path, text);
});

test("sources that the script may not look at are no reason to fail", async () => {
  const path = join(project, "greeting.ts");
  const text = readFileSync(path, "utf8");
  onTestFinished(() => {
    rmFile(path);
    writeFileSync(path, text);
  });
  rmFile(path);
  symlinkSync("greeting.ts", path);
  const child = request();
  expect(await answer(child)).toContain("<p>Hello, Zoë!</p>");
  expect([await child.ended, child.stderr]).toEqual([0, ""]);
});

test("links to the script's folder are followed, and a protocol for the shell's programs is not the script's", async () => {
  const place = join(folder.path, "deep/er/www");
  mkdirSync(place, { recursive: true });
  symlinkSync(place, join(folder.path, "www"));
  const out = join(folder.path, "www/app.cgi");
  const child = new Child(process.execPath, [cli, "bundle", "app.ts", "--out", out], {
    cwd: project,
    env: { ...process.env, POSTERN_SERVER: "http" },
  });
  expect(await child.ended, child.output).toBe(0);
  expect(child.output).toContain("GET /: 200 OK\n");
  expect(await answer(request("/", {}, out))).toContain("<p>Hello, Zoë!</p>");
});

test("without esbuild it says how to install it", async () => {
  const bare = join(folder.path, "bare");
  mkdirSync(bare);
  installPackages(bare);
  writeFileSync(join(bare, "app.js"), "export default () => [];");
  const main = join(bare, "node_modules/postern/dist/cli/main.js");
  const child = new Child(process.execPath, [main, "bundle", "app.js"], { cwd: bare });
  expect(await child.ended).toBe(1);
  expect(child.output).toBe(
    "postern bundle needs esbuild, which this project does not have: run npm install --save-dev esbuild.\n",
  );
});

test("--watch bundles again when a source changes", async () => {
  const out = join(project, "watched/app.cgi");
  const child = new Child(process.execPath, [cli, "bundle", "app.ts", "-o", out, "--no-warm-up", "--watch"], {
    cwd: project,
  });
  onTestFinished(async () => void (await child.stop()));
  await child.printed(/app\.cgi: \d+ kB/);
  child.output = "";
  const path = join(project, "greeting.ts");
  const text = readFileSync(path, "utf8");
  onTestFinished(() => writeFileSync(path, text));
  writeFileSync(path, text.replace("Hello", "Good morning"));
  await child.printed(/app\.cgi: \d+ kB/);
  expect(await answer(request("/", {}, out))).toContain("<p>Good morning, Zoë!</p>");
  writeFileSync(path, "export const = 1;");
  await child.printed(/greeting\.ts:1:14: Expected identifier/);
});

test("--root, --cache, --node and --no-minify", async () => {
  const out = join(folder.path, "elsewhere/site.cgi");
  mkdirSync(join(folder.path, "caches"));
  await bundle(
    "app.ts",
    "-o",
    out,
    "--root",
    project,
    "--cache",
    "../caches/site",
    "--node",
    process.execPath,
    "--no-minify",
  );
  expect(readFileSync(out, "utf8").split("\n", 1)).toEqual([`#!${process.execPath}`]);
  expect(existsSync(join(folder.path, "caches/site"))).toBe(true);
  expect(existsSync(cacheOf(out))).toBe(false);
  expect(await answer(request("/", {}, out))).toContain("<p>Hello, Zoë!</p>");
});

test("files that the script would not find are named, and that it fails is said in words and by the exit status", async () => {
  const out = join(folder.path, "alone/app.cgi");
  const child = new Child(process.execPath, [cli, "bundle", "app.ts", "-o", out, "--root", "."], {
    cwd: project,
  });
  expect(await child.ended).toBe(1);
  expect(child.output).toContain(`${folder.path}/alone/templates is not there: the script will look for it`);
  expect(child.stderr).toContain("GET /: 500 Internal Server Error\n");
  expect(child.stderr).toContain(
    "app.cgi is written. Where the application has no page at /, --warm-up <path> asks for one that it has",
  );
  expect(existsSync(out)).toBe(true);
});

test.each([
  [
    "waits.ts",
    "await fetch('http://127.0.0.1');",
    [],
    /^waits\.ts:1:1: await at the top of a module cannot be bundled.*leave the await out/,
  ],
  [
    "native.js",
    'import addon from "./build/addon.node"; console.log(addon);',
    [],
    /^native\.js:1:19: .*addon\.node.*--external/,
  ],
  [
    "lost.js",
    'import { x } from "./nowhere.js"; console.log(x);',
    [],
    /^lost\.js:1:19: Could not resolve "\.\/nowhere\.js"/,
  ],
  [
    "fine.js",
    "export const app = 1;",
    ["--out", "fine.cgi"],
    /"type": "module": put it into a folder of its own/,
  ],
  ["fine.js", "export const app = 1;", ["--node", "/my node"], /cannot stand in a script's first line/],
  ["fine.js", "export const app = 1;", ["--warm-up", "x"], /"x" is no path/],
  ["fine.js", "export const app = 1;", ["--warm-up", "/100%"], /"\/100%" is no path/],
  [
    "fine.js",
    "export const app = 1;",
    ["--out", "package.json/fine.cgi"],
    /^package\.json\/fine\.cgi cannot be written: E/,
  ],
])("%s: %s %j", async (module, text, args, message) => {
  file(module, text);
  file("build/addon.node", "");
  const child = new Child(process.execPath, [cli, "bundle", module, "--no-warm-up", ...args], {
    cwd: project,
  });
  expect(await child.ended).toBeGreaterThan(0);
  expect(child.stderr).toMatch(message);
  expect(child.stderr).not.toContain("node:internal");
  expect(existsSync(join(project, "fine.cgi"))).toBe(false);
});

/** A copy with another byte at a place, seen from the end. */
function replaced(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8((copy.at(at) ?? 0) ^ 1, copy.length + at);
  return copy;
}

/** What becomes of bytes that FTP takes for lines. */
function asText(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1").replaceAll("\n", "\r\n"), "latin1");
}

/** Makes of a cache one that was written so often that it is written no more. */
function learned(path: string): string {
  const bytes = readFileSync(path);
  bytes.write("9", bytes.lastIndexOf("\r\n\n") - 1, "latin1");
  writeFileSync(path, bytes);
  return path;
}

function rmFile(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
