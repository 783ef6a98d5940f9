import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Child, kill } from "../support/child.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import { lighttpd } from "../support/lighttpd.ts";
import { cli, Stand } from "../support/postern.ts";
import { newProject } from "../support/project.ts";
import { until } from "../support/until.ts";

const fronts = { lighttpd: {}, "the embedded server": { POSTERN_LIGHTTPD: "none" } };

/** The processes that serve the application, once they have their names. */
function workersOf(stand: Stand): number[] {
  return stand
    .processes()
    .filter(({ command }) => command.startsWith("postern: app"))
    .map(({ pid }) => pid);
}

describe.skipIf(lighttpd === undefined)("npm start of a project", () => {
  let folder: TemporaryFolder;
  /** In JavaScript: there is nothing to build, so these tests take less time. */
  let project: string;

  beforeAll(() => {
    folder = temporaryFolder();
    project = newProject(folder.path, { template: "site", js: true });
  });

  afterAll(() => folder?.remove());

  async function npmStart(environment: NodeJS.ProcessEnv): Promise<{ stand: Stand; child: Child }> {
    const stand = await Stand.make(environment);
    stand.env["DATA_FOLDER"] = join(stand.folder, "data");
    return { stand, child: stand.start("npm", ["start"], { cwd: project }) };
  }

  describe.each(Object.entries(fronts))("through %s", (name, environment) => {
    test("it says where it is, and serves pages and static files", async () => {
      const { stand, child } = await npmStart(environment);
      const installs = 'embedded HTTP server \\(lighttpd is not installed: install it with ".+ lighttpd"\\)';
      const through = name === "lighttpd" ? "behind lighttpd/[\\d.]+" : `through the ${installs}`;
      await child.printed(
        new RegExp(`^Serving app.js at ${stand.url("/")} ${through}\\. Ctrl-C stops it\\.$`, "m"),
      );

      const page = await fetch(stand.url("/"));
      expect(await page.text()).toContain("<h1>Welcome</h1>");
      const style = await fetch(stand.url("/static/site.css"));
      expect([style.status, style.headers.get("content-type")]).toEqual([200, "text/css; charset=utf-8"]);
      expect(await style.text()).toBe(readFileSync(join(project, "static/site.css"), "utf8"));
      // lighttpd sends what lies in static/ by itself.
      expect(/lighttpd/.test(style.headers.get("server") ?? "")).toBe(name === "lighttpd");
      expect(style.headers.has("etag")).toBe(true);
      for (const path of [
        "/static/",
        "/static/..%2Fapp.js",
        "/static/.x",
        "/app.js",
        "/data/messages.jsonl",
      ]) {
        const response = await fetch(stand.url(path));
        expect(response.status, path).toBe(404);
        expect(await response.text(), path).toContain("There is no such page");
      }
      const expected = name === "lighttpd" ? 2 : 1;
      await until(`${expected} of them serve`, () => workersOf(stand).length === expected);
      await child.stop();
      expect(await stand.remains()).toEqual([]);
    });

    test.each<[string, (child: Child) => void]>([
      ["TERM to npm", (child) => child.signal("SIGTERM")],
      ["INT to npm and all it started, as Ctrl-C", (child) => child.signalGroup("SIGINT")],
      ["HUP to npm and all it started", (child) => child.signalGroup("SIGHUP")],
      ["KILL to npm", (child) => child.signal("SIGKILL")],
    ])("%s leaves no process, socket or temporary file", async (_, stop) => {
      const { stand, child } = await npmStart(environment);
      await child.printed(/Ctrl-C stops it/);
      stop(child);
      await child.ended;
      await until("nothing is left", async () => (await stand.remains()).length === 0);
      expect(child.output).not.toMatch(/\n\s+at /);
    });

    test.skipIf(!existsSync("/usr/bin/script"))("nor does a terminal that closes", async () => {
      const stand = await Stand.make(environment);
      const child = stand.start(
        "/usr/bin/script",
        ["--quiet", "--flush", "--command", "npm start", "/dev/null"],
        {
          cwd: project,
        },
      );
      await child.printed(/Ctrl-C stops it/);
      kill(child.pid, "SIGKILL");
      await until("nothing is left", async () => (await stand.remains()).length === 0);
    });

    test("a port in use makes it take the next one, and say so", async () => {
      const stand = await Stand.make(environment);
      const server = createServer().listen(stand.port, "127.0.0.1");
      onTestFinished(() => void server.close());
      await once(server, "listening");
      const child = stand.start("npm", ["start"], { cwd: project });
      const [, at = ""] = await child.printed(/^Serving app\.js at (\S+) /m);
      const [, next = ""] =
        /^Port (?:\d+) is in use: taking (\d+), the next one that is free\.$/m.exec(child.output) ?? [];
      expect(child.output).toContain(`Port ${stand.port} is in use`);
      expect(Number(next)).toBeGreaterThan(stand.port);
      expect(at).toBe(`http://127.0.0.1:${next}/`);
      expect((await fetch(at)).status).toBe(200);
      await child.stop();
    });
  });

  test("what the application and lighttpd say is told apart", async () => {
    const place = temporaryFolder();
    onTestFinished(place.remove);
    const talking = newProject(place.path, { template: "interface", js: true });
    const source = readFileSync(join(talking, "app.js"), "utf8");
    writeFileSync(join(talking, "app.js"), `console.log("loaded");\n${source}`);
    const stand = await Stand.make();
    const child = stand.start("npm", ["start"], { cwd: talking });
    await child.printed(/Ctrl-C stops it/);
    // Each of the two processes says it, the second one perhaps a moment later.
    await child.printed(/(?:^app: loaded$[\s\S]*){2}/m);
    // One of the two processes dies: lighttpd says so, and starts it again.
    await until("both have their names", () => workersOf(stand).length === 2);
    const [worker] = workersOf(stand);
    kill(worker, "SIGKILL");
    await child.printed(/^lighttpd: child signalled: 9$/m);
    await child.stop();
    expect(await stand.remains()).toEqual([]);
  });

  test("lighttpd's own words are shown when it fails to start", async () => {
    const stand = await Stand.make();
    const broken = stand.module("lighttpd", "#!/bin/sh\necho 'no mod_fastcgi.so here' >&2\nexit 1\n");
    chmodSync(broken, 0o755);
    stand.env["POSTERN_LIGHTTPD"] = broken;
    const child = stand.start("npm", ["start"], { cwd: project });
    expect(await child.ended).toBe(1);
    expect(child.stderr).toContain("no mod_fastcgi.so here");
    expect(child.output).not.toMatch(/\n\s+at /);
  });

  test("a folder for --static that is not there is named", async () => {
    const stand = await Stand.make();
    const child = stand.start(
      process.execPath,
      [cli, "serve", "app.js", "--behind", "lighttpd", "--static", "x"],
      {
        cwd: project,
      },
    );
    expect(await child.ended).toBe(1);
    expect(child.output).toBe(`There is no folder ${join(project, "x")}: make it, or leave --static out.\n`);
  });
});
