// The file whose change reloads: what a server does that cannot look at it. What it reloads is in prefork-reload.test.ts.

import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ServerProcesses } from "../support/server-process.ts";

let servers: ServerProcesses;

beforeEach(() => {
  servers = new ServerProcesses();
});

afterEach(() => servers.remove());

test.each(["single", "prefork"])(
  "%s: one that cannot be looked at fails the start in one sentence, and nothing is left",
  async (workers) => {
    const restartFile = servers.path("restart.txt");
    // Nobody may follow it, not even a user who may look into each folder.
    symlinkSync(restartFile, restartFile);
    const [bindAddress, pidFile] = [servers.path("app.sock"), servers.path("app.pid")];
    const options = { protocol: "fcgi", workers, bindAddress, pidFile, restartFile };
    const child = servers.node(servers.script(JSON.stringify(options)), [], { POSTERN_LOG: "error" });
    expect(await child.ended).toBe(1);
    expect(child.stderr).toMatch(
      /^postern: the restart file \S+ cannot be looked at \(ELOOP: [^\n]*\); choose another path, [^\n]*\n$/,
    );
    expect([bindAddress, pidFile].filter((path) => existsSync(path))).toEqual([]);
  },
);

test("a folder is refused with a file in it", async () => {
  const restartFile = servers.path("tmp");
  mkdirSync(restartFile);
  const options = { protocol: "fcgi", bindAddress: servers.path("app.sock"), restartFile };
  const child = servers.node(servers.script(JSON.stringify(options)), [], { POSTERN_LOG: "error" });
  expect(await child.ended).toBe(1);
  expect(child.stderr).toBe(
    `postern: the restart file ${restartFile} is a folder; name a file in it, such as ${restartFile}/restart.txt\n`,
  );
});
