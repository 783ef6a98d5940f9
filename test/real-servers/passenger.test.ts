// Phusion Passenger with Apache, as it is installed on shared hosts: it loads the start-up files of a project and
// of the guestbook as they are.

import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Child } from "../support/child.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import { installPackages } from "../support/installation.ts";
import { ordinaryUser } from "../support/ordinary-user.ts";
import {
  type Mounted,
  mounted,
  nodeLoader,
  passenger,
  type RunningPassenger,
  startPassenger,
} from "../support/passenger.ts";
import { isListening } from "../support/port.ts";
import { root } from "../support/postern.ts";
import { newProject } from "../support/project.ts";
import { page, visit } from "../support/site-visit.ts";
import { until } from "../support/until.ts";

const megabytes20 = 20_000_000;

/** The smallest PNG there is: one grey pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
  "base64",
);

interface Question {
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the client connects from. */
  readonly localAddress?: string;
}

/** What the application of programs/shared-host.js tells. */
type Told = Record<string, unknown> & { readonly pid: number };

describe.skipIf(passenger === undefined)("Phusion Passenger", () => {
  let folder: TemporaryFolder;
  let server: RunningPassenger;
  /** The project with the application of programs/shared-host.js. */
  let hosted: string;
  let site: string;
  let large: Buffer;

  beforeAll(async () => {
    folder = temporaryFolder();
    chmodSync(folder.path, 0o755);
    const project = (template: "site" | "interface") => {
      const made = newProject(folder.path, { template, js: true }, "no packages");
      installPackages(made);
      return made;
    };
    site = project("site");
    large = Buffer.alloc(megabytes20, "postern ");
    writeFileSync(join(site, "static/large.txt"), large);
    const examples = join(folder.path, "examples");
    const built = (source: string) => !basename(source).startsWith("data");
    cpSync(join(root, "examples/guestbook"), join(examples, "guestbook"), { recursive: true, filter: built });
    cpSync(join(root, "examples/package.json"), join(examples, "package.json"));
    installPackages(examples);
    hosted = join(folder.path, "hosted");
    mkdirSync(join(hosted, "tmp"), { recursive: true });
    cpSync(join(import.meta.dirname, "programs/shared-host.js"), join(hosted, "main.js"));
    writeFileSync(join(hosted, "package.json"), '{ "type": "module" }');
    installPackages(hosted);
    ordinaryUser(folder.path);

    const elsewhere = "SetEnv POSTERN_SERVER fcgi\nSetEnv PORT none\nSetEnv HOST 192.0.2.1";
    const applications: Mounted[] = [
      { mount: "/", folder: site, startupFile: "main.js" },
      { mount: "/site", folder: site, startupFile: "main.js" },
      { mount: "/interface", folder: project("interface"), startupFile: "main.js" },
      { mount: "/guests", folder: join(examples, "guestbook"), startupFile: "app.js" },
      { mount: "/hosted", folder: hosted, startupFile: "main.js", config: elsewhere },
      {
        mount: "/secure",
        folder: hosted,
        startupFile: "main.js",
        config: 'SetEnv WORKERS threads\nSetEnv HTTPS on\nSetEnv SITE_NAME "Zoë"\nSetEnv REQUEST_METHOD PUT',
      },
    ];
    server = await startPassenger((documents) =>
      applications.map((application) => mounted(application, documents)).join("\n"),
    );
  });

  afterAll(async () => {
    await server?.stop();
    folder?.remove();
  });

  function ask(path: string, { headers, localAddress }: Question = {}): Promise<string> {
    const { port } = server;
    const options = {
      port,
      path,
      agent: false,
      ...(headers && { headers }),
      ...(localAddress && { localAddress }),
    };
    return new Promise((resolve, reject) => {
      request(options, (response) => resolve(text(response)))
        .on("error", reject)
        .end();
    });
  }

  async function told(path: string, question?: Question): Promise<Told> {
    return JSON.parse(await ask(path, question)) as Told;
  }

  test.each(["", "/site"])('the site of postern new, unchanged, at "%s"', async (mount) => {
    await visit(server.url(mount));
  });

  test("the guestbook, unchanged, at /guests", async () => {
    const at = server.url("/guests/");
    expect(await page(await fetch(at))).toContain("Nobody yet");
    const body = new FormData();
    body.append("name", "Zoë <b>");
    body.append("text", "first\r\nsecond");
    body.append("picture", new Blob([png]), "dot.png");
    const signed = await fetch(at, { method: "POST", body, redirect: "manual" });
    expect([signed.status, new URL(signed.headers.get("location") ?? "", at).href]).toEqual([303, at]);
    const cookie = signed.headers.get("set-cookie") ?? "";
    expect(cookie).toContain("; Path=/guests/;");
    const html = await page(await fetch(at, { headers: { Cookie: cookie.split(";")[0] ?? "" } }));
    expect(html).toContain("<strong>Zoë &lt;b&gt;</strong>");
    expect(html).toMatch(/<input [^>]*value="Zoë &lt;b&gt;"/);
    const [, picture = ""] = /<img src="([^"]+)"/.exec(html) ?? [];
    expect(Buffer.from(await (await fetch(new URL(picture, at))).arrayBuffer())).toEqual(png);
  });

  test("20 MB go up, and come down", async () => {
    const up = await fetch(server.url("/interface/up"), { method: "POST", body: large });
    expect(await up.text()).toBe(`Hello World! You asked for /up\nYou sent ${megabytes20} bytes.\n`);
    const down = await fetch(server.url("/static/large.txt"));
    expect(sha256(Buffer.from(await down.arrayBuffer()))).toBe(sha256(large));
  });

  test("several cookies go each its own way", async () => {
    const response = await fetch(server.url("/hosted/cookies"), { headers: { Cookie: "x=1; y=2" } });
    expect(response.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2; Path=/", "c=3; Path=/"]);
    expect(await response.text()).toBe("x=1; y=2");
  });

  test.each([
    ["/hosted/a%20b/c?x=%2F", "/a b/c", "x=%2F"],
    ["/hosted/", "/", ""],
    ["/hosted", "", ""],
    ["/hosted/%c3%a9", "/\u00c3\u00a9", ""],
  ])("%s: the mount is SCRIPT_NAME, the rest PATH_INFO", async (path, pathInfo, query) => {
    expect(await told(path)).toMatchObject({
      SCRIPT_NAME: "/hosted",
      PATH_INFO: pathInfo,
      QUERY_STRING: query,
      REQUEST_URI: path,
    });
  });

  test("the client is who has connected, whatever it says of itself", async () => {
    const headers = {
      "X-Forwarded-For": "192.0.2.6",
      "X-Forwarded-Proto": "https",
      "X-Real-IP": "192.0.2.6",
      Forwarded: "for=192.0.2.6;proto=https",
      "Client-IP": "192.0.2.6",
      Remote_Addr: "192.0.2.6",
      "!-Passenger-Client-Address": "192.0.2.6",
    };
    const environ = await told("/hosted/", { localAddress: "127.0.0.2", headers });
    expect(environ).toMatchObject({ REMOTE_ADDR: "127.0.0.2", "wsgi.url_scheme": "http" });
    expect([environ["HTTPS"], environ["REMOTE_PORT"]]).toEqual([undefined, undefined]);
    expect(Object.keys(environ).filter((name) => name.includes("~"))).toEqual([]);
  });

  test.each(["!~Passenger-Client-Address", "!~Passenger-Proto", "!~Passenger-Envvars"])(
    "a client that sends %s itself is refused by Passenger",
    async (name) => {
      const answer = await ask("/hosted/", { headers: { [name]: "192.0.2.6" } });
      expect(answer).toContain("no security password was provided");
    },
  );

  test("https, and variables of the configuration that do not touch what the request says", async () => {
    expect(await told("/secure/x", { headers: { Host: "example.org" } })).toMatchObject({
      HTTPS: "on",
      "wsgi.url_scheme": "https",
      SERVER_NAME: "example.org",
      SERVER_PORT: "443",
      SITE_NAME: "Zo\u00c3\u00ab",
      REQUEST_METHOD: "GET",
      SCRIPT_NAME: "/secure",
      "wsgi.multiprocess": true,
    });
  });

  test("HTTP/1.0 without a Host header is served", async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.write("GET /hosted/old HTTP/1.0\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*"PATH_INFO":"\/old"/);
  });

  test("one server on Passenger's socket, whatever else was asked for, and lines that say so", async () => {
    const { pid } = await told("/hosted/");
    expect(linesOf(pid)).toEqual([
      'postern: Phusion Passenger loaded the script and provides its socket, for HTTP: option "protocol", option ' +
        '"bindAddress", POSTERN_SERVER ignored',
      'postern: Phusion Passenger starts the processes itself: "workers" is "single", not "prefork"',
      expect.stringMatching(/^postern: listening on \/\S+\/apps\.s\/node\.\w+$/),
    ]);
  });

  test("threads are none of Passenger's either", async () => {
    const { pid } = await told("/secure/");
    expect(linesOf(pid)).toContain(
      'postern: Phusion Passenger starts the processes itself: "workers" is "single", not "threads"',
    );
  });

  function linesOf(pid: number): string[] {
    const start = `App ${pid} output: `;
    const lines = server.log().split("\n");
    return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
  }

  /** A request in flight that ends when it is told to. */
  async function holdOne(): Promise<{ pid: number; end(): Promise<string> }> {
    const { pid } = await told("/hosted/");
    const file = join(folder.path, `until-${pid}`);
    const response = await fetch(server.url(`/hosted/held?until=${file}`));
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let all = (await reader?.read())?.value ?? "";
    return {
      pid,
      async end() {
        writeFileSync(file, "");
        for (;;) {
          const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
          if (done) return all;
          all += value;
        }
      },
    };
  }

  test("touch tmp/restart.txt: a new process answers, and the old one finishes what it has begun", async () => {
    const held = await holdOne();
    writeFileSync(join(hosted, "tmp/restart.txt"), "");
    const { pid } = await told("/hosted/");
    expect(pid).not.toBe(held.pid);
    expect(isAlive(held.pid)).toBe(true);
    expect(await held.end()).toBe(`first, last of ${held.pid}`);
    await until("the old process is gone", () => !isAlive(held.pid));
  });

  test.each(["SIGTERM", "SIGHUP", "SIGUSR2"] as const)(
    "%s to the process: what it has begun is finished, and what comes is answered by another",
    async (signal) => {
      const held = await holdOne();
      process.kill(held.pid, signal);
      const pids = await Promise.all(Array.from({ length: 20 }, async () => (await told("/hosted/")).pid));
      expect(pids.every(Number.isInteger)).toBe(true);
      await until("another process answers", async () => (await told("/hosted/")).pid !== held.pid);
      expect(await held.end()).toBe(`first, last of ${held.pid}`);
      await until("the old process is gone", () => !isAlive(held.pid));
    },
  );

  test("USR1 is for logs: the process goes on, and opens no inspector", async () => {
    const { pid } = await told("/hosted/");
    process.kill(pid, "SIGUSR1");
    expect((await told("/hosted/")).pid).toBe(pid);
    expect(server.log()).not.toContain("Debugger listening");
  });

  test("the configurations of docs/deployment.md, at / and below a path", async () => {
    const [, guide = ""] = readFileSync(join(root, "docs/deployment.md"), "utf8").split("### Passenger");
    const [atRoot = "", below = ""] = [...guide.matchAll(/^```apache\n([\s\S]*?)^```$/gm)].map(
      ([, block]) => block,
    );
    mkdirSync(join(site, "public"));
    const own = await startPassenger(() =>
      `${atRoot}\n${below}`.replaceAll("/srv/site", site).replace("/usr/bin/node", process.execPath),
    );
    onTestFinished(own.stop);
    expect(await page(await fetch(own.url("/")))).toContain('href="/static/site.css"');
    expect(await page(await fetch(own.url("/app/")))).toContain('href="/app/static/site.css"');
  });

  test("a graceful stop of Apache finishes what is in flight, and leaves nothing", async () => {
    const held = await holdOne();
    server.stopGracefully();
    await until("Apache accepts nobody", async () => !(await isListening(server.port)));
    expect(isAlive(held.pid)).toBe(true);
    expect(await held.end()).toBe(`first, last of ${held.pid}`);
    await until("the process is gone", () => !isAlive(held.pid));
  });
});

describe.skipIf(passenger === undefined)("Passenger's loader", () => {
  let folder: TemporaryFolder;

  beforeEach(() => {
    folder = temporaryFolder();
    onTestFinished(folder.remove);
  });

  test("its exit event ends the process after what is in flight", async () => {
    const project = join(folder.path, "hosted");
    mkdirSync(project);
    cpSync(join(import.meta.dirname, "programs/shared-host.js"), join(project, "app.js"));
    writeFileSync(join(project, "package.json"), '{ "type": "module" }');
    installPackages(project);
    for (const step of ["exec_wrapper", "wrapper_preparation", "app_load_or_exec", "listen"]) {
      mkdirSync(join(folder.path, `response/steps/subprocess_${step}`), { recursive: true });
    }
    const args = { app_root: project, base_uri: "/", socket_dir: folder.path, log_level: 3 };
    writeFileSync(join(folder.path, "args.json"), JSON.stringify(args));
    // Passenger closes its end of standard input where it wants the process to end.
    const child = new Child(process.execPath, [nodeLoader], {
      env: { ...process.env, NODE_PATH: "/usr/share/passenger/node", PASSENGER_SPAWN_WORK_DIR: folder.path },
      typing: true,
    });
    onTestFinished(() => void child.stop());
    await until("it has started", () => existsSync(join(folder.path, "response/finish")));
    const [{ address }] = JSON.parse(
      readFileSync(join(folder.path, "response/properties.json"), "utf8"),
    ).sockets;
    const socketPath = address.replace(/^unix:/, "");

    const file = join(folder.path, "until");
    const held = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath, path: `/held?until=${file}` }, resolve)
        .on("error", reject)
        .end();
    });
    child.endInput();
    await until("it accepts nobody", () => !existsSync(socketPath));
    writeFileSync(file, "");
    expect(await text(held)).toBe(`first, last of ${child.pid}`);
    expect(await child.ended).toBe(0);
  });
});

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
