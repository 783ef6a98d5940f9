// Threads that are stuck, that end, or that do not start: what becomes of their requests, and of the others.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { compiled } from "../support/dist.ts";
import { ThreadProgram, type ThreadProgramOptions } from "../support/thread-program.ts";

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
    return text(startResponse, "slow but well");
  },
`;

describe("a time-out", () => {
  test("ends a thread that is stuck, answers 504, and harms nobody else", async () => {
    const stuck = `"/stuck": () => { say("stuck"); for (;;); },`;
    const program = await start(slow + stuck, { serve: { requestTimeoutMs: 2_000 } });
    const go = join(program.folder, "go");
    const asked = program.ask("/stuck");
    await program.child.printed(/^stuck$/m);
    expect((await asked).status).toBe(504);
    const other = program.text(`/slow?${go}`);
    await program.child.printed(
      /thread \d+ ended: it was still busy 250 ms after the time-out of its request; another takes its place\n/,
    );
    writeFileSync(go, "");
    expect(await other).toBe("slow but well");
    await program.answeredBy(2);
    expect(program.child.output).not.toContain("GatewayError");
  });

  test("leaves a thread alone whose application heeds postern.signal", async () => {
    const program = await start(
      `"/heeds": async (environ, startResponse) => {
        const signal = environ["postern.signal"];
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        say("heeded: " + signal.reason.name + " in thread " + threadId);
        return text(startResponse, "too late");
      },`,
      { serve: { requestTimeoutMs: 1_500, maxThreads: 1 } },
    );
    const thread = await program.text("/");
    expect((await program.ask("/heeds")).status).toBe(504);
    await program.child.printed(new RegExp(`^heeded: TimeoutError in ${thread}$`, "m"));
    expect(await program.text("/")).toBe(thread);
  });

  test("reaches requests that wait for a thread, which no application sees then", async () => {
    const program = await start(
      `"/hold": async () => {
        say("holding");
        await exists("/never");
      },
      "/seen": (_environ, startResponse) => {
        say("seen");
        return text(startResponse, "");
      },`,
      { serve: { requestTimeoutMs: 1_500, maxThreads: 1 } },
    );
    const holding = program.ask("/hold");
    await program.child.printed(/^holding$/m);
    const waiting = program.ask("/seen");
    expect([(await holding).status, (await waiting).status]).toEqual([504, 504]);
    await program.answeredBy(1);
    expect(program.child.stdout).not.toContain("seen");
  });

  test("ends a thread that is stuck behind a response, which its client has in full", async () => {
    const program = await start(
      `"/stuck": function* (_environ, startResponse) {
        startResponse("200 OK", [...plain, ["Content-Length", "4"]]);
        try {
          yield "text";
        } finally {
          for (;;);
        }
      },`,
      { serve: { requestTimeoutMs: 1_500, maxThreads: 1 } },
    );
    const thread = await program.text("/");
    expect(await program.text("/stuck")).toBe("text");
    await program.answeredBy(1);
    expect(await program.text("/")).not.toBe(thread);
  });

  test("ends a thread that computes on for a client that has gone", async () => {
    const program = await start(`"/stuck": () => { say("stuck"); for (;;); },`, {
      serve: { requestTimeoutMs: 1_000, maxThreads: 1 },
    });
    const request = program.begin("/stuck").end();
    await program.child.printed(/^stuck$/m);
    request.destroy();
    await program.answeredBy(1);
  });
});

describe("a thread that ends by itself", () => {
  test("loses its own request alone, with 500 or a cut response, and is replaced", async () => {
    const program = await start(
      `${slow}
      "/exit": () => process.exit(3),
      "/exit-behind-head": async function* (_environ, startResponse) {
        startResponse("200 OK", plain);
        yield "begun";
        process.exit(4);
      },`,
    );
    const go = join(program.folder, "go");
    const other = program.text(`/slow?${go}`);
    await program.child.printed(/^slow$/m);
    expect((await program.ask("/exit")).status).toBe(500);
    await program.child.printed(/thread \d+ ended: it exited with status 3; another takes its place\n/);
    const begun = await program.ask("/exit-behind-head");
    expect([begun.status, begun.body.toString(), begun.complete]).toEqual([200, "begun", false]);
    await program.child.printed(/thread \d+ ended: it exited with status 4; another takes its place\n/);
    writeFileSync(go, "");
    expect(await other).toBe("slow but well");
    await program.answeredBy(2);
  });

  test("because its heap is full: the process goes on", async () => {
    const program = await start(
      `"/fill": (_environ, startResponse) => {
        const kept = [];
        for (;;) kept.push(new Array(100_000).fill(1.5));
      },`,
      { nodeOptions: ["--max-old-space-size=64"], serve: { maxThreads: 1 } },
    );
    expect((await program.ask("/fill")).status).toBe(500);
    await program.child.printed(/thread \d+ ended: .*heap out of memory; another takes its place\n/);
    expect(await program.text("/")).toMatch(/^thread \d+$/);
  });

  test("as soon as it starts is tried again after longer and longer pauses", async () => {
    const program = await start(`"/exit": () => process.exit(3),`, {
      before: `if (!isMainThread && existsSync(new URL("broken", import.meta.url))) throw new Error("it is broken");`,
      serve: { maxThreads: 1 },
    });
    const broken = join(program.folder, "broken");
    writeFileSync(broken, "");
    expect((await program.ask("/exit")).status).toBe(500);
    const waiting = program.text("/");
    for (const pause of ["0.1", "0.2", "0.4"])
      await program.child.printed(
        new RegExp(
          `a thread did not start: it is broken \\(file:.*program.mjs:\\d+:\\d+\\); the next try is made in ${pause} s\n`,
        ),
      );
    rmSync(broken);
    expect(await waiting).toMatch(/^thread \d+$/);
  });
});

test("a thread that hangs while it starts is given up: reloads and replacements go on", async () => {
  // The limit is a minute for servers, so this is a pool without one.
  const before = `
    import { rmSync, writeFileSync } from "node:fs";
    import { ThreadPool } from ${JSON.stringify(compiled("workers/threads/pool.ts"))};
    const [hang, exit] = ["hang", "exit"].map((name) => new URL(name, import.meta.url));
    if (!isMainThread) {
      if (existsSync(hang)) await new Promise(() => setInterval(() => {}, 1_000));
      setInterval(() => existsSync(exit) && process.exit(3), 10);
    } else {
      let said = "";
      const log = (_level, text) => {
        said += text;
        say(text);
      };
      const lifetime = { maxRequests: Infinity, maxMemoryBytes: Infinity };
      const pool = new ThreadPool({ server: 1, maxThreads: 1, lifetime, startMs: 3_000, requestTimeoutMs: 0, log });
      await pool.start();
      writeFileSync(hang, "");
      await pool.reload();
      rmSync(hang);
      await pool.reload();
      writeFileSync(hang, "");
      writeFileSync(exit, "");
      while (!said.includes("next try")) await sleep(10);
      rmSync(hang);
      rmSync(exit);
      while (pool.workers[0]?.state !== "ready") await sleep(10);
      pool.terminate();
      process.exit();
    }`;
  const program = new ThreadProgram("", { before });
  onTestFinished(async () => {
    await program.stop();
  });
  expect(await program.child.ended).toBe(0);
  expect(program.child.output.split("\n")).toEqual([
    "not reloaded: a thread did not start: it was not ready after 3 s; the old ones go on",
    "reloaded: 1 new thread",
    expect.stringMatching(/^thread \d+ ended: it exited with status 3; another takes its place/),
    expect.stringMatching(/^a thread did not start: it was not ready after 3 s; the next try is made in /),
    "",
  ]);
});

describe("a pool that does not start", () => {
  test("ends the process with one sentence that says why", async () => {
    const program = new ThreadProgram("", {
      before: `if (!isMainThread) throw new Error("no thread, please");`,
    });
    expect(await program.child.ended).toBe(1);
    expect(program.child.output).toMatch(
      /^postern: a thread did not start: no thread, please \(file:.*program.mjs:\d+:\d+\)\n$/,
    );
    await program.stop();
  });

  test("because the script does not come to its server in a thread", async () => {
    const program = new ThreadProgram("", { before: "if (!isMainThread) process.exit(7);" });
    expect(await program.child.ended).toBe(1);
    expect(program.child.output).toMatch(
      /^postern: a thread did not start: the script ended with status 7 before it came to its server\n$/,
    );
    await program.stop();
  });

  test.each([0, 1.5, "2", 1_025, 100_000])("because maxThreads is %j", async (maxThreads) => {
    const program = new ThreadProgram("", { serve: { maxThreads: maxThreads as number } });
    expect(await program.child.ended).toBe(1);
    expect(program.child.output).toMatch(
      /^postern: option "maxThreads" is .*; give a whole number from 1 to 1024\n$/,
    );
    await program.stop();
  });

  test("because its address is taken: no thread is left that would keep the process", async () => {
    const holder = await start("");
    const program = new ThreadProgram("", { serve: { bindAddress: holder.port } });
    expect(await program.child.ended).toBe(1);
    expect(program.child.output).toMatch(/^postern: another process listens on 127\.0\.0\.1:\d+; stop it or/);
    await program.stop();
  });
});
