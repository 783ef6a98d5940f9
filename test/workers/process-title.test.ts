// What ps shows of servers: the kernel's own words for processes that were really started.

import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { ServerProcesses } from "../support/server-process.ts";

let servers: ServerProcesses;

beforeEach(() => {
  servers = new ServerProcesses();
});

afterEach(() => servers.remove());

/** What `ps -f` and `top` show. */
function shown({ pid }: Child): { command: string; short: string } {
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  return { command, short: readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd() };
}

async function serving(options: object, args: readonly string[] = [], file = "site.mjs"): Promise<Child> {
  const all = JSON.stringify({ protocol: "http", bindAddress: 0, ...options });
  const script = servers.script(all, "run.ts", "run", file);
  const child = servers.start(process.execPath, [...args, script]);
  await child.printed(/listening on/);
  return child;
}

describe("a server", () => {
  test("is called after its main script", async () => {
    expect(shown(await serving({}))).toEqual({ command: "postern: site", short: "postern: site" });
  });

  test("is called as option name says", async () => {
    const child = await serving({ name: "guestbook of the town" });
    expect(shown(child)).toEqual({ command: "postern: guestbook of the town", short: "postern: guestb" });
  });

  test("is called as POSTERN_NAME says where the application says nothing", async () => {
    const script = servers.script(JSON.stringify({ protocol: "http", bindAddress: 0 }));
    const child = servers.node(script, [], { POSTERN_NAME: "guestbook" });
    await child.printed(/listening on/);
    expect(shown(child).command).toBe("postern: guestbook");
  });

  test.each([
    ["option title is off", { title: false }, []],
    ["the process is not its own", { signals: false }, []],
  ])("is called nothing where %s", async (_name, options, args) => {
    const { command, short } = shown(await serving(options, args));
    expect(command).toBe(`${process.execPath} ${servers.path("site.mjs")}`);
    expect(short).not.toContain("postern");
  });

  test("keeps a title that it was given", async () => {
    expect(shown(await serving({}, ["--title=mine"])).command).toBe("mine");
  });
});

describe("of several processes", () => {
  /** Shows a title in a process that was started as somebody types it. */
  async function titled(command: string, calls: string): Promise<Child> {
    writeFileSync(
      servers.path("a.mjs"),
      `import { showTitle } from ${JSON.stringify(compiled("workers/process-title.ts"))};
       ${calls}
       setInterval(() => {}, 1_000);
       console.log("shown");`,
    );
    const child = servers.start("/bin/sh", ["-c", `exec ${command}`]);
    await child.printed(/^shown$/m);
    return child;
  }

  test.each([
    ['showTitle({}, "master");', "postern: master a", "postern: master"],
    ['showTitle({ name: "site" }, "worker");', "postern: worker site", "postern: worker"],
    // As what it is may change, and what it says itself is no title of somebody else.
    ['showTitle({}); showTitle({}, "worker");', "postern: worker a", "postern: worker"],
    ['showTitle({ title: false }, "worker");', expect.stringMatching(/a\.mjs$/), expect.anything()],
    ['process.title = "own"; showTitle({}, "worker");', "own", "own"],
  ])("%s", async (call, command, short) => {
    const longEnough = `${process.execPath} ${servers.path("a.mjs")}`;
    expect(shown(await titled(longEnough, call))).toEqual({ command, short });
  });

  test("what a short command line leaves no room for is cut at the end; what it is stays", async () => {
    const child = await titled("node ./a.mjs", 'showTitle({ name: "site" }, "worker");');
    const { command, short } = shown(child);
    expect(command).toBe("postern: wor");
    expect(short).toBe("postern: worker");
  });

  test("a thread leaves the title of its process alone", async () => {
    const thread = 'new (await import("node:worker_threads")).Worker(new URL(import.meta.url));';
    const calls = `import { isMainThread } from "node:worker_threads";
      if (isMainThread) { showTitle({}); ${thread} } else { showTitle({}, "worker"); console.log("in a thread"); }`;
    const child = await titled(`${process.execPath} ${servers.path("a.mjs")}`, calls);
    await child.printed(/^in a thread$/m);
    expect(shown(child)).toEqual({ command: "postern: a", short: "postern: a" });
  });
});
