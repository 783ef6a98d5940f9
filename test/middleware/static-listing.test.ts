// The option `listing` of static files.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { staticApplication } from "../../lib/middleware/static-files.ts";
import { call } from "../../lib/testing/call.ts";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder();
const root = join(folder.path, "public");

beforeAll(() => {
  for (const name of ["sub/deep", "indexed", ".git"]) mkdirSync(join(root, name), { recursive: true });
  for (const name of [
    "b.txt",
    "a<b>&'\".txt",
    "javascript:alert(1)",
    "\u00fc 1%.txt",
    "back\\slash",
    ".env",
    "sub/c.txt",
    "indexed/index.html",
  ])
    writeFileSync(join(root, name), "x");
  writeFileSync(join(folder.path, "secret.txt"), "x");
  symlinkSync("../secret.txt", join(root, "out.txt"));
  symlinkSync("b.txt", join(root, "in.txt"));
  symlinkSync("nowhere", join(root, "broken"));
});
afterAll(() => folder.remove());

const linksOf = (page: string) => [...page.matchAll(/href="([^"]*)"/g)].map(([, link]) => link);

test("lists what can be asked for, escaped, and each link leads there", async () => {
  const files = staticApplication(root, { listing: true });
  const response = await call(files, "/");
  expect(response.status).toBe(200);
  expect(response.header("Content-Type")).toBe("text/html; charset=utf-8");
  const links = linksOf(response.text);
  expect(links).toHaveLength(7);
  expect(links).toContain("./sub/");
  expect(links).toContain("./in.txt");
  expect(links).toContain("./javascript:alert(1)");
  expect(links).toContain("./%C3%BC%201%25.txt");
  expect(response.text).not.toMatch(/<b>|secret|out\.txt|\.env|\.git|broken|slash/);
  for (const link of links) {
    const { pathname } = new URL(
      (link as string).replaceAll("&#39;", "'").replaceAll("&amp;", "&"),
      "http://x/",
    );
    expect([pathname, (await call(files, pathname)).status]).toEqual([pathname, 200]);
  }
});

test("a folder is redirected to its slash, one with an index has that, one below leads back", async () => {
  const files = staticApplication(root, { listing: true });
  expect((await call(files, "/sub", { scriptName: "/files" })).header("Location")).toBe("/files/sub/");
  expect((await call(files, "/indexed/")).text).toBe("x");
  const { text } = await call(files, "/sub/");
  expect(text).toContain("<title>Index of /sub/</title>");
  expect(linksOf(text)).toEqual(["./../", "./c.txt", "./deep/"]);
  for (const path of ["/.git/", "/.git", "/none/", "/b.txt/"])
    expect((await call(files, path)).status).toBe(404);
  expect((await call(files, "/", { method: "POST" })).status).toBe(405);
});

test("is off by default", async () => {
  for (const path of ["/", "/sub/", "/sub"])
    expect((await call(staticApplication(root), path)).status).toBe(404);
});
