import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, Stand } from "../support/postern.ts";

/** util-linux's script gives its command a terminal. */
const script = "/usr/bin/script";

/** `postern new` on a terminal, in an empty folder, when it has asked. */
async function asked() {
  const stand = await Stand.make();
  const command = `${process.execPath} ${cli} new`;
  const args = ["--quiet", "--flush", "--return", "--command", command, "/dev/null"];
  const child = stand.start(script, args, { cwd: stand.folder, typing: true });
  await child.printed(/Folder of the new project \(my-site\): /);
  return { child, has: (path: string) => existsSync(join(stand.folder, path)) };
}

describe.skipIf(!existsSync(script))("postern new on a terminal, without a name", () => {
  test("Return takes the name that is proposed", async () => {
    const { child, has } = await asked();
    child.type("\r");
    expect(await child.ended).toBe(0);
    expect(has("my-site/package.json")).toBe(true);
  });

  test("a name that npm refuses is asked for again", async () => {
    const { child, has } = await asked();
    child.type("My Site\r");
    await child.printed(/it has capital letters[\s\S]*\(my-site\): /);
    child.type("other\r");
    expect(await child.ended).toBe(0);
    expect(has("other/package.json")).toBe(true);
  });

  test.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("%s makes nothing and says nothing", async (_, key) => {
    const { child, has } = await asked();
    child.type(key);
    expect(await child.ended).toBe(1);
    expect(child.output).not.toMatch(/\n\s+at |Error/);
    expect(has("my-site")).toBe(false);
  });
});
