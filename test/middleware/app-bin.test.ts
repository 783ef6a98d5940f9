import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AppBinOptions, appBin } from "../../lib/middleware/app-bin.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { temporaryFolder } from "../support/folder.ts";

const temporary = temporaryFolder();
const folder = join(temporary.path, "apps");

/** A module that answers with its name, SCRIPT_NAME, PATH_INFO and how often it was loaded. */
const SOURCE = (name: string, exported = "export const app =") => `
globalThis.loaded = (globalThis.loaded ?? 0) + 1;
const loaded = globalThis.loaded;
${exported} (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [["${name}", environ.SCRIPT_NAME, environ.PATH_INFO, environ.QUERY_STRING, loaded].join("|")];
};
`;

function file(name: string, source: string): void {
  const path = join(temporary.path, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, source);
}

beforeAll(() => {
  file("apps/wiki.mjs", SOURCE("wiki"));
  file("apps/deep/er/blog.mjs", SOURCE("blog", "export default"));
  file("apps/named.mjs", SOURCE("named", "export const application ="));
  file("apps/common.cjs", SOURCE("common", "exports.app ="));
  file("apps/direct.cjs", SOURCE("direct", "module.exports ="));
  file("apps/none.mjs", "export const answer = 42;");
  file("apps/broken.mjs", 'throw new Error("broken at its start");');
  file("apps/notes.txt", SOURCE("notes"));
  file("apps/.hidden.mjs", SOURCE("hidden"));
  file("apps/.git/config.mjs", SOURCE("config"));
  file("apps/node_modules/package/index.mjs", SOURCE("package"));
  file("outside.mjs", SOURCE("outside"));
  file("apps-beside/beside.mjs", SOURCE("beside"));
  symlinkSync("wiki.mjs", join(folder, "short"));
  symlinkSync("../outside.mjs", join(folder, "out.mjs"));
  symlinkSync("../apps-beside", join(folder, "aside"));
  symlinkSync("gone.mjs", join(folder, "dangling.mjs"));
});
afterAll(() => temporary.remove());

function ask(target: string, request: CallRequest = {}, options: Partial<AppBinOptions> = {}) {
  return call(validate(appBin({ folder, ...options })), target, request);
}

describe("a file of the folder", () => {
  test.each([
    ["/wiki.mjs", "wiki|/bin/wiki.mjs||"],
    ["/wiki.mjs/", "wiki|/bin/wiki.mjs|/|"],
    ["/wiki.mjs/a%2Fb/../c?x=1", "wiki|/bin/wiki.mjs|/a/b/../c|x=1"],
    ["/deep/er/blog.mjs/2026", "blog|/bin/deep/er/blog.mjs|/2026|"],
    ["/named.mjs", "named|/bin/named.mjs||"],
    ["/common.cjs/x", "common|/bin/common.cjs|/x|"],
    ["/direct.cjs/x", "direct|/bin/direct.cjs|/x|"],
    // A link in the folder gives an application a name without its ending.
    ["/short/page", "wiki|/bin/short|/page|"],
  ])("%s is run", async (target, expected) => {
    const response = await ask(target, { scriptName: "/bin" });
    expect([response.status, response.errors]).toEqual([200, ""]);
    expect(response.text.replace(/\d+$/, "")).toBe(`${expected}|`);
  });

  test("is loaded once, whatever the name it is asked for by", async () => {
    const application = appBin({ folder: pathToFileURL(`${folder}/`) });
    const answers = await Promise.all(
      ["/wiki.mjs", "/wiki.mjs", "/short"].map((target) => call(application, target)),
    );
    expect(new Set(answers.map(({ text }) => text.split("|").at(-1))).size).toBe(1);
  });

  test("has the ending that the options name", async () => {
    expect((await ask("/wiki.mjs", {}, { extensions: [".js"] })).status).toBe(404);
  });
});

describe("not found is", () => {
  test.each([
    ["the folder", "/"],
    ["no path", ""],
    ["a folder in it", "/deep/er"],
    ["a file that is not there", "/gone.mjs"],
    ["another file", "/notes.txt"],
    ["a hidden file", "/.hidden.mjs"],
    ["a file in a hidden folder", "/.git/config.mjs"],
    ["an installed package", "/node_modules/package/index.mjs"],
    ["a file above", "/../outside.mjs"],
    ["a file above, encoded", "/%2e%2e/outside.mjs"],
    ["a file above, from a folder", "/deep/../../outside.mjs"],
    ["a file beside, whose folder begins alike", "/../apps-beside/beside.mjs"],
    ["a segment of one dot", "/./wiki.mjs"],
    ["an empty segment", "//wiki.mjs"],
    ["a NUL", "/wiki.mjs%00"],
    ["a NUL in front of the ending", "/notes.txt%00.mjs"],
    ["a name that is no UTF-8", "/wiki%ff.mjs"],
    ["a link out of the folder", "/out.mjs"],
    ["a link to a folder elsewhere", "/aside/beside.mjs"],
    ["a link to nothing", "/dangling.mjs"],
  ])("%s", async (_name, target) => {
    const response = await ask(target);
    expect([response.status, response.text, response.errors]).toEqual([404, "Not Found\n", ""]);
  });
});

describe("a module that is no application", () => {
  test("is an error that the log explains", async () => {
    const response = await ask("/none.mjs");
    expect(response.status).toBe(500);
    expect(response.text).not.toContain("none.mjs");
    expect(response.errors).toContain("none.mjs exports no application");
  });

  test("that fails to load is logged with its own error, each time", async () => {
    const application = appBin({ folder });
    for (const _time of [1, 2]) {
      const response = await call(application, "/broken.mjs");
      expect(response.status).toBe(500);
      expect(response.errors).toContain("broken at its start");
    }
  });
});

describe("options", () => {
  test("a folder that is not there", () => {
    expect(() => appBin({ folder: join(folder, "gone") })).toThrow(
      /there is no folder .*gone with applications/,
    );
  });

  test.each(["js", "", ".", "./x"])("%j is no extension", (extension) => {
    expect(() => appBin({ folder, extensions: [extension] })).toThrow(/the extension .* is none/);
  });
});
