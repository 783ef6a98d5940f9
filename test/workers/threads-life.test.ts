// A pool of threads from its start to its end: what is announced, reloaded, stopped and told of it.

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CounterValues } from "../../lib/gateway/counters.ts";
import type { PoolStatus } from "../../lib/gateway/pool-status.ts";
import type { ServeOptions } from "../../lib/serve.ts";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { FastCgiClient, responderRequest } from "../support/fastcgi-client.ts";
import { temporaryFolder } from "../support/folder.ts";
import { isListening } from "../support/port.ts";
import { ThreadProgram, type ThreadProgramOptions } from "../support/thread-program.ts";
import { until } from "../support/until.ts";

async function start(handlers: string, options: ThreadProgramOptions = {}): Promise<ThreadProgram> {
  const program = await ThreadProgram.start(handlers, options);
  onTestFinished(async () => {
    await program.stop();
  });
  return program;
}

const slow = `
  "/slow": async (environ, startResponse) => {
    say("slow");
    await exists(environ.QUERY_STRING);
    return text(startResponse, "slow " + version);
  },
  "/version": (_environ, startResponse) => text(startResponse, version),
`;
const version = (name: string) => ({ before: `const version = "${name}";` });

describe("a reload", () => {
  test.each(["SIGHUP", "SIGUSR2"] as const)(
    "%s loads the application anew and loses no request",
    async (signal) => {
      const program = await start(slow, version("one"));
      const go = join(program.folder, "go");
      const inFlight = program.text(`/slow?${go}`);
      await program.child.printed(/^slow$/m);
      program.write(slow, version("two"));
      const answers: Promise<string>[] = [];
      const asking = setInterval(() => answers.push(program.text("/version")), 20);
      program.child.signal(signal);
      await program.child.printed(/reloaded: 2 new threads\n/);
      clearInterval(asking);
      expect(await program.text("/version")).toBe("two");
      writeFileSync(go, "");
      expect(await inFlight).toBe("slow one");
      const versions = new Set(await Promise.all(answers));
      expect([...versions].filter((found) => found !== "one" && found !== "two")).toEqual([]);
      // The old threads come to the end of their script.
      await until("both have ended", () => program.child.stdout.match(/^ended: \d+ stop$/gm)?.length === 2);
    },
  );

  test.each([
    ["does not compile", "const x = ;", /Unexpected token ';' \(file:.*program\.mjs:\d+/],
    ["lacks a module", 'import "./missing.mjs";', /Cannot find module '.*missing\.mjs'/],
    ["fails", 'throw new Error("not today");', /not today \(file:.*program\.mjs:\d+/],
    ["does not compile in a module", 'import "./broken.mjs";', /Unexpected token ';' \(file:.*broken\.mjs:1/],
  ])("whose code %s leaves the threads that serve, and says why", async (_name, before, why) => {
    const program = await start(slow, version("one"));
    writeFileSync(join(program.folder, "broken.mjs"), "const x = ;\n");
    program.write(slow, { before });
    program.child.signal("SIGHUP");
    const [line] = await program.child.printed(/not reloaded: .*; the old ones go on\n/);
    expect(line).toMatch(why);
    expect(await Promise.all([program.text("/version"), program.text("/version")])).toEqual(["one", "one"]);
    program.write(slow, version("two"));
    program.child.signal("SIGHUP");
    await program.child.printed(/postern: reloaded: /);
    expect(await program.text("/version")).toBe("two");
  });
});

describe("a reload while another thread starts with the old code", () => {
  const handlers = `
    "/version": async (_environ, startResponse) => {
      await sleep(50);
      return text(startResponse, threadId + " " + version);
    },
    "/exit": () => process.exit(3),
  `;
  /** What starts as long as there is a file "hold" waits for one that is called as its version. */
  const held = (name: string) => ({
    before: `const version = "${name}";
    const there = (name) => new URL(name, import.meta.url);
    if (!isMainThread && existsSync(there("hold"))) {
      say("starting " + version);
      await exists(there(version));
    }`,
  });

  async function startHeld(serve: Partial<ServeOptions>) {
    const program = await start(handlers, { ...held("one"), serve });
    const make = (name: string) => writeFileSync(join(program.folder, name), "");
    make("hold");
    const reload = async () => {
      program.write(handlers, held("two"));
      program.child.signal("SIGHUP");
      await program.child.printed(/^starting two$/m);
    };
    return { program, make, reload };
  }

  test("in the place of one that is over renews that one too", async () => {
    const { program, make, reload } = await startHeld({ maxThreads: 1, maxRequests: 1 });
    const first = await program.text("/version");
    await program.child.printed(/^starting one$/m);
    await reload();
    make("one");
    await until("it has taken the place", async () => (await program.text("/version")) !== first);
    make("two");
    await program.child.printed(/reloaded: 1 new thread\n/);
    expect(await program.text("/version")).toMatch(/^\d+ two$/);
  });

  test("in the place of one that has ended waits for that one and renews it", async () => {
    const { program, make, reload } = await startHeld({ maxThreads: 2 });
    expect((await program.ask("/exit")).status).toBe(500);
    await program.child.printed(/^starting one$/m);
    await reload();
    make("two");
    await until("the first one is new", async () => (await program.text("/version")).endsWith("two"));
    make("one");
    await program.child.printed(/reloaded: 2 new threads\n/);
    const answers = await Promise.all([program.text("/version"), program.text("/version")]);
    expect(new Set(answers).size).toBe(2);
    expect(answers.filter((answer) => !answer.endsWith(" two"))).toEqual([]);
  });
});

describe("a stop", () => {
  test("lets requests in progress and in the queue finish, and the script go on behind the server", async () => {
    const watching = `if (isMainThread) setInterval(async () => {
      for (const { waiting } of await poolStatus()) if (waiting > 0) say("waiting: " + waiting);
    }, 10).unref();`;
    const program = await start(slow, {
      before: `${version("one").before}\n${watching}`,
      serve: { maxThreads: 1 },
    });
    const go = join(program.folder, "go");
    const first = program.text(`/slow?${go}`);
    await program.child.printed(/^slow$/m);
    const second = program.text("/version");
    await program.child.printed(/^waiting: 1$/m);
    program.child.signal("SIGTERM");
    await until("it no longer listens", async () => !(await isListening(program.port)));
    writeFileSync(go, "");
    expect(await Promise.all([first, second])).toEqual(["slow one", "one"]);
    expect(await program.child.ended).toBe(0);
    expect(program.child.stdout).toMatch(/^ended: 0 stop$/m);
    expect(program.child.stdout).toMatch(/^ended: 1 stop$/m);
  });

  test("gives up what takes longer than its grace", async () => {
    const program = await start(`"/stuck": () => { say("stuck"); for (;;); },`, {
      serve: { shutdownGraceMs: 200 },
    });
    const asked = program.ask("/stuck").catch(() => "no answer");
    await program.child.printed(/^stuck$/m);
    program.child.signal("SIGTERM");
    expect(await program.child.ended).toBe(0);
    expect(await asked).toBe("no answer");
  });

  test("at once, by a second TERM", async () => {
    const program = await start(`"/stuck": () => { say("stuck"); for (;;); },`);
    const asked = program.ask("/stuck").catch(() => "no answer");
    await program.child.printed(/^stuck$/m);
    program.child.signal("SIGTERM");
    await until("it no longer listens", async () => !(await isListening(program.port)));
    program.child.signal("SIGTERM");
    expect(await asked).toBe("no answer");
    expect(await program.child.ended).toBe(0);
  });
});

test("poolStatus() tells of all threads, in each of them", async () => {
  const program = await start(
    `"/fail": () => { throw new Error("on purpose"); },
    "/status": async (_environ, startResponse) => text(startResponse, JSON.stringify(await poolStatus())),`,
  );
  for (let times = 0; times < 3; times++) await program.text("/");
  expect((await program.ask("/fail")).status).toBe(500);
  const [pool] = JSON.parse(await program.text("/status")) as PoolStatus[];
  expect(pool).toMatchObject({
    protocol: "http",
    model: "threads",
    addresses: [{ host: "127.0.0.1", port: program.port }],
    pid: program.child.pid,
    crashes: 0,
    waiting: 0,
    ended: { accepted: 5, requests: 0, errors: 0 },
  });
  const workers = pool?.workers ?? [];
  expect(workers).toHaveLength(2);
  const sum = (name: "requests" | "errors" | "active") =>
    workers.reduce((total, { counters }) => total + counters[name], 0);
  expect([sum("requests"), sum("errors"), sum("active")]).toEqual([5, 1, 1]);
  for (const worker of workers) {
    expect(worker).toMatchObject({ pid: program.child.pid, generation: 1, state: "ready" });
    expect(worker.memoryBytes).toBeGreaterThan(1_000_000);
  }
  expect(new Set(workers.map(({ thread }) => thread)).size).toBe(2);
});

describe("errors in poolStatus()", () => {
  const handlers = `
    "/rejects": async (environ) => {
      say("begun");
      await sleep(60_000, undefined, { signal: environ["postern.signal"] });
    },
    "/heeds": async (environ, startResponse) => {
      await new Promise((resolve) => environ["postern.signal"].addEventListener("abort", resolve));
      return text(startResponse, "too late");
    },
    "/computes": () => {
      say("begun");
      for (;;);
    },
    "/totals": async (_environ, startResponse) => {
      const [pool] = await poolStatus();
      return text(startResponse, JSON.stringify(totalsOf(pool)));
    },
  `;
  const before = `import { totalsOf } from ${JSON.stringify(compiled("gateway/pool-status.ts"))};`;

  /** How many there are when no request but the one that asks is left. */
  async function errorsOf(program: ThreadProgram): Promise<number> {
    let errors = -1;
    await until("the request is over", async () => {
      const totals = JSON.parse(await program.text("/totals")) as CounterValues;
      errors = totals.errors;
      return totals.active === 1;
    });
    return errors;
  }

  test.each([
    ["single", "/rejects"],
    ["threads", "/rejects"],
    ["threads", "/computes"],
  ] as const)("are no clients that go away: %s, %s", async (workers, path) => {
    const program = await start(handlers, {
      before,
      // Only what computes has to wait for it.
      serve: { workers, requestTimeoutMs: path === "/computes" ? 2_000 : 30_000 },
    });
    const request = program.begin(path).end();
    await program.child.printed(/^begun$/m);
    request.destroy();
    expect(await errorsOf(program)).toBe(0);
  });

  test.each([
    ["single", "/rejects"],
    ["single", "/heeds"],
    ["threads", "/rejects"],
    ["threads", "/heeds"],
    ["threads", "/computes"],
  ] as const)("are time-outs, once, whatever becomes of their application: %s, %s", async (workers, path) => {
    const program = await start(handlers, {
      before,
      serve: { workers, requestTimeoutMs: 1_000 },
    });
    expect((await program.ask(path)).status).toBe(504);
    expect(await errorsOf(program)).toBe(1);
  });
});

describe("a script", () => {
  function run(text: string, ...args: string[]): { child: Child; folder: string } {
    const folder = temporaryFolder();
    const path = join(folder.path, "script.mjs");
    writeFileSync(
      path,
      `import { isMainThread, threadId } from "node:worker_threads";
      const hello = (name) => (environ, startResponse) => {
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        return [name + " " + environ["wsgi.multithread"] + " " + process.argv.slice(2)];
      };
      ${text}`,
    );
    const child = new Child(process.execPath, [path, ...args], {
      cwd: folder.path,
      env: { ...process.env, POSTERN_LOG: "debug" },
    });
    onTestFinished(async () => {
      await child.stop();
      folder.remove();
    });
    return { child, folder: folder.path };
  }

  const bodyOf = async (path: string) => {
    const client = await FastCgiClient.connect({ path });
    await client.send(...responderRequest(1, [["REQUEST_METHOD", "GET"]]));
    const { stdout } = await client.reply(1);
    client.destroy();
    return stdout.toString().split("\r\n\r\n")[1];
  };

  test("announces its server once, and has its arguments in each thread", async () => {
    const { child, folder } = run(
      `import { run } from ${JSON.stringify(compiled("run.ts"))};
      await run(hello("hello"), { workers: "threads", maxThreads: 1 });`,
      "fcgi",
      "./app.sock",
    );
    await child.printed(/listening on/);
    expect(await bodyOf(join(folder, "app.sock"))).toBe("hello false fcgi,./app.sock");
    expect(child.stderr).toBe(
      "postern: serving fcgi: the command line says fcgi\npostern: listening on ./app.sock\n",
    );
  });

  test("with app.run(import.meta) is the main script in a thread too", async () => {
    const { child, folder } = run(
      `import { application } from ${JSON.stringify(compiled("index.ts"))};
      const app = application([["/", () => "is main: " + isMainThread]]);
      app.run(import.meta, { workers: "threads", protocol: "fcgi", bindAddress: "./app.sock" });`,
    );
    await child.printed(/listening on/);
    expect(await bodyOf(join(folder, "app.sock"))).toBe("is main: false");
  });

  test("may have two pools and another server; each thread is there for one of them", async () => {
    const { child, folder } = run(
      `import { serve } from ${JSON.stringify(compiled("serve.ts"))};
      const options = (name) => ({ protocol: "fcgi", bindAddress: "./" + name + ".sock" });
      const [alone] = await serve(hello("alone"), options("alone")).listening;
      const one = serve(hello("one " + alone.path), { ...options("one"), workers: "threads" });
      const two = serve(hello("two"), { ...options("two"), workers: "threads" });
      one.listening.then(([address]) => console.log("one listens on " + address.path));
      two.listening.then(([address]) => console.log("two listens on " + address.path));
      console.log(await Promise.all([one.run(), two.run()]));`,
    );
    await child.printed(/one listens on/);
    await child.printed(/two listens on/);
    const names = ["alone", "one", "two"];
    const answers = await Promise.all(names.map((name) => bodyOf(join(folder, `${name}.sock`))));
    expect(answers).toEqual(["alone true ", "one ./alone.sock true ", "two true "]);
  });
});

test("a thread is replaced after maxRequests, and when its heap is larger than maxMemoryBytes", async () => {
  const program = await start(
    `"/grow": (_environ, startResponse) => {
      globalThis.kept = Array.from({ length: 300_000 }, (_, number) => ({ number }));
      return text(startResponse, "thread " + threadId);
    },`,
    { serve: { maxThreads: 1, maxRequests: 20, maxMemoryBytes: 20 * 1_048_576 } },
  );
  const first = await program.text("/");
  const answers: string[] = [];
  await until(
    "another answers",
    async () => answers.push(await program.text("/")) > 0 && answers.at(-1) !== first,
  );
  expect(answers.length).toBeGreaterThanOrEqual(17);
  // Memory is looked at once a second.
  const grown = await program.text("/grow");
  await until("another answers", async () => (await program.text("/")) !== grown);
  expect(program.child.stderr).toBe("");
});

test("log files that USR1 opens anew are those of the threads too", async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const logFile = join(folder.path, "log");
  const program = await start(
    `"/stray": (_environ, startResponse) => {
      setImmediate(() => { throw new Error("stray error"); });
      return text(startResponse, "");
    },`,
    { serve: { maxThreads: 1, logFile } },
  );
  await program.text("/stray");
  const isLogged = () =>
    existsSync(logFile) &&
    readFileSync(logFile, "utf8").includes("error: an error that nothing caught: Error: stray error");
  await until("it is logged", isLogged);
  renameSync(logFile, `${logFile}.1`);
  program.child.signal("SIGUSR1");
  await until("the file is opened anew", () => existsSync(logFile));
  await until("it is logged there", async () => {
    await program.text("/stray");
    return isLogged();
  });
});
