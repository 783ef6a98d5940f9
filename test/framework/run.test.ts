import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";

// Where a web server's CGI variables are, app.run() answers on standard output.
const cgi = {
  GATEWAY_INTERFACE: "CGI/1.1",
  REQUEST_METHOD: "GET",
  SCRIPT_NAME: "",
  PATH_INFO: "/",
  QUERY_STRING: "",
  SERVER_NAME: "localhost",
  SERVER_PORT: "80",
  SERVER_PROTOCOL: "HTTP/1.1",
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-run-"));
  const app = (options: string) => `
    import { application } from ${JSON.stringify(compiled("index.ts"))};
    export const app = application([["/", () => "served"]]);
    app.run(import.meta${options});
    console.error("not awaited");
  `;
  await writeFile(join(folder, "app.mjs"), app(""));
  await mkdir(join(folder, "package"));
  await writeFile(join(folder, "package", "package.json"), '{"type":"module"}');
  await writeFile(join(folder, "package", "index.js"), app(""));
  await writeFile(join(folder, "import.mjs"), 'import "./app.mjs"; console.log("imported");');
  await writeFile(
    join(folder, "wrong.mjs"),
    app(', { protocol: "http", bindAddress: "/nowhere/at/all.sock" }'),
  );
  await symlink(join(folder, "app.mjs"), join(folder, "link.mjs"));
});
afterAll(() => rm(folder, { recursive: true }));

const run = async (script: string, env: NodeJS.ProcessEnv = {}) => {
  const child = new Child(process.execPath, [join(folder, script)], {
    env: { PATH: process.env["PATH"], ...env },
  });
  const status = await child.ended;
  return { status, stdout: child.stdout, stderr: child.stderr };
};

describe("app.run(import.meta)", () => {
  test.each(["app.mjs", "link.mjs", "package"])("serves where %s is the main script", async (script) => {
    const { status, stdout, stderr } = await run(script, cgi);
    expect([status, stderr]).toEqual([0, "not awaited\n"]);
    expect(stdout).toMatch(/^Status: 200 OK\r\n[\s\S]*\r\n\r\nserved$/);
  });

  test("does nothing where the module is imported", async () => {
    expect(await run("import.mjs", cgi)).toEqual({
      status: 0,
      stdout: "imported\n",
      stderr: "not awaited\n",
    });
  });

  test("an error ends the process with status 1 and one sentence", async () => {
    const { status, stdout, stderr } = await run("wrong.mjs");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^not awaited\npostern: [^\n]*\/nowhere\/at\/all\.sock[^\n]*\n$/);
  });
});
