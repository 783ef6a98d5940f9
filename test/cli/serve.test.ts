import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask } from "../support/asking.ts";
import { FastCgiClient } from "../support/fastcgi-client.ts";
import { lighttpd } from "../support/lighttpd.ts";
import { exchangeOver } from "../support/pool.ts";
import { isListening } from "../support/port.ts";
import { cli, Stand } from "../support/postern.ts";
import { findProgram } from "../support/programs.ts";
import { silence, until } from "../support/until.ts";

const activate = findProgram("systemd-socket-activate");

const hello = `
  console.log("printed while it loads");
  export const app = (environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [[environ.PATH_INFO, environ.SCRIPT_NAME, environ["wsgi.multiprocess"]].join()];
  };
`;

const fronts = [
  { behind: "lighttpd", processes: 2, says: /behind lighttpd\/\d/, environment: {} },
  { behind: "auto", processes: 2, says: /behind lighttpd\/\d/, environment: {} },
  {
    behind: "auto",
    processes: 1,
    says: /embedded HTTP server \(lighttpd is not installed/,
    environment: { POSTERN_LIGHTTPD: "none" },
  },
  { behind: "none", processes: 1, says: /embedded HTTP server/, environment: {} },
];

/** A lighttpd that waits ten minutes for requests in progress when it is told to stop. */
function patientLighttpd(stand: Stand): string {
  const program = stand.module(
    "lighttpd",
    `#!/bin/sh
    for last; do :; done
    [ ! -f "$last" ] || sed -i 's/\\(graceful-shutdown-timeout" =>\\) [0-9]*/\\1 600/' "$last"
    exec ${lighttpd} "$@"\n`,
  );
  chmodSync(program, 0o755);
  return program;
}

describe.skipIf(lighttpd === undefined)("postern serve", () => {
  test.each(fronts)(
    "--behind $behind $environment answers, says where, and leaves nothing",
    async (front) => {
      const stand = await Stand.make(front.environment);
      const child = stand.postern("serve", stand.module("it's an app.mjs", hello), "--behind", front.behind);

      await child.printed(new RegExp(`at ${stand.url("/")} .*${front.says.source}`));
      const response = await fetch(stand.url("/a/b"));

      expect(response.status).toBe(200);
      expect(await response.text()).toBe(`/a/b,,${front.processes > 1}`);
      expect(child.output).toContain("printed while it loads");
      expect(await child.stop("SIGTERM")).toBe(0);
      expect(await stand.remains()).toEqual([]);
      expect(child.output).not.toMatch(/\n\s+at |lighttpd: /);
    },
  );

  test("--static without a web server sends files, and leaves all else to the application", async () => {
    const stand = await Stand.make();
    mkdirSync(join(stand.folder, "files"));
    stand.module("files/index.html", "a file");
    const files = join(stand.folder, "files");
    const child = stand.postern("serve", stand.module("app.mjs", hello), "--static", files);
    await child.printed(/Ctrl-C stops it/);
    const texts = ["/files/index.html", "/files/", "/files/none", "/index.html"].map(async (path) =>
      (await fetch(stand.url(path))).text(),
    );
    expect(await Promise.all(texts)).toEqual([
      "a file",
      "/files/,,false",
      "/files/none,,false",
      "/index.html,,false",
    ]);
    expect(await child.stop()).toBe(0);
  });

  test.each(["SIGINT", "SIGHUP"] as const)("%s stops it as TERM does", async (signal) => {
    const stand = await Stand.make();
    const child = stand.postern("serve", stand.module("app.mjs", hello), "--behind", "lighttpd");
    await child.printed(/behind lighttpd/);
    expect(await child.stop(signal)).toBe(0);
    expect(await stand.remains()).toEqual([]);
  });

  test("a signal while it starts stops it too", async () => {
    const stand = await Stand.make();
    const slow = stand.module(
      "app.mjs",
      `console.log("loading"); await new Promise((r) => setTimeout(r, 60_000));`,
    );
    const child = stand.postern("serve", slow, "--behind", "lighttpd");
    await child.printed(/loading/);
    expect(await child.stop("SIGTERM")).toBe(0);
    expect(await stand.remains()).toEqual([]);
  });

  // npm hands on the INT that a terminal has sent to all it runs: a Ctrl-C arrives twice.
  test.each([
    { behind: "lighttpd", signals: ["SIGTERM"] },
    { behind: "lighttpd", signals: ["SIGINT", "SIGINT"] },
    { behind: "none", signals: ["SIGTERM"] },
    { behind: "none", signals: ["SIGINT", "SIGINT"] },
  ] as const)(
    "--behind $behind, $signals: a request in progress is finished first",
    async ({ behind, signals }) => {
      const stand = await Stand.make();
      const go = join(stand.folder, "go");
      const slow = `import { existsSync } from "node:fs";
      export const app = async (environ, startResponse) => {
        console.error("asked");
        while (!existsSync(${JSON.stringify(go)})) await new Promise((resolve) => setTimeout(resolve, 10));
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        return ["finished"];
      };`;
      // The process signals itself, so that nothing comes between two of them.
      const signalled = stand.module(
        "signalled.mjs",
        `process.once("SIGWINCH", () => {
          for (const signal of ${JSON.stringify(signals)}) process.kill(process.pid, signal);
        });`,
      );
      const serve = [cli, "serve", stand.module("app.mjs", slow), "--behind", behind];
      const child = stand.start(process.execPath, ["--import", signalled, ...serve]);
      await child.printed(/Ctrl-C stops it/);
      const answer = fetch(stand.url("/")).then((response) => response.text());
      await child.printed(/asked/);

      child.signal("SIGWINCH");
      await until("it takes no more", async () => !(await isListening(stand.port)));
      writeFileSync(go, "");

      expect(await answer).toBe("finished");
      expect(await child.ended).toBe(0);
      expect(await stand.remains()).toEqual([]);
    },
  );

  test("a second Ctrl-C stops at once", async () => {
    const stand = await Stand.make();
    const endless = `export const app = async function* (environ, startResponse) {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      for (;;) {
        yield "more";
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };`;
    stand.env["POSTERN_LIGHTTPD"] = patientLighttpd(stand);
    // And no timer of postern serve's own ends the wait.
    const patient = stand.module(
      "patient.mjs",
      `const { setTimeout } = globalThis;
      globalThis.setTimeout = (run, ms, ...rest) => setTimeout(run, ms < 5_000 ? ms : 600_000, ...rest);`,
    );
    const serve = [cli, "serve", stand.module("app.mjs", endless), "--behind", "lighttpd"];
    const child = stand.start(process.execPath, ["--import", patient, ...serve]);
    await child.printed(/Ctrl-C stops it/);
    const response = await fetch(stand.url("/"));
    child.signal("SIGINT");
    await until("lighttpd takes no more", async () => !(await isListening(stand.port)));
    // What comes sooner is the first one once more, handed on by npm.
    await silence(250);
    child.signal("SIGINT");
    expect(await child.ended).toBe(0);
    await expect(response.text()).rejects.toThrow();
    expect(await stand.remains()).toEqual([]);
  });

  test("killed without a chance to stop, it leaves no process", async () => {
    const stand = await Stand.make();
    const child = stand.postern("serve", stand.module("app.mjs", hello), "--behind", "lighttpd");
    await child.printed(/behind lighttpd/);
    process.kill(child.pid, "SIGKILL");
    await until("its processes have gone", () => stand.processes().length === 0);
  });

  test("a port in use is one sentence and status 1", async () => {
    const stand = await Stand.make();
    const server = createServer().listen(stand.port, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const module = stand.module("app.mjs", hello);
    for (const behind of ["lighttpd", "none"]) {
      const child = stand.postern("serve", module, "--behind", behind);
      expect(await child.ended).toBe(1);
      expect(child.stderr.trim().split("\n"), child.output).toHaveLength(1);
      expect(child.stderr).toContain(`${stand.port}`);
    }
  });

  test.each([
    ["throws", `throw new Error("no database today");`, /no database today/],
    [
      "exports no application",
      "export const x = 1;",
      /exports no application \(it exports only x\): export what application\(urls\) returns/,
    ],
    ["does not parse", "export const app = (;", /SyntaxError/],
  ])("a module that %s says so, and the start fails", async (_, source, words) => {
    const stand = await Stand.make();
    const child = stand.postern("serve", stand.module("app.mjs", source), "--behind", "lighttpd");
    expect(await child.ended).toBe(1);
    expect(child.stderr).toMatch(words);
    expect(child.stderr).toMatch(/The application did not start: what it said is above\.\n$/);
    expect(await stand.remains()).toEqual([]);
  });

  test("JSON is no module, and neither is text", async () => {
    const stand = await Stand.make();
    const json = stand.postern("serve", stand.module("package.json", "{}"));
    const text = stand.postern("serve", stand.module("README.md", "# Read me\n"));
    const importing = stand.postern("serve", stand.module("app.mjs", 'import "./README.md";'));
    expect([await json.ended, await text.ended, await importing.ended]).toEqual([1, 1, 1]);
    expect(json.output).toMatch(
      /^\S+\/package\.json is JSON: name the module that exports the application\.\n$/,
    );
    expect(text.output).toMatch(
      /^\S+\/README\.md is no JavaScript: name the module that exports the application\.\n$/,
    );
    expect(importing.output).toMatch(/Unknown file extension "\.md" for \S+\/README\.md/);
  });

  test("a module that Node cannot read is one sentence", async () => {
    const stand = await Stand.make();
    const child = stand.postern("serve", stand.module("app.coffee", hello));
    expect(await child.ended).toBe(1);
    expect(child.output).toMatch(
      /^Node [\d.]+ cannot read \S+\/app\.coffee: compile it to JavaScript first\.\n$/,
    );
  });

  test("lighttpd's own words are shown when it fails to start", async () => {
    const stand = await Stand.make();
    const broken = stand.module(
      "lighttpd",
      "#!/bin/sh\necho 'mod_fastcgi.so: cannot open shared object' >&2\nexit 1\n",
    );
    chmodSync(broken, 0o755);
    stand.env["POSTERN_LIGHTTPD"] = broken;
    const child = stand.postern("serve", stand.module("app.mjs", hello), "--behind", "lighttpd");
    expect(await child.ended).toBe(1);
    expect(child.stderr).toContain("mod_fastcgi.so: cannot open shared object");
    expect(child.stderr).not.toMatch(/\n\s+at /);
    expect(await stand.remains()).toEqual([]);
  });

  test("without lighttpd --behind lighttpd says what to do", async () => {
    const stand = await Stand.make({ POSTERN_LIGHTTPD: "none" });
    const child = stand.postern("serve", stand.module("app.mjs", hello), "--behind", "lighttpd");
    expect(await child.ended).toBe(1);
    expect(child.output).toMatch(/^lighttpd is not installed: install it with "[\w -]+ lighttpd"\.\n$/);
  });
});

describe("postern serve, for an operator", () => {
  test("--log-file, --pid-file and --name", async () => {
    const stand = await Stand.make();
    const [logFile, pidFile] = [join(stand.folder, "app.log"), join(stand.folder, "app.pid")];
    const module = stand.module(
      "site.mjs",
      `export const app = (environ, startResponse) => {
        environ["wsgi.errors"].write("an application's line");
        startResponse("200 OK", []);
        return [];
      };`,
    );
    const names = ["--log-file", logFile, "--pid-file", pidFile, "--name", "guestbook"];
    const child = stand.postern("serve", module, ...names);
    await child.printed(/Ctrl-C stops it/);
    expect(readFileSync(pidFile, "utf8")).toBe(`${child.pid}\n`);
    expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8")).toMatch(/^postern: guestbook\0/);
    await fetch(stand.url("/"));
    expect(readFileSync(logFile, "utf8")).toMatch(/^\S+ \[\d+\] app: an application's line\n$/);
    expect(await child.stop("SIGTERM")).toBe(0);
    expect(existsSync(pidFile)).toBe(false);
  });

  test("the variables say what the options leave out", async () => {
    const stand = await Stand.make();
    const [socket, log, other] = ["app.sock", "variable.log", "option.log"].map((name) =>
      join(stand.folder, name),
    ) as [string, string, string];
    Object.assign(stand.env, { POSTERN_SERVER: "fastcgi", POSTERN_LOG_FILE: log, POSTERN_NAME: "guestbook" });
    const module = stand.module("site.mjs", hello);
    const child = stand.postern("serve", module, "--listen", socket);
    await until("it listens", () => existsSync(socket));
    const client = await FastCgiClient.connect({ path: socket });
    expect((await exchangeOver(client, "/")).body).toBe("/,,false");
    client.destroy();
    expect(existsSync(log)).toBe(true);
    expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8")).toMatch(/^postern: guestbook\0/);
    expect(await child.stop("SIGTERM")).toBe(0);
    const options = ["--protocol", "http", "--log-file", other, "--name", "site"];
    const chosen = stand.postern("serve", module, "--listen", socket, ...options);
    await chosen.printed(/at \S+app\.sock through the embedded HTTP server/);
    expect(existsSync(other)).toBe(true);
    expect(readFileSync(`/proc/${chosen.pid}/cmdline`, "utf8")).toMatch(/^postern: site\0/);
    expect(await chosen.stop("SIGTERM")).toBe(0);
  });

  test("a variable that names no protocol is refused, wherever it listens", async () => {
    const stand = await Stand.make({ POSTERN_SERVER: "fgci" });
    for (const where of [[], ["--listen", "./app.sock"]]) {
      const child = stand.postern("serve", stand.module("site.mjs", hello), ...where);
      expect(await child.ended).toBe(1);
      expect(child.stderr).toBe("POSTERN_SERVER=fgci names no protocol; did you mean fcgi?\n");
    }
  });

  test("--access-log has a line for each request, and is opened anew on USR1 in each process", async () => {
    const stand = await Stand.make();
    const log = join(stand.folder, "access.log");
    mkdirSync(join(stand.folder, "files"));
    stand.module("files/a.txt", "a file");
    const files = ["--static", join(stand.folder, "files")];
    const workers = ["--workers", "prefork", "--max-children", "1"];
    const module = stand.module("site.mjs", hello);
    const child = stand.postern("serve", module, ...workers, ...files, "--access-log", log);
    await child.printed(/Ctrl-C stops it/);
    for (const path of ["/x?q", "/files/a.txt"]) await (await fetch(stand.url(path))).text();
    const lines = () => readFileSync(log, "utf8");
    await until("both have a line", () => lines().split("\n").length === 3);
    expect(lines()).toMatch(
      /^127\.0\.0\.1 - - \[.+\] "GET \/x\?q HTTP\/1\.1" 200 8 "-" "node"\n.*"GET \/files\/a\.txt HTTP\/1\.1" 200 6 .*\n$/,
    );
    renameSync(log, `${log}.1`);
    child.signal("SIGUSR1");
    await until("it is opened anew", async () => {
      await (await fetch(stand.url("/y"))).text();
      return existsSync(log) && lines().includes("/y");
    });
    expect(await child.stop("SIGTERM")).toBe(0);
  });

  test("--access-log - is standard output, and refused where that is a response", async () => {
    const stand = await Stand.make();
    const module = stand.module("site.mjs", hello);
    const child = stand.postern("serve", module, "--access-log", "-");
    await child.printed(/Ctrl-C stops it/);
    await fetch(stand.url("/x"));
    await child.printed(/"GET \/x HTTP\/1\.1" 200 /);
    expect(child.stderr).toBe("");
    expect(await child.stop("SIGTERM")).toBe(0);
    const script = stand.postern("serve", module, "--access-log", "-", "--protocol", "cgi");
    expect(await script.ended).toBe(2);
    expect(script.stderr).toMatch(/^--access-log - is standard output.*: name a file\.\n$/);
  });

  test("without a name it is called after its module", async () => {
    const stand = await Stand.make();
    const child = stand.postern("serve", stand.module("site.mjs", hello));
    await child.printed(/Ctrl-C stops it/);
    expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8")).toMatch(/^postern: site\0/);
  });

  test.each([
    ["--log-file", "--dev"],
    ["--pid-file", "--behind=auto"],
    ["--access-log", "--dev"],
    ["--name", "--behind=lighttpd"],
  ])("%s with %s is a mistake", async (option, other) => {
    const stand = await Stand.make();
    const child = stand.postern("serve", stand.module("site.mjs", hello), option, "x", other);
    expect(await child.ended).toBe(2);
    expect(child.stderr).toMatch(new RegExp(`^${option} is for a server that runs alone: [^\\n]*\\n$`));
  });

  test.skipIf(activate === undefined).each([
    [[], "fcgi", "fcgi"],
    [[], "http", "http"],
    [["--protocol", "fcgi"], "http", "fcgi"],
  ] as const)("%j with a socket of systemd named %s serves it as %s", async (options, name, protocol) => {
    const stand = await Stand.make();
    const path = join(stand.folder, "app.sock");
    const serve = [cli, "serve", stand.module("site.mjs", hello), ...options];
    const systemd = [`--listen=${path}`, `--fdname=${name}`];
    const child = stand.start(activate ?? "", [...systemd, process.execPath, ...serve]);
    onTestFinished(() => child.signalGroup("SIGKILL"));
    await child.printed(/Listening on/);
    expect(await ask(protocol, { path }, "/systemd")).toMatchObject({
      status: "200",
      body: "/systemd,,false",
    });
  });

  test("--workers prefork: one site, one pid file, one line that says where, and processes that have their names", async () => {
    const stand = await Stand.make();
    const [logFile, pidFile] = [join(stand.folder, "app.log"), join(stand.folder, "app.pid")];
    const module = stand.module("site.mjs", hello);
    const names = ["--log-file", logFile, "--pid-file", pidFile];
    const child = stand.postern("serve", module, "--workers", "prefork", ...names);
    await child.printed(/Ctrl-C stops it/);
    expect(await (await fetch(stand.url("/a"))).text()).toBe("/a,,true");
    expect(readFileSync(pidFile, "utf8")).toBe(`${child.pid}\n`);
    const titles = () => stand.processes().map(({ command }) => command.trim());
    await until("its workers have their names", () => titles().includes("postern: worker site"));
    expect(titles()).toContain("postern: master site");
    expect(await child.stop("SIGTERM")).toBe(0);
    expect(child.stdout.match(/Ctrl-C stops it/g)).toHaveLength(1);
    expect(await stand.remains()).toEqual([]);
    expect(existsSync(pidFile)).toBe(false);
  });

  test.skipIf(activate === undefined)(
    "--workers prefork with a socket of systemd speaks what it is named for",
    async () => {
      const stand = await Stand.make();
      const path = join(stand.folder, "app.sock");
      const serve = [cli, "serve", stand.module("site.mjs", hello), "--workers", "prefork"];
      const child = stand.start(activate ?? "", [
        `--listen=${path}`,
        "--fdname=scgi",
        process.execPath,
        ...serve,
      ]);
      onTestFinished(() => child.signalGroup("SIGKILL"));
      await child.printed(/Listening on/);
      expect(await ask("scgi", { path }, "/systemd")).toMatchObject({
        status: "200",
        body: "/systemd,,true",
      });
    },
  );
});

test.each(["single", "threads", "prefork"])(
  "--workers %s serves an application that changes to another folder",
  async (workers) => {
    const stand = await Stand.make();
    const data = join(stand.folder, "data");
    mkdirSync(data);
    stand.module(
      "site.mjs",
      `import { isMainThread } from "node:worker_threads";
    if (isMainThread) process.chdir("data");
    export const app = (_environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [process.cwd()];
    };`,
    );
    const args = [cli, "serve", "site.mjs", "--workers", workers];
    const child = stand.start(process.execPath, args, { cwd: stand.folder });
    await child.printed(/Ctrl-C stops it/);
    expect(await (await fetch(stand.url("/"))).text()).toBe(data);
    if (workers === "single") return;
    child.signal("SIGHUP");
    await child.printed(/reloaded: \d/);
    expect(await (await fetch(stand.url("/"))).text()).toBe(data);
  },
);

describe("postern serve --workers prefork", () => {
  const pids = `
    export const app = (environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [[process.pid, environ["wsgi.multiprocess"]].join()];
    };
  `;

  test("answers in processes of its own, says once where, and leaves nothing", async () => {
    const stand = await Stand.make();
    const module = stand.module("app.mjs", pids);
    const child = stand.postern(
      "serve",
      module,
      "--workers",
      "prefork",
      "--max-children",
      "2",
      "--next-port",
    );
    await child.printed(/at http:\S+ through the embedded HTTP server/);
    await until("both serve", () => stand.processes().length === 3);

    const [pid, multiprocess] = (await (await fetch(stand.url("/"))).text()).split(",");

    expect(stand.processes().map((one) => one.pid)).toContain(Number(pid));
    expect(Number(pid)).not.toBe(child.pid);
    expect(multiprocess).toBe("true");
    expect(await child.stop()).toBe(0);
    expect(child.stdout.match(/Serving /g)).toHaveLength(1);
    expect(await stand.remains()).toEqual([]);
  });

  test("speaks FastCGI, starts on demand, and starts anew when the restart file is touched", async () => {
    const stand = await Stand.make();
    const socket = join(stand.folder, "app.sock");
    const restart = join(stand.folder, "restart.txt");
    const where = ["--protocol", "fcgi", "--listen", socket, "--restart-file", restart];
    const child = stand.postern(
      "serve",
      stand.module("app.mjs", pids),
      ...["--workers", "prefork", "--min-spare", "0", "--max-idle-ms", "60000"],
      ...where,
    );
    await until("it listens", () => existsSync(socket));
    expect(stand.processes().map((one) => one.pid)).toEqual([child.pid]);
    const askOnce = async (): Promise<string> => {
      const client = await FastCgiClient.connect({ path: socket });
      const { body } = await exchangeOver(client, "/");
      client.destroy();
      return body;
    };
    const before = await askOnce();
    expect(before).toMatch(/^\d+,true$/);
    writeFileSync(restart, "");
    await child.printed(/reloaded: 1 new worker$/m);
    expect(await askOnce()).not.toBe(before);
    expect(await child.stop()).toBe(0);
    expect(existsSync(socket)).toBe(false);
  });
});
