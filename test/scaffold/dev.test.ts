// npm run dev of a project in TypeScript: pages, a change, a mistake and its repair, without a hand on the server.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import { Stand } from "../support/postern.ts";
import { newProject } from "../support/project.ts";
import { until } from "../support/until.ts";

let folder: TemporaryFolder;

beforeAll(() => {
  folder = temporaryFolder();
});

afterAll(() => folder.remove());

test("npm run dev shows a change, survives a syntax error and recovers on save", async () => {
  const project = newProject(folder.path, { template: "site" });
  const stand = await Stand.make({ DATA_FOLDER: join(folder.path, "data") });
  const child = stand.start("npm", ["run", "dev"], { cwd: project });
  await child.printed(/for development: it starts again when a file changes/, 60_000);

  const page = async () => {
    // A connection of its own: a kept one goes with the process that is replaced.
    const response = await fetch(stand.url("/"), { headers: { Accept: "text/html", Connection: "close" } });
    return { status: response.status, text: await response.text() };
  };
  const shows = (status: number, text: string) =>
    until(
      `${status} ${text}`,
      async () => {
        const shown = await page();
        return shown.status === status && shown.text.includes(text);
      },
      60_000,
    );
  const source = join(project, "app.ts");
  const right = readFileSync(source, "utf8");

  await shows(200, "<h1>Welcome</h1>");
  writeFileSync(source, right.replace('"Welcome"', '"Changed"'));
  await shows(200, "Changed");
  writeFileSync(source, `${right}\nconst = broken;\n`);
  await shows(500, "app.ts");
  writeFileSync(source, right);
  await shows(200, "Welcome");

  await child.stop("SIGTERM");
  await until("nothing is left", async () => (await stand.remains()).length === 0);
}, 120_000);
