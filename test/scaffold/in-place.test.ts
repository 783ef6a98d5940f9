// Each template runs as it lies in templates/, and its other language as a project.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { lighttpd, startLighttpd } from "../support/lighttpd.ts";
import { root, Stand } from "../support/postern.ts";
import { newProject, type TemplateName, templateNames } from "../support/project.ts";

const says: Readonly<Record<TemplateName, RegExp>> = {
  site: /<h1>Welcome<\/h1>/,
  api: /^\{"notes":"\/notes"\}$/,
  cgi: /<h1>Hello!<\/h1>/,
  interface: /^Hello World! You asked for \/\n$/,
};

const kinds = templateNames.flatMap((template) => [
  { template, where: "as it lies", js: false },
  { template, where: "in JavaScript, after postern new", js: true },
]);

describe.skipIf(lighttpd === undefined)("templates", { timeout: 120_000 }, () => {
  // The tests in JavaScript are those in TypeScript without their types: one project's show that they run.
  test.each(kinds)("$template, $where: npm test passes, npm start answers", async ({ template, js }) => {
    const stand = await Stand.make();
    stand.env["DATA_FOLDER"] = join(stand.folder, "data");
    const cwd = js ? newProject(stand.folder, { template, js }) : join(root, "templates", template);

    if (!js || template === "site") {
      const tests = stand.start("npm", ["test"], { cwd });
      expect(await tests.ended, tests.output).toBe(0);
    }

    const child = stand.start("npm", ["start"], { cwd });
    await child.printed(/behind lighttpd/);
    expect(await (await fetch(stand.url("/"))).text()).toMatch(says[template]);
    await child.stop();
    expect(await stand.remains()).toEqual([]);
  });

  test.each(templateNames)("%s: importing app.js starts nothing and prints nothing", async (template) => {
    const stand = await Stand.make();
    const project = newProject(stand.folder, { template, js: true });
    const script =
      'const { app } = await import("./app.js"); process.exitCode = typeof app === "function" ? 7 : 1;';
    const child = stand.start(process.execPath, ["--input-type=module", "--eval", script], { cwd: project });
    expect(await child.ended).toBe(7);
    expect(child.output).toBe("");
  });

  test.each(templateNames)(
    "%s: deploy/lighttpd.conf passes lighttpd's test, and serves",
    async (template) => {
      const folder = temporaryFolder();
      onTestFinished(folder.remove);
      const project = newProject(folder.path, { template, js: true });
      const path = join(project, "deploy/lighttpd.conf");
      const checked = spawnSync(String(lighttpd), ["-tt", "-f", path], { cwd: project, encoding: "utf8" });
      expect({ status: checked.status, words: checked.stderr }).toEqual({ status: 0, words: "" });

      const config = readFileSync(path, "utf8").replaceAll("var.CWD", `"${project}"`);
      const modules = /^server\.modules = \((.*)\)$/m.exec(config)?.[1]?.match(/\w+/g) ?? [];
      // The test's lighttpd has its own port and folders.
      const own = config.replaceAll(
        /^server\.(modules|bind|port|document-root|upload-dirs|stream-\S+) .*$/gm,
        "",
      );
      const path_ = `${join(process.execPath, "..")}:/usr/bin:/bin`;
      const front = await startLighttpd({
        modules,
        config: own.replace("/usr/local/bin:/usr/bin:/bin", path_),
      });
      onTestFinished(front.stop);
      const response = await fetch(front.url("/"));
      expect(await response.text(), front.log()).toMatch(says[template]);
      if (template === "site") {
        const style = await fetch(front.url("/static/site.css"));
        expect([style.headers.get("content-type"), style.headers.has("etag")]).toEqual([
          "text/css; charset=utf-8",
          true,
        ]);
      }
    },
  );
});
