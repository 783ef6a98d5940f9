// What a server's life is made of, whatever its protocol: where it listens, how much it takes at once, how it ends.

import { existsSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { poolStatus } from "../../lib/gateway/pool-status.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { type ServeOptions, serve } from "../../lib/serve.ts";
import type { ServerOptions } from "../../lib/servers/options.ts";
import { type Answer, ask, type ListeningProtocol, listeningProtocols, refusals } from "../support/asking.ts";
import type { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { freePort, isListening } from "../support/port.ts";
import { findProgram } from "../support/programs.ts";
import { ServerProcesses } from "../support/server-process.ts";
import { until } from "../support/until.ts";

const spawnFcgi = findProgram("spawn-fcgi");
const activate = findProgram("systemd-socket-activate");

let servers: ServerProcesses;

beforeEach(() => {
  servers = new ServerProcesses();
});

afterEach(() => servers.remove());

describe.each(listeningProtocols)("a server of %s", (protocol) => {
  const asks = (at: { path: string } | { port: number }, path: string): Promise<Answer> =>
    ask(protocol, at, path);

  test("listens on all of its addresses, and none is left when it has stopped", async () => {
    const path = servers.path("app.sock");
    const port = await freePort();
    const options = JSON.stringify({ protocol, bindAddress: [path, port, `127.0.0.1:${await freePort()}`] });
    const child = servers.node(servers.script(options));
    const [, third = ""] = await child.printed(/listening on \S+ and 127\S+ and 127\.0\.0\.1:(\d+)/);
    for (const at of [{ path }, { port }, { port: Number(third) }]) {
      expect(await asks(at, "/several")).toMatchObject({ status: "200", body: "/several" });
    }
    const slow = [asks({ path }, "/slow"), asks({ port }, "/slow")];
    await child.printed(/^slow\r?\nslow$/m);
    child.signal("SIGTERM");
    await until("it no longer listens", async () => !(await isListening(path)));
    servers.goOn();
    for (const answer of slow) expect(await answer).toMatchObject({ body: "/slow" });
    expect(await child.ended).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test("takes maxConcurrent requests at once, from all of its addresses together", async () => {
    const gate = new Gate();
    const path = servers.path("app.sock");
    const port = await serving(gate.application, {
      protocol,
      bindAddress: [path, 0],
      maxConcurrent: 2,
      log: () => {},
    });
    const inside = [asks({ path }, "/first"), asks({ port }, "/second")];
    await gate.entered(2);
    for (const at of [{ path }, { port }, { path }]) {
      const answer = await asks(at, "/third");
      expect(answer.status).toBe(refusals[protocol]);
      expect(answer.headers.map(([name]) => name.toLowerCase())).not.toContain("retry-after");
    }
    gate.open();
    for (const answer of inside) expect(await answer).toMatchObject({ status: "200" });
    expect(await asks({ port }, "/third")).toMatchObject({ status: "200", body: "/third" });
    const [status] = await poolStatus();
    expect(status?.workers[0]?.counters).toMatchObject({ requests: 3, active: 0 });
  });

  test("takes one after the other where that is all it may", async () => {
    const port = await serving(new Gate(true).application, { protocol, bindAddress: 0, maxConcurrent: 1 });
    for (let times = 0; times < 3; times++) {
      expect(await asks({ port }, "/next")).toMatchObject({ status: "200" });
    }
  });

  test.each([
    ["maxConcurrent", 0],
    ["maxParamsBytes", 0],
    ["maxBodyBytes", -1],
  ])("%s is refused when it is none", async (option, small) => {
    for (const value of [small, Number.NaN, "many"]) {
      const server = serve(() => [], { protocol, bindAddress: 0, [option]: value });
      await expect(server.listening).rejects.toMatchObject({
        code: "OPTION",
        message: expect.stringContaining(`"${option}" is ${value}`),
      });
    }
  });

  test.each<[string, object]>([
    ["scriptName", { scriptName: "app" }],
    ["workers", { workers: "fork" }],
  ])("%s is refused when it is none", (option, options) => {
    expect(() => serve(() => [], { protocol, bindAddress: 0, ...options })).toThrow(
      expect.objectContaining({ code: "OPTION", message: expect.stringContaining(`"${option}" is "`) }),
    );
  });

  test.each<ServerOptions>([
    {
      maxConcurrent: Number.POSITIVE_INFINITY,
      maxParamsBytes: Number.POSITIVE_INFINITY,
      maxBodyBytes: Number.POSITIVE_INFINITY,
    },
    { maxParamsBytes: 1_000.5, maxBodyBytes: 0 },
  ])("takes %j for limits", async (limits) => {
    const port = await serving(new Gate(true).application, { protocol, bindAddress: 0, ...limits });
    expect(await asks({ port }, "/limits")).toMatchObject({ status: "200", body: "/limits" });
  });

  describe.skipIf(spawnFcgi === undefined)("started with a socket on descriptor 0 by spawn-fcgi", () => {
    test.each<[string, string, string[], NodeJS.ProcessEnv]>([
      ["an option", JSON.stringify({ protocol }), [], {}],
      ["POSTERN_SERVER", "{}", [], { POSTERN_SERVER: protocol }],
      ["a word on the command line", "{}", [protocol], {}],
    ])("knows its protocol by %s", async (_name, options, words, env) => {
      const path = servers.path("app.sock");
      const command = [process.execPath, servers.script(options), ...words];
      const child = servers.start(spawnFcgi ?? "", ["-s", path, "-n", "--", ...command], env);
      await child.printed(new RegExp(`serving ${protocol}: [^]*listening on`));
      expect(await asks({ path }, "/spawned")).toMatchObject({ status: "200", body: "/spawned" });
      child.signal("SIGTERM");
      expect(await child.ended).toBe(0);
      expect(existsSync(path)).toBe(true);
    });
  });

  describe.skipIf(activate === undefined)("started with sockets by systemd", () => {
    test("serves all of them, and knows its protocol by their name", async () => {
      const path = servers.path("app.sock");
      const port = await freePort();
      const child = await activated(
        [path, `127.0.0.1:${port}`],
        `${protocol}:${protocol}`,
        servers.script("{}"),
      );
      for (const at of [{ path }, { port }]) {
        expect(await asks(at, "/systemd")).toMatchObject({ status: "200", body: "/systemd" });
      }
      expect(child.output).toContain(`serving ${protocol}: LISTEN_FDS is set`);
      child.signal("SIGTERM");
      expect(await child.ended).toBe(0);
    });

    test("as a face of postern/server takes them, whatever their name", async () => {
      const path = servers.path("app.sock");
      await activated([path], "site", servers.script("{}", `faces/${protocol}.ts`, "WSGIServer"));
      expect(await asks({ path }, "/systemd")).toMatchObject({ status: "200", body: "/systemd" });
    });
  });
});

/** Starts a script with systemd's own program, which hands it sockets as units do, at the first connection. */
async function activated(at: readonly string[], names: string, script: string): Promise<Child> {
  const listen = at.map((address) => `--listen=${address}`);
  const options = [...listen, `--fdname=${names}`, "-EPOSTERN_LOG=debug"];
  const child = servers.start(activate ?? "", [...options, process.execPath, script]);
  await child.printed(new RegExp(`(Listening on .*\\s+){${at.length}}`));
  return child;
}

describe.skipIf(activate === undefined)("sockets of systemd", () => {
  test("that are named for two protocols are one sentence and status 1", async () => {
    const path = servers.path("app.sock");
    const child = await activated([path, servers.path("b.sock")], "http:fcgi", servers.script("{}"));
    ask("http", { path }, "/").catch(() => {});
    expect(await child.ended).toBe(1);
    expect(child.stderr).toMatch(/^postern: the names of systemd's sockets say http and fcgi, [^\n]*\n$/m);
    expect(child.stderr).not.toMatch(/^ +at /m);
  });

  test("are nothing that programs know which the application starts", async () => {
    const path = servers.path("app.sock");
    const program = `
      const { readdirSync, fstatSync } = require("node:fs");
      const sockets = readdirSync("/proc/self/fd").filter((fd) => {
        try { return fd > 2 && fstatSync(Number(fd)).isSocket(); } catch { return false; }
      });
      const variables = Object.keys(process.env).filter((name) => name.startsWith("LISTEN_"));
      console.log("told: " + JSON.stringify({ variables, sockets }));`;
    const start = `import("node:child_process").then(({ spawn }) => {
      spawn(process.execPath, ["-e", ${JSON.stringify(program)}], { stdio: "inherit" });
    })`;
    const log = `(level, line) => { if (line.startsWith("listening on")) ${start}; }`;
    const child = await activated([path], "fcgi", servers.script(`{ log: ${log} }`));
    expect(await ask("fcgi", { path }, "/systemd")).toMatchObject({ body: "/systemd" });
    const [, told = ""] = await child.printed(/^told: (.*)$/m);
    expect(JSON.parse(told)).toEqual({ variables: [], sockets: [] });
  });
});

describe("LISTEN_FDS", () => {
  test.each([
    ["nonsense", "LISTEN_FDS=nonsense is no number of descriptors"],
    ["1000000000", "LISTEN_FDS=1000000000 is no number of descriptors"],
    ["1", "descriptor 3 is no listening socket"],
  ])("%s without such sockets is one sentence and status 1", async (count, words) => {
    const script = `LISTEN_PID=$$ LISTEN_FDS=${count} POSTERN_LOG= exec "$@" 3</dev/null`;
    const child = servers.start("/bin/sh", ["-c", script, "sh", process.execPath, servers.script("{}")]);
    expect(await child.ended).toBe(1);
    expect(child.stderr).toMatch(new RegExp(`^postern: ${words}[^\\n]*\\n$`));
  });
});

test.skipIf(spawnFcgi === undefined)(
  "a second server of a process cannot take the sockets of the first",
  async () => {
    const script = servers.path("two.mjs");
    writeFileSync(
      script,
      `import { serve } from ${JSON.stringify(compiled("serve.ts"))};
     await serve(() => [], { protocol: "fcgi" }).listening;
     await serve(() => [], { protocol: "http" }).listening.catch(({ code, message }) => console.log(code, message));
     process.exit();`,
    );
    const asSystemd = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 0</dev/null`;
    const command = ["/bin/sh", "-c", asSystemd, "sh", process.execPath, script];
    const child = servers.start(spawnFcgi ?? "", ["-s", servers.path("app.sock"), "-n", "--", ...command]);
    expect(await child.ended).toBe(0);
    expect(child.stdout).toMatch(
      /^ADDRESS_IN_USE another server of this process listens on descriptor 3; name an/,
    );
  },
);

/** Serves in this process, until the test has finished; gives the port. */
async function serving(
  application: Application,
  options: ServeOptions & { protocol: ListeningProtocol },
): Promise<number> {
  const server = serve(application, options);
  onTestFinished(() => server.close());
  const address = (await server.listening).find((one) => "port" in one);
  return address !== undefined && "port" in address ? address.port : 0;
}

/** An application whose answers wait until it is opened. */
class Gate {
  #inside = 0;
  #told: () => void = () => {};
  #open: () => void = () => {};
  readonly #opened: Promise<void>;

  constructor(open = false) {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    if (open) this.#open();
  }

  readonly application: Application = async (environ, startResponse) => {
    this.#inside++;
    this.#told();
    await this.#opened;
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [environ.PATH_INFO];
  };

  async entered(count: number): Promise<void> {
    while (this.#inside < count) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  open(): void {
    this.#open();
  }
}
