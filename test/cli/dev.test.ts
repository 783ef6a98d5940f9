import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Child } from "../support/child.ts";
import { root, Stand } from "../support/postern.ts";

const answering = (text: string): string => `
  export const app = (environ, startResponse) => {
    if (environ.PATH_INFO === "/fail") throw new Error("failed on purpose");
    if (environ.PATH_INFO === "/exit") process.exit(7);
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [${JSON.stringify(text)}, " to ", environ.REMOTE_ADDR];
  };
`;

class Project {
  readonly stand: Stand;
  readonly child: Child;

  constructor(stand: Stand, module = "app.mjs", options: readonly string[] = []) {
    this.stand = stand;
    this.child = stand.postern("serve", join(stand.folder, module), "--dev", ...options);
  }

  static async start(source = answering("one")): Promise<Project> {
    const stand = await Stand.make();
    stand.module("package.json", "{}");
    stand.module("app.mjs", source);
    const project = new Project(stand);
    await project.child.printed(/ for development: it starts again when a file changes/);
    return project;
  }

  async get(path = "/", headers: Record<string, string> = {}) {
    const response = await fetch(this.stand.url(path), { headers });
    return {
      status: response.status,
      type: response.headers.get("Content-Type"),
      text: await response.text(),
    };
  }

  /** Writes a file, and waits until the application has started again because of it. */
  async change(name: string, source: string): Promise<void> {
    const before = this.child.output.length;
    writeFileSync(join(this.stand.folder, name), source);
    await this.child.printed(new RegExp(`^[\\s\\S]{${before},}${name} changed: started again in \\d+ ms`));
  }
}

describe("postern serve --dev", () => {
  test("answers, starts again when a module changes, and leaves nothing", async () => {
    const project = await Project.start();
    expect(await project.get()).toMatchObject({ status: 200, text: "one to 127.0.0.1" });
    await project.change("app.mjs", answering("two"));
    expect(await project.get()).toMatchObject({ status: 200, text: "two to 127.0.0.1" });
    expect(await project.child.stop("SIGTERM")).toBe(0);
    expect(await project.stand.remains()).toEqual([]);
  });

  test.each(["SIGINT", "SIGHUP"] as const)(
    "%s to its whole group, as from a terminal, stops it",
    async (signal) => {
      const project = await Project.start();
      await project.get();
      project.child.signalGroup(signal);
      expect(await project.child.ended).toBe(0);
      expect(await project.stand.remains()).toEqual([]);
    },
  );

  test("a request that comes while the application starts waits for it", async () => {
    const slow = `console.log("loading"); await new Promise((go) => setTimeout(go, 300));${answering("slow")}`;
    const project = await Project.start(slow);
    await project.child.printed(/loading/);
    expect(await project.get()).toMatchObject({ status: 200, text: "slow to 127.0.0.1" });
  });

  test("a request that does not end is cut off when a file changes, and that is said", async () => {
    const project = await Project.start(`
      export const app = (environ, startResponse) => {
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        return (async function* () {
          yield "begun";
          await new Promise(() => {});
        })();
      };`);
    const response = await fetch(project.stand.url("/"));
    const cut = expect(response.text()).rejects.toThrow();
    await project.change("app.mjs", answering("two"));
    await cut;
    expect(project.child.stderr).toBe(
      "1 request was cut off: not ended 500 ms after the application was to start again.\n",
    );
    expect(await project.get()).toMatchObject({ status: 200, text: "two to 127.0.0.1" });
  });

  test("new files and folders count, what the application writes does not", async () => {
    const project = await Project.start();
    await project.get();
    for (const folder of ["data", "node_modules", "static", "dist", ".cache"]) {
      mkdirSync(join(project.stand.folder, folder));
      writeFileSync(join(project.stand.folder, folder, "a.js"), "");
    }
    writeFileSync(join(project.stand.folder, "guests.json"), "[]");
    mkdirSync(join(project.stand.folder, "pages"));
    await project.change("pages/b.mjs", "");
    const said = project.child.stdout.match(/.* changed: /g);
    expect(said).toEqual(["pages/b.mjs changed: "]);
  });

  test("while the code is broken every request gets the reason, and a save mends it", async () => {
    const project = await Project.start();
    await project.change("app.mjs", "import './part.mjs';\n");
    expect((await project.get()).text).toContain("part.mjs");
    await project.change("part.mjs", "const a = 1;\nexport const b = (;\n");

    const plain = await project.get();
    expect(plain).toMatchObject({ status: 500, type: "text/plain; charset=utf-8" });
    const place = `${join(project.stand.folder, "part.mjs")}:2\nexport const b = (;\n                  ^\n\nSyntaxError: Unexpected token ';'\n`;
    expect(plain.text).toContain(place);
    expect(project.child.stderr).toContain(place);
    const html = await project.get("/", { Accept: "text/html" });
    expect(html).toMatchObject({ status: 500, type: "text/html; charset=utf-8" });
    expect(html.text).toContain("part.mjs");
    expect(html.text).toContain("Unexpected token");

    await project.change("app.mjs", answering("mended"));
    expect(await project.get()).toMatchObject({ status: 200, text: "mended to 127.0.0.1" });
  });

  test("it starts with broken code too, and mends itself when the file comes back", async () => {
    const project = await Project.start("export const app = (;");
    expect(await project.get()).toMatchObject({ status: 500 });
    rmSync(join(project.stand.folder, "app.mjs"));
    await project.child.printed(/There is no file[\s\S]*app\.mjs changed: started again/);
    await project.change("app.mjs", answering("back"));
    expect(await project.get()).toMatchObject({ status: 200 });
  });

  test("a process that ends by itself is told of, and starts again with a change", async () => {
    const project = await Project.start();
    await expect(project.get("/exit")).rejects.toThrow();
    await project.child.printed(/app\.mjs ended with status 7/);
    const { status, text } = await project.get();
    expect(status).toBe(500);
    expect(text).toMatch(
      /app\.mjs ended with status 7: what it said is in the terminal\. It starts again when a file changes\.\n$/,
    );
    await project.change("app.mjs", answering("again"));
    expect(await project.get()).toMatchObject({ status: 200 });
  });

  test("an error is shown with its source in the browser, and in the terminal once", async () => {
    const project = await Project.start();
    const { status, text } = await project.get("/fail", { Accept: "text/html,*/*" });
    expect(status).toBe(500);
    expect(text).toContain("failed on purpose");
    expect(text).toContain("app.mjs");
    expect(project.child.stderr.match(/Error: failed on purpose/g)).toHaveLength(1);
  });

  test("each request leaves a line in the terminal, and what lies in --static does not reach the application", async () => {
    const stand = await Stand.make();
    stand.module("package.json", "{}");
    stand.module("app.mjs", answering("one"));
    mkdirSync(join(stand.folder, "files"));
    stand.module("files/a.txt", "a file");
    const project = new Project(stand, "app.mjs", ["--static", join(stand.folder, "files")]);
    await project.child.printed(/for development/);
    expect((await project.get("/files/a.txt")).text).toBe("a file");
    expect((await project.get("/files/b%20c?d=e")).text).toBe("one to 127.0.0.1");
    await project.get("/fail");
    await project.child.printed(/^GET \/fail 500 \d+ ms$/m);
    expect(project.child.stdout.match(/^GET .*/gm)).toEqual([
      expect.stringMatching(/^GET \/files\/a\.txt 200 \d+ ms$/),
      expect.stringMatching(/^GET \/files\/b%20c\?d=e 200 \d+ ms$/),
      expect.stringMatching(/^GET \/fail /),
    ]);
  });

  test.each([
    ["localhost", 200],
    ["app.localhost:8080", 200],
    ["127.0.0.2", 200],
    ["[::1]:99", 200],
    ["evil.example", 403],
    ["localhost.evil.example", 403],
    ["10.0.0.1", 403],
    ["127.0.0.1.evil.example", 403],
  ])("Host %s is answered %i", async (host, status) => {
    const project = await Project.start();
    const asked = request(project.stand.url("/"), { headers: { Host: host } }).end();
    const [response] = await once(asked, "response");
    response.resume();
    expect(response.statusCode).toBe(status);
  });

  test("a port in use is one sentence and status 1", async () => {
    const stand = await Stand.make();
    const server = createServer().listen(stand.port, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    stand.module("app.mjs", answering("x"));
    const child = new Project(stand).child;
    expect(await child.ended).toBe(1);
    expect(child.output).toBe(
      `another process listens on 127.0.0.1:${stand.port}; stop it or choose another address\n`,
    );
  });

  test("TypeScript is compiled by the project's compiler, and errors stand in the source", async () => {
    const stand = await Stand.make();
    mkdirSync(join(stand.folder, "node_modules"));
    symlinkSync(join(root, "node_modules/esbuild"), join(stand.folder, "node_modules/esbuild"));
    stand.module("package.json", "{}");
    stand.module(
      "app.ts",
      "interface A {\n  a: string;\n}\nexport const app = (environ: A): string[] => {\n  throw new Error(`typed`);\n};\n",
    );
    const project = new Project(stand, "app.ts");
    await project.child.printed(/for development/);
    const { status, text } = await project.get();
    expect(status).toBe(500);
    expect(text).toContain("app.ts:5:9");
    await project.change("app.ts", "export const app = (;\n");
    expect((await project.get()).text).toMatch(/app\.ts:1\nexport const app = \(;\n {20}\^\n\nSyntaxError: /);
  });
});
