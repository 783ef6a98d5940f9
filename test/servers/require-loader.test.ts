// Start-up files that another script than Node's main one loads with require(), as web servers of shared hosts do.

import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import { freePort, isListening, untilListening } from "../support/port.ts";
import { root } from "../support/postern.ts";
import { findProgram } from "../support/programs.ts";
import { newProject, type TemplateName, templateNames } from "../support/project.ts";
import { exchangeOverHttp } from "../support/raw-http.ts";
import { until } from "../support/until.ts";

const spawnFcgi = findProgram("spawn-fcgi");

let folder: TemporaryFolder;
let socketPath: string;

beforeEach(() => {
  folder = temporaryFolder();
  socketPath = join(folder.path, "web.sock");
});

afterEach(() => folder.remove());

function loader(name: "lsnode" | "marked" | "renaming" | "plain"): string {
  return join(import.meta.dirname, "loaders", `${name}.cjs`);
}

function start(program: string, args: readonly string[], variables: NodeJS.ProcessEnv): Child {
  const env = { ...process.env, POSTERN_LOG: "debug", PORT: "none", ...variables };
  const child = new Child(program, args, { env });
  onTestFinished(async () => {
    child.signalGroup("SIGKILL");
    await child.ended;
  });
  return child;
}

/** Starts a loader with the web server's listening socket as its descriptor 0. */
function inheriting(script: string, variables: NodeJS.ProcessEnv): Child {
  return start(spawnFcgi ?? "", ["-s", socketPath, "-n", "--", process.execPath, script], variables);
}

/** Writes an application and gives its file. */
function application(name: string): string {
  const path = join(folder.path, name);
  writeFileSync(join(folder.path, "package.json"), '{ "type": "module" }');
  writeFileSync(
    path,
    `
    import { existsSync } from "node:fs";
    import { application } from ${JSON.stringify(compiled("index.ts"))};

    export const app = application([
      ["/environ", (web) => Object.fromEntries(
        Object.entries(web.ctx.environ).filter(([, value]) => typeof value === "string"),
      )],
      ["/held", async function* () {
        console.error("in flight");
        while (!existsSync(${JSON.stringify(join(folder.path, "go"))})) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        yield "last";
      }],
    ]);
    app.run(import.meta);
    `,
  );
  return path;
}

async function ask(
  target: string,
  headers: readonly (readonly [string, string])[] = [],
  body?: string,
  address: { path: string } | { port: number } = { path: socketPath },
): Promise<{ status: number; text: string; headers: ReadonlyMap<string, string> }> {
  const response = await exchangeOverHttp(address, "example.org", {
    method: body === undefined ? "GET" : "POST",
    target,
    headers,
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  });
  const fields = response.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  return { status: response.status, text: Buffer.from(response.body).toString(), headers: new Map(fields) };
}

describe.skipIf(spawnFcgi === undefined)("LiteSpeed's lsnode.js", () => {
  function lsnode(appRoot: string, file: string, variables: NodeJS.ProcessEnv = {}): Child {
    return inheriting(loader("lsnode"), {
      LSNODE_ROOT: appRoot,
      LSNODE_STARTUP_FILE: file,
      LSNODE_SOCKET: socketPath,
      ...variables,
    });
  }

  test("the guestbook, unchanged", async () => {
    const variables = { GUESTBOOK_DATA: join(folder.path, "data") };
    const child = lsnode(join(root, "examples/guestbook/"), "app.js", variables);
    await child.printed(/listening on/);
    expect((await ask("/")).text).toContain("Nobody yet");
    const form = [["Content-Type", "application/x-www-form-urlencoded"]] as const;
    const signed = await ask("/", form, "name=Zo%C3%AB&text=by+hand");
    expect([signed.status, signed.headers.get("location")]).toEqual([303, "/"]);
    expect((await ask("/")).text).toContain("<strong>Zoë</strong>");
  });

  const says: Readonly<Record<TemplateName, RegExp>> = {
    site: /<h1>Welcome<\/h1>/,
    api: /^\{"notes":"\/notes"\}$/,
    cgi: /<h1>Hello!<\/h1>/,
    interface: /^Hello World! You asked for \/\n$/,
  };

  test.each(templateNames)("main.js of postern new --template %s, unchanged", async (template) => {
    const project = newProject(folder.path, { template, js: true });
    await lsnode(project, "main.js").printed(/listening on/);
    expect((await ask("/")).text).toMatch(says[template]);
  });

  test.each(["app.js", "app.mjs"])("%s: HTTP on descriptor 0, not FastCGI", async (name) => {
    application(name);
    const child = lsnode(folder.path, name, { POSTERN_SERVER: "fcgi" });
    await child.printed(/^postern: LiteSpeed loaded the script.*: POSTERN_SERVER ignored$/m);
    await child.printed(new RegExp(`^postern: listening on ${socketPath}$`, "m"));
    expect((await ask("/environ")).status).toBe(200);
    expect(child.output).not.toContain("more than once");
  });

  test("the client is what LiteSpeed has put at the end of X-Forwarded-For", async () => {
    application("app.js");
    await lsnode(folder.path, "app.js", { LSNODE_SOCKET: undefined }).printed(
      /listening on an inherited socket/,
    );
    const environ = async (...headers: [string, string][]) =>
      JSON.parse((await ask("/environ", headers)).text);

    const forged = await environ(
      ["X-Forwarded-For", "192.0.2.6"],
      ["X-Forwarded-For", "192.0.2.6,198.51.100.7"],
    );
    expect(forged).toMatchObject({ REMOTE_ADDR: "198.51.100.7", SERVER_PORT: "80" });
    expect([forged.REMOTE_PORT, forged.HTTPS]).toEqual([undefined, undefined]);
    expect(await environ(["X-Forwarded-Proto", "https"], ["X-Forwarded-For", "2001:db8::7"])).toMatchObject({
      REMOTE_ADDR: "2001:db8::7",
      HTTPS: "on",
      SERVER_PORT: "443",
    });
    expect((await environ(["X-Forwarded-For", "unknown"])).REMOTE_ADDR).toBeUndefined();
  });

  test("TERM and USR1, as LiteSpeed sends them: what is in flight is finished, nothing else accepted", async () => {
    application("app.js");
    const child = lsnode(folder.path, "app.js");
    await child.printed(/listening on/);
    const held = ask("/held");
    await child.printed(/^in flight$/m);
    child.signal("SIGTERM");
    child.signal("SIGUSR1");
    await until("it accepts nobody", async () => !(await isListening(socketPath)));
    writeFileSync(join(folder.path, "go"), "");
    expect((await held).text).toContain("last");
    expect(await child.ended).toBe(0);
    expect(child.output).not.toContain("Debugger");
  });

  test("a socket that its successor has bound in its place stays", async () => {
    application("app.js");
    const child = start(process.execPath, [loader("lsnode")], {
      LSNODE_ROOT: folder.path,
      LSNODE_STARTUP_FILE: "app.js",
      LSNODE_SOCKET: socketPath,
      LSNODE_BIND_SOCKET: "1",
    });
    await untilListening(socketPath);
    await child.printed(/listening on/);
    rmSync(socketPath);
    const successor = createServer().listen(socketPath);
    onTestFinished(() => void successor.close());
    await untilListening(socketPath);
    child.signal("SIGTERM");
    expect(await child.ended).toBe(0);
    expect(await isListening(socketPath)).toBe(true);
  });

  test("a start-up file that merely loads the application: it is said why nothing serves", async () => {
    const file = application("app.js");
    writeFileSync(join(folder.path, "start.cjs"), `require(${JSON.stringify(file)});`);
    const child = lsnode(folder.path, "start.cjs");
    expect(await child.ended).toBe(0);
    const start = join(folder.path, "start.cjs");
    expect(child.stderr).toBe(
      `postern: run() in file://${file} does nothing: the start-up file of LiteSpeed is ${start}\n`,
    );
  });

  test("a program that the application starts has the same variables, and is no loader", async () => {
    const file = application("app.js");
    const child = start(process.execPath, [loader("plain")], {
      LSNODE_ROOT: folder.path,
      LSNODE_STARTUP_FILE: "app.js",
      LSNODE_SOCKET: socketPath,
      STARTUP_FILE: file,
    });
    expect(await child.ended).toBe(0);
    expect(child.output).toBe("used\n");
  });
});

describe("a loader of no known web server", () => {
  test.skipIf(spawnFcgi === undefined)("that is marked as one: HTTP where it listens", async () => {
    const file = application("app.js");
    await inheriting(loader("marked"), { STARTUP_FILE: file }).printed(/listening on/);
    expect(JSON.parse((await ask("/environ")).text)).toMatchObject({
      PATH_INFO: "/environ",
      HTTP_HOST: "example.org",
    });
  });

  test("that puts the file's name in the place of its own: as if Node had started the file", async () => {
    const port = await freePort();
    const child = start(process.execPath, [loader("renaming")], {
      STARTUP_FILE: application("app.js"),
      PORT: String(port),
    });
    await child.printed(/listening on/);
    expect((await ask("/environ", [], undefined, { port })).status).toBe(200);
  });

  test("a program that loads an application to use it serves nothing", async () => {
    const child = start(process.execPath, [loader("plain")], { STARTUP_FILE: application("app.js") });
    expect(await child.ended).toBe(0);
    expect(child.output).toBe("used\n");
  });
});
