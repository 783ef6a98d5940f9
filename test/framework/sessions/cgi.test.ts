// Sessions of scripts: each request is a process of its own, which ends with its response.

import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { parseCgiResponse } from "../../support/cgi-response.ts";
import { cgiVariables } from "../../support/cgi-variables.ts";
import { Child } from "../../support/child.ts";
import { compiled } from "../../support/dist.ts";
import { temporaryFolder } from "../../support/folder.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly cookie: string | undefined;
  readonly log: string;
}

/** Starts the script for one request, as a web server does. */
async function run(store: string, target: string, cookie = "", method = "GET"): Promise<Answer> {
  const request = { method, target, headers: cookie === "" ? [] : [["Cookie", cookie] as const] };
  const server = { scriptName: "/cgi-bin/app", serverName: "localhost", serverPort: "80" };
  const child = new Child(process.execPath, [join(import.meta.dirname, "programs/application.js")], {
    env: {
      ...Object.fromEntries(cgiVariables(request, server)),
      DIST: dirname(fileURLToPath(compiled("index.ts"))),
      STORE: store,
    },
  });
  const exit = await child.ended;
  expect(exit, child.output).toBe(0);
  const { status, headers, body } = parseCgiResponse(Buffer.from(child.stdout), true);
  const line = headers.find(([name]) => name === "Set-Cookie")?.[1];
  if (line !== undefined) expect(line).toMatch(/; Path=\/cgi-bin\/app\/; HttpOnly; SameSite=Lax$/);
  return { status, text: String(body), cookie: line?.split(";")[0], log: child.stderr };
}

const secrets = ["a secret of thirty-two characters", "an older secret of 32 characters."];
const disk = `disk=${join(folder.path, "sessions")}`;

test("a sealed cookie carries the session from one process to the next", async () => {
  const first = await run(`cookie=${secrets[1]}`, "/add");
  expect(first).toMatchObject({ status: 200, text: '{"count":1}', log: "" });
  expect(first.cookie).toMatch(/^session=[\w-]{60,}$/);
  // Another script has a new key in front.
  const second = await run(`cookie=${secrets.join("|")}`, "/set/user/ada", first.cookie);
  expect(second.cookie).not.toBe(first.cookie);
  const head = await run(`cookie=${secrets[0]}`, "/add", second.cookie, "HEAD");
  expect(head).toMatchObject({ status: 200, text: "", log: "" });
  const seen = await run(`cookie=${secrets[0]}`, "/see", head.cookie);
  expect(JSON.parse(seen.text)).toEqual({ count: 2, user: "ada" });
  expect(seen.cookie).toBeUndefined();
  // The older key has sealed nothing of this any more, and a cookie that is cut is a new session.
  const cut = await run(`cookie=${secrets[0]}`, "/see", head.cookie?.slice(0, -1));
  expect(cut).toMatchObject({ status: 200, text: '{"count":0}', log: "" });
}, 60_000);

test("a folder keeps it, also for scripts that run at once", async () => {
  const { cookie, log } = await run(disk, "/set/user/ada");
  expect(log).toBe("");
  const counts = await Promise.all([1, 2, 3].map(() => run(disk, "/add", cookie)));
  expect(counts.map(({ text }) => text).sort()).toEqual(['{"count":1}', '{"count":2}', '{"count":3}']);
  expect(JSON.parse((await run(disk, "/see", cookie)).text)).toEqual({ count: 3, user: "ada" });
  expect(readdirSync(join(folder.path, "sessions"))).toEqual([cookie?.slice("session=".length)]);
}, 60_000);

test("the memory of one process is warned of", async () => {
  const { status, log } = await run("memory=", "/set/user/ada");
  expect(status).toBe(200);
  expect(log).toMatch(/^sessions are kept in the memory of one process or thread[^\n]*\n$/);
}, 60_000);
