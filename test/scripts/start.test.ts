import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Child, kill } from "../support/child.ts";
import { lighttpd } from "../support/lighttpd.ts";
import { Stand } from "../support/postern.ts";
import { until } from "../support/until.ts";

const fronts = [
  { name: "lighttpd", environment: {}, missing: lighttpd === undefined },
  { name: "the embedded server", environment: { POSTERN_LIGHTTPD: "none" }, missing: false },
];

/** `npm start` with a guestbook of its own. */
async function npmStart(environment: NodeJS.ProcessEnv): Promise<{ stand: Stand; child: Child }> {
  const stand = await standFor(environment);
  return { stand, child: stand.start("npm", ["start"]) };
}

async function standFor(environment: NodeJS.ProcessEnv): Promise<Stand> {
  const stand = await Stand.make(environment);
  stand.env["GUESTBOOK_DATA"] = `${stand.folder}/data`;
  return stand;
}

/** The process that `npm start` runs: where it serves itself, it has got a name by then or is about to. */
function script(stand: Stand): number | undefined {
  const processes = stand.processes();
  const called = (name: string) => processes.find(({ command }) => command.startsWith(name));
  return (called("node scripts/start.js") ?? called("postern: app"))?.pid;
}

for (const { name, environment, missing } of fronts) {
  describe.skipIf(missing)(`npm start through ${name}`, () => {
    test("it answers on PORT, says where and through what, and keeps what is signed", async () => {
      const { stand, child } = await npmStart(environment);
      await child.printed(
        new RegExp(`${stand.url("/")} .*${name === "lighttpd" ? "behind lighttpd" : "embedded"}`),
      );

      const body = new URLSearchParams({ name: "Ann", text: "I was here" });
      const signed = await fetch(stand.url("/"), { method: "POST", body });

      expect(signed.status).toBe(200);
      expect(await signed.text()).toContain("I was here");
      const servers = stand.processes().filter(({ command }) => command.includes("lighttpd -D"));
      expect(servers).toHaveLength(name === "lighttpd" ? 1 : 0);
      await child.stop();
      expect(await stand.remains()).toEqual([]);
    });

    test.each([
      ["TERM to npm", (_: Stand, child: Child) => child.signal("SIGTERM")],
      ["TERM to the script", (stand: Stand) => kill(script(stand), "SIGTERM")],
      ["INT to npm and all it started, as Ctrl-C", (_: Stand, child: Child) => child.signalGroup("SIGINT")],
      ["HUP to npm", (_: Stand, child: Child) => child.signal("SIGHUP")],
      ["HUP to the script", (stand: Stand) => kill(script(stand), "SIGHUP")],
      ["HUP to npm and all it started", (_: Stand, child: Child) => child.signalGroup("SIGHUP")],
      ["KILL to npm", (_: Stand, child: Child) => child.signal("SIGKILL")],
    ])("%s leaves no process, socket or temporary file", async (_, stop) => {
      const { stand, child } = await npmStart(environment);
      await child.printed(/Ctrl-C stops it/);
      stop(stand, child);
      await child.ended;
      await until("nothing is left", async () => (await stand.remains()).length === 0);
      expect(child.output).not.toMatch(/\n\s+at /);
    });

    // util-linux's script starts its command on a terminal of its own; when script dies, that terminal is gone.
    test.skipIf(!existsSync("/usr/bin/script"))("a terminal that closes leaves nothing either", async () => {
      const stand = await standFor(environment);
      const child = stand.start("/usr/bin/script", [
        "--quiet",
        "--flush",
        "--command",
        "npm start",
        "/dev/null",
      ]);
      await child.printed(/Ctrl-C stops it/);
      kill(child.pid, "SIGKILL");
      await until("nothing is left", async () => (await stand.remains()).length === 0);
    });

    test("a port in use is one sentence and status 1", async () => {
      const stand = await standFor(environment);
      const server = createServer().listen(stand.port, "127.0.0.1");
      onTestFinished(() => void server.close());
      await once(server, "listening");
      const child = stand.start("npm", ["start"]);
      expect(await child.ended).toBe(1);
      expect(child.stderr).toMatch(new RegExp(`^.*${stand.port}.*\n$`, "m"));
      expect(child.output).not.toMatch(/\n\s+at /);
      expect(stand.processes()).toEqual([]);
    });
  });
}
