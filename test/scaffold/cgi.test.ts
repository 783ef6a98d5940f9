// cgi-bin/index.cgi of a project under real web servers, which start it anew for every request.

import { chmodSync, cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { apache, startApache } from "../support/apache.ts";
import { Child } from "../support/child.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import { installPackages } from "../support/installation.ts";
import { cgi, lighttpd, startLighttpd } from "../support/lighttpd.ts";
import { ordinaryUser } from "../support/ordinary-user.ts";
import { cli } from "../support/postern.ts";
import { newProject } from "../support/project.ts";
import { page, visit } from "../support/site-visit.ts";

const path = [dirname(process.execPath), "/usr/bin", "/bin"].join(":");

let folder: TemporaryFolder;

beforeAll(() => {
  folder = temporaryFolder();
});

afterAll(() => folder?.remove());

/** A site that another user may run: with copies of the packages that it needs, since a link may lead where that user may not. */
function siteForEverybody(): string {
  const place = join(folder.path, "everybody");
  mkdirSync(place);
  const project = newProject(place, { template: "site", js: true }, "no packages");
  installPackages(project);
  chmodSync(folder.path, 0o755);
  ordinaryUser(project);
  return project;
}

test.each([
  { template: "cgi", js: true },
  { template: "interface", js: false },
] as const)("postern bundle makes a script as the README says: %j", async ({ template, js }) => {
  const place = join(folder.path, `bundled-${template}`);
  mkdirSync(place);
  const project = newProject(place, { template, js });
  const command = /npx postern (bundle [\w. ]+)/.exec(readFileSync(join(project, "README.md"), "utf8"))?.[1];
  const child = new Child(process.execPath, [cli, ...String(command).split(" ")], { cwd: project });
  expect(await child.ended, child.output).toBe(0);
  expect(child.output).toMatch(
    /^cgi-bin\/main\.cgi: \d+ kB\nGET \/: 200 OK\ncgi-bin\/main\.cgi\.cache: \d+ kB\n$/,
  );
});

describe.skipIf(lighttpd === undefined)("lighttpd's mod_cgi", () => {
  test.each(["/", "/app"] as const)("runs the site's script at %s", async (mount) => {
    const place = join(folder.path, `lighttpd${mount.length}`);
    mkdirSync(place);
    const project = newProject(place, { template: "site", js: true });
    const script = join(project, "cgi-bin/index.cgi");
    const front = await startLighttpd(cgi(script, mount, { DATA_FOLDER: join(place, "data") }));
    onTestFinished(front.stop);
    await visit(front.url(mount === "/" ? "" : mount));
  });
});

describe.skipIf(apache === undefined)("Apache's mod_cgid", () => {
  const project = () => join(folder.path, "everybody/my-site");
  beforeAll(siteForEverybody);

  test.each(["/", "/app"])("runs the site's script at %s", async (mount) => {
    const script = `${project()}/cgi-bin/index.cgi`;
    const server = await startApache(
      `
        ScriptAlias ${mount} ${script}${mount === "/" ? "/" : ""}
        SetEnv PATH ${path}
        SetEnv DATA_FOLDER ${project()}/data${mount.length}
        <Directory ${project()}/cgi-bin>
          Require all granted
        </Directory>
      `,
      ["cgid"],
    );
    onTestFinished(server.stop);
    await visit(server.url(mount === "/" ? "" : mount));
    expect(server.log()).not.toMatch(/\[cgid?:error\]/);
  });

  test("runs the script of template cgi with the configuration that comes with it", async () => {
    const script = newProject(join(folder.path, "everybody"), { template: "cgi", js: true }, "no packages");
    cpSync(join(project(), "node_modules"), join(script, "node_modules"), { recursive: true });
    const config = readFileSync(join(script, "deploy/apache.conf"), "utf8");
    const server = await startApache(
      config.replaceAll("/srv/site", script).replace("/usr/local/bin:/usr/bin:/bin", path),
      ["cgid"],
    );
    onTestFinished(server.stop);
    expect(await page(await fetch(server.url("/app/?name=Ann")))).toContain("<h1>Hello, Ann!</h1>");
    expect(await page(await fetch(server.url("/app")))).toContain('<form action="/app/">');
  });
});
