// Servers as processes: what they inherit, what signals do, what a failed start says.

import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { FastCgiClient, KEEP_CONN, responderRequest } from "../support/fastcgi-client.ts";
import { freePort, isListening } from "../support/port.ts";
import { findProgram } from "../support/programs.ts";
import { ServerProcesses } from "../support/server-process.ts";
import { until } from "../support/until.ts";

const spawnFcgi = findProgram("spawn-fcgi");

let servers: ServerProcesses;

beforeEach(() => {
  servers = new ServerProcesses();
});

afterEach(() => servers.remove());

function script(...parameters: Parameters<ServerProcesses["script"]>): string {
  return servers.script(...parameters);
}

function start(path: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Child {
  return servers.node(path, args, env);
}

function variables(path: string): [string, string][] {
  return [
    ["REQUEST_METHOD", "GET"],
    ["SCRIPT_NAME", ""],
    ["PATH_INFO", path],
  ];
}

async function ask(address: { path: string } | { port: number }, path: string): Promise<string> {
  const client = await FastCgiClient.connect(address);
  await client.send(...responderRequest(1, variables(path)));
  const { stdout } = await client.reply(1);
  client.destroy();
  return stdout.toString().split("\r\n\r\n")[1] ?? "";
}

describe("signals", () => {
  test.each([
    ["SIGTERM", "stop"],
    ["SIGINT", "stop"],
    ["SIGHUP", "reload"],
    ["SIGUSR2", "reload"],
  ] as const)("%s lets the request in progress finish and ends run() with %s", async (signal, ending) => {
    const path = servers.path("app.sock");
    const child = start(script(JSON.stringify({ bindAddress: path, protocol: "fcgi" })));
    await child.printed(/listening on/);
    const idle = await FastCgiClient.connect({ path });
    await idle.send(...responderRequest(1, variables("/idle"), { flags: KEEP_CONN }));
    await idle.reply(1);
    const slow = ask({ path }, "/slow");
    await child.printed(/^slow$/m);
    child.signal(signal);
    await until("it no longer listens", async () => !(await isListening(path)));
    servers.goOn();
    expect(await slow).toBe("/slow");
    expect(await child.ended).toBe(0);
    expect(child.stdout).toContain(`ended: ${ending}`);
    expect(existsSync(path)).toBe(false);
  });

  test("TERM while a reload waits for a request makes a stop of it", async () => {
    const path = servers.path("app.sock");
    const child = start(script(JSON.stringify({ bindAddress: path, protocol: "fcgi" })));
    await child.printed(/listening on/);
    const slow = ask({ path }, "/slow");
    await child.printed(/^slow$/m);
    child.signal("SIGHUP");
    await until("it no longer listens", async () => !(await isListening(path)));
    child.signal("SIGTERM");
    // Both signals are heard in their order, and the first one is.
    servers.goOn();
    expect(await slow).toBe("/slow");
    expect(await child.ended).toBe(0);
    expect(child.stdout).toContain("ended: stop");
  });

  test("a second TERM stops at once", async () => {
    const path = servers.path("app.sock");
    const child = start(script(JSON.stringify({ bindAddress: path, protocol: "fcgi" })));
    await child.printed(/listening on/);
    const client = await FastCgiClient.connect({ path });
    await client.send(...responderRequest(1, variables("/slow")));
    await child.printed(/^slow$/m);
    child.signal("SIGTERM");
    await until("it no longer listens", async () => !(await isListening(path)));
    child.signal("SIGTERM");
    expect((await client.reply(1)).end).toBeUndefined();
    expect(await child.ended).toBe(0);
  });

  test("USR1 does not open Node's inspector", async () => {
    const path = servers.path("app.sock");
    const child = start(script(JSON.stringify({ bindAddress: path, protocol: "fcgi" })));
    await child.printed(/listening on/);
    child.signal("SIGUSR1");
    expect(await ask({ path }, "/still")).toBe("/still");
    expect(child.output).not.toContain("Debugger listening");
  });
});

describe("told to stop before it has started", () => {
  /** Its workers never come to the end of their script, whose main thread serves. */
  function endless(workers: string): string {
    const file = servers.path("endless.mjs");
    writeFileSync(
      file,
      `import { isMainThread } from "node:worker_threads";
       import { serve } from ${JSON.stringify(compiled("serve.ts"))};
       if (process.connected || !isMainThread) {
         console.log("loading " + process.pid);
         await new Promise((resolve) => setTimeout(resolve, 60_000));
       }
       setInterval(() => {}, 60_000).unref();
       const options = { bindAddress: "./app.sock", protocol: "scgi", pidFile: "app.pid", workers: "${workers}" };
       console.log("ended: " + await serve(() => [], options).run());`,
    );
    return file;
  }

  test.each([
    ["prefork", "SIGTERM"],
    ["prefork", "SIGINT"],
    ["threads", "SIGTERM"],
  ] as const)("%s, %s: it stops at once and leaves nothing", async (workers, signal) => {
    const child = start(endless(workers));
    const [, pid] = await child.printed(/^loading (\d+)$/m);
    // As a terminal does it with Ctrl-C.
    if (signal === "SIGINT") child.signalGroup(signal);
    else child.signal(signal);
    expect(await child.ended).toBe(0);
    expect(child.stdout).toContain("ended: stop");
    expect(child.output).not.toContain("worker");
    expect(existsSync(servers.path("app.sock"))).toBe(false);
    expect(existsSync(servers.path("app.pid"))).toBe(false);
    // Whoever waits for the worker may do so a moment later.
    await until("its worker has gone", () => !existsSync(`/proc/${pid}/exe`));
  });
});

describe("errors that nothing caught", () => {
  test.each([
    ["/stray", "stray error"],
    ["/floating", "floating promise"],
  ])("%s: are logged, and the process goes on", async (path, message) => {
    const address = { path: servers.path("app.sock") };
    const child = start(script(JSON.stringify({ bindAddress: address.path, protocol: "fcgi" })));
    await child.printed(/listening on/);
    expect(await ask(address, path)).toBe(path);
    await child.printed(new RegExp(message));
    expect(await ask(address, "/still")).toBe("/still");
  });
});

describe.skipIf(spawnFcgi === undefined)("a listening socket that the process was started with", () => {
  /** Starts a program through spawn-fcgi, which leaves a listening socket on descriptor 0. */
  function inheriting(where: string[], ...program: string[]): Child {
    return servers.start(spawnFcgi ?? "", [...where, "-n", "--", ...program]);
  }

  test("on descriptor 0, a unix socket: is served as FastCGI, and left in its place", async () => {
    const path = servers.path("app.sock");
    const child = inheriting(["-s", path], process.execPath, script("{}"));
    await child.printed(/serving fcgi: descriptor 0 is a listening socket/);
    expect(await ask({ path }, "/inherited")).toBe("/inherited");
    child.signal("SIGTERM");
    expect(await child.ended).toBe(0);
    expect(existsSync(path)).toBe(true);
  });

  test("on descriptor 0, a TCP socket", async () => {
    const port = await freePort();
    const child = inheriting(["-a", "127.0.0.1", "-p", String(port)], process.execPath, script("{}"));
    await child.printed(/listening on/);
    expect(await ask({ port }, "/inherited")).toBe("/inherited");
  });

  test("a stopping server gives it up at once: nobody waits in a queue that no one empties", async () => {
    const path = servers.path("app.sock");
    const child = inheriting(["-s", path], process.execPath, script("{}"));
    await child.printed(/listening on/);
    const slow = ask({ path }, "/slow");
    await child.printed(/^slow$/m);
    child.signal("SIGTERM");
    await until("connections are refused", async () => !(await isListening(path)));
    servers.goOn();
    expect(await slow).toBe("/slow");
  });

  test("from systemd, by LISTEN_FDS", async () => {
    const path = servers.path("app.sock");
    const asSystemd = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 0</dev/null`;
    const child = inheriting(["-s", path], "/bin/sh", "-c", asSystemd, "sh", process.execPath, script("{}"));
    await child.printed(/serving fcgi: LISTEN_FDS is set/);
    expect(await ask({ path }, "/systemd")).toBe("/systemd");
  });
});

describe("a failed start is one sentence and status 1", () => {
  test.each([
    ["run()", "run.ts", "run"],
    ["WSGIServer of http", "faces/http.ts", "WSGIServer"],
    ["WSGIServer of fcgi", "faces/fcgi.ts", "WSGIServer"],
  ])("%s on a port in use", async (_name, module, name) => {
    const port = await freePort();
    const holder = createServer().listen(port, "127.0.0.1");
    await once(holder, "listening");
    const child = start(script(JSON.stringify({ bindAddress: port }), module, name), [], { POSTERN_LOG: "" });
    expect(await child.ended).toBe(1);
    expect(child.stderr).toBe(
      `postern: another process listens on 127.0.0.1:${port}; stop it or choose another address\n`,
    );
    holder.close();
  });

  test.each([
    ["a live socket", "another process listens on"],
    ["a file that is no socket", "exists and is no socket; remove it"],
  ])("%s in its place", async (kind, words) => {
    const path = servers.path("app.sock");
    const holder = createServer();
    if (kind === "a live socket") await once(holder.listen(path), "listening");
    else writeFileSync(path, "precious");
    const options = JSON.stringify({ bindAddress: path, protocol: "fcgi" });
    const child = start(script(options), [], { POSTERN_LOG: "" });
    expect(await child.ended).toBe(1);
    expect(child.stderr).toMatch(new RegExp(`^postern: [^\\n]*${words}[^\\n]*\\n$`));
    holder.close();
  });

  test("a FastCGI server without address and without a socket on descriptor 0", async () => {
    const child = start(script("{}", "faces/fcgi.ts", "WSGIServer"), [], { POSTERN_LOG: "" });
    expect(await child.ended).toBe(1);
    expect(child.stderr).toMatch(/^postern: descriptor 0 is no listening socket; name an address [^\n]*\n$/);
  });

  test.each(["fcgi", "http"])(
    "%s: one that is caught can be tried again, and leaves nothing behind",
    async (protocol) => {
      const port = await freePort();
      const holder = createServer().listen(port, "127.0.0.1");
      await once(holder, "listening");
      const path = servers.path("script.mjs");
      const options = (at: number) => JSON.stringify({ protocol, bindAddress: at });
      writeFileSync(
        path,
        `import { run } from ${JSON.stringify(compiled("run.ts"))};
       const application = () => [];
       for (let times = 0; times < 20; times++) await run(application, ${options(port)}).catch(() => {});
       const heeded = setInterval(() => {
         if (process.listenerCount("SIGTERM") === 0) return;
         clearInterval(heeded);
         setTimeout(() => { console.log("still here"); process.kill(process.pid, "SIGTERM"); }, 50);
         throw new Error("stray error");
       }, 10);
       await run(application, ${options(0)});`,
      );
      const child = start(path, [], { POSTERN_LOG: "" });
      expect(await child.ended).toBe(0);
      expect(child.stdout).toContain("still here");
      expect(child.stderr).toContain("an error that nothing caught");
      expect(child.stderr).not.toContain("Warning");
      holder.close();
    },
  );
});
