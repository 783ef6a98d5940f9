// From the packed tarball, as an ordinary user who has just arrived: what most people will do first.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import { lighttpd } from "../support/lighttpd.ts";
import { newcomer, ordinaryUser } from "../support/ordinary-user.ts";
import { OwnTime } from "../support/own-time.ts";
import { root, Stand } from "../support/postern.ts";

const minute = 60_000;
const quietly = ["--no-audit", "--no-fund", "--prefer-offline"];

describe.skipIf(lighttpd === undefined)("from the packed tarball", { timeout: 5 * minute }, () => {
  let folder: TemporaryFolder;
  let tarball: string;
  let env: NodeJS.ProcessEnv;
  /** How long `npx postern new` and `npm install` took, in milliseconds. */
  let madeMs: number;

  /** Runs a command to its end as the ordinary user, who owns the folder. */
  async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
    const [first = "", ...more] = [...ordinaryUser(folder.path), program, ...args];
    const child = new Child(first, more, { cwd, env });
    expect(await child.ended, child.output).toBe(0);
    return child.output;
  }

  /** Starts a command of a project as the ordinary user, on a stand of its own. */
  async function start(project: string, environment: NodeJS.ProcessEnv, ...args: string[]) {
    const stand = await Stand.make(environment);
    stand.env = { ...newcomer(stand.env, join(folder.path, "home")) };
    const [first = "", ...more] = [...ordinaryUser(folder.path, stand.folder), "npm", ...args];
    return { stand, child: stand.start(first, more, { cwd: join(folder.path, project) }) };
  }

  beforeAll(async () => {
    folder = temporaryFolder();
    chmodSync(folder.path, 0o755);
    const packed = execFileSync(
      "npm",
      ["pack", "--json", "--ignore-scripts", "--pack-destination", folder.path],
      {
        cwd: root,
        encoding: "utf8",
      },
    );
    tarball = join(folder.path, JSON.parse(packed)[0].filename);
    mkdirSync(join(folder.path, "home"));
    env = newcomer(process.env, join(folder.path, "home"));
    await run(folder.path, "npm", "install", ...quietly, tarball);
    const time = new OwnTime();
    await run(folder.path, "npx", "postern", "new", "my-site");
    await run(join(folder.path, "my-site"), "npm", "install", ...quietly);
    madeMs = time.elapsedMs();
  }, 10 * minute);

  afterAll(() => folder?.remove());

  test("the project depends on the tarball", () => {
    const manifest = JSON.parse(readFileSync(join(folder.path, "my-site/package.json"), "utf8"));
    expect(manifest.dependencies.postern).toBe(`file:${tarball}`);
  });

  test.each([
    { front: "lighttpd", environment: {}, says: /behind lighttpd/ },
    {
      front: "the embedded server",
      environment: { POSTERN_LIGHTTPD: "none" },
      says: /lighttpd is not installed/,
    },
  ])(
    "a page within a minute through $front, and nothing is left of it",
    async ({ environment, says, front }) => {
      const time = new OwnTime();
      const { stand, child } = await start("my-site", environment, "start");
      await child.printed(says, 4 * minute);
      const response = await fetch(stand.url("/"));
      const took = madeMs + time.elapsedMs();

      expect(await response.text()).toContain("<h1>Welcome</h1>");
      expect(took).toBeLessThan(minute);
      console.log(`three commands, through ${front}: ${(took / 1000).toFixed(1)} s`);
      expect((await fetch(stand.url("/static/site.css"))).status).toBe(200);
      const body = new URLSearchParams({ name: "Ann", text: "Hello" });
      expect(await (await fetch(stand.url("/guestbook"), { method: "POST", body })).text()).toContain(
        "<b>Ann</b>",
      );
      await child.stop();
      expect(await stand.remains()).toEqual([]);
    },
  );

  test("npm test passes", async () => {
    const { child } = await start("my-site", {}, "test");
    expect(await child.ended, child.output).toBe(0);
    expect(child.output).toMatch(/6 passed/);
  });

  // All of them start where they lie, too.
  test.each(["cgi", "interface"])("so it is with template %s", async (template) => {
    const project = `my-${template}`;
    await run(folder.path, "npx", "postern", "new", project, "--template", template);
    // The packages that it asks for are those of the site.
    symlinkSync(join(folder.path, "my-site/node_modules"), join(folder.path, project, "node_modules"));
    const wanted = (name: string) => {
      const { dependencies, devDependencies } = JSON.parse(
        readFileSync(join(folder.path, name, "package.json"), "utf8"),
      );
      return { dependencies, devDependencies };
    };
    expect(wanted(project)).toEqual(wanted("my-site"));
    // That its tests pass is seen where it lies.
    const { stand, child } = await start(project, {}, "start");
    await child.printed(/behind lighttpd/, 4 * minute);
    expect((await fetch(stand.url("/"))).status).toBe(200);
    await child.stop();
    expect(await stand.remains()).toEqual([]);
  });
});
