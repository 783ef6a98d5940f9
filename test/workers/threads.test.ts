// The worker model `threads`, as a program: what comes to an application in a thread, and what comes back.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { residentBytes } from "../support/child.ts";
import { ThreadProgram } from "../support/thread-program.ts";
import { until } from "../support/until.ts";

const MIB = 1_048_576;

const handlers = `
  "/compute": (_environ, startResponse) => {
    say("computing");
    compute(1000);
    say("computed");
    return text(startResponse, "thread " + threadId);
  },
  "/environ": (environ, startResponse) => {
    const strings = Object.entries(environ).filter(([, value]) => typeof value !== "object");
    return text(startResponse, JSON.stringify(Object.fromEntries(strings)));
  },
  "/two-chunks": async function* (environ, startResponse) {
    startResponse("200 OK", plain);
    yield "first";
    await exists(environ.QUERY_STRING);
    yield "second";
  },
  "/computed-chunks": function* (environ, startResponse) {
    startResponse("200 OK", plain);
    yield "first";
    while (!existsSync(environ.QUERY_STRING));
    yield "second";
  },
  "/cached": (_environ, startResponse) => {
    startResponse("200 OK", plain);
    return [cached];
  },
  "/echo": async function* (environ, startResponse) {
    startResponse("200 OK", plain);
    for await (const chunk of environ["wsgi.input"]) yield chunk;
  },
  "/error": (environ) => {
    environ["wsgi.errors"].write("a line of the application\\n");
    throw new TypeError("the reason");
  },
  "/body": async (environ, startResponse) => {
    let length = 0;
    for await (const chunk of environ["wsgi.input"]) length += chunk.length;
    return text(startResponse, length);
  },
  "/cleaning": async function* (environ, startResponse) {
    startResponse("200 OK", plain);
    const [way, mark] = environ.QUERY_STRING.split("&");
    try {
      yield "begun";
      if (way === "error") throw new Error("on purpose");
      while (way === "gone") {
        await sleep(10);
        yield "more";
      }
    } finally {
      say(mark + " cleaned");
    }
  },
  "/breach/late": async (environ, startResponse) => {
    const write = startResponse("200 OK", [...plain, ["Content-Length", "4"]]);
    setTimeout(() => {
      write("late").catch((error) => say("late write: " + error.code));
      environ["wsgi.input"].on("error", (error) => say("late read: " + error.code)).resume();
      environ["wsgi.errors"].write("a late line\\n");
    }, 50);
    return ["text"];
  },
  "/wait": async (environ, startResponse) => {
    say("waiting");
    const signal = environ["postern.signal"];
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    say("aborted: " + signal.reason.name + " " + signal.reason.code);
    return text(startResponse, "too late");
  },
  "/upload": async (environ, startResponse) => {
    say("reading");
    try {
      for await (const chunk of environ["wsgi.input"]);
    } catch (error) {
      say("input: " + error.name + " " + error.code);
      throw error;
    }
    return text(startResponse, "all of it");
  },
  "/stray": (_environ, startResponse) => {
    setImmediate(() => { throw new Error("stray error"); });
    Promise.reject(new Error("floating promise"));
    return text(startResponse, "thread " + threadId);
  },
  "/status": async (_environ, startResponse) => text(startResponse, JSON.stringify(await poolStatus())),
  "/produce": async function* (_environ, startResponse) {
    startResponse("200 OK", plain);
    const hash = createHash("sha256");
    for (let count = 1; count <= 800; count++) {
      const chunk = randomBytes(65_536);
      hash.update(chunk);
      yield chunk;
      if (count % 50 === 0) say("produced " + count);
    }
    say("digest " + hash.digest("hex"));
  },
  "/slow-reader": async (environ, startResponse) => {
    const hash = createHash("sha256");
    for await (const chunk of environ["wsgi.input"]) {
      if (hash.begun === undefined) {
        hash.begun = true;
        say("first piece");
        await exists(environ.QUERY_STRING);
      }
      hash.update(chunk);
    }
    return text(startResponse, hash.digest("hex"));
  },
`;

let program: ThreadProgram;

beforeAll(async () => {
  program = await ThreadProgram.start(handlers, {
    before: `
import { createHash, randomBytes } from "node:crypto";
const cached = Buffer.from(new ArrayBuffer(300_000)).fill("cached page ");
`,
    serve: { environ: { ADDED: "by an option" } },
  });
});
afterAll(() => program?.stop());

describe("requests", () => {
  test("a handler that computes for a second does not hold up the others", async () => {
    const computing = program.text("/compute");
    await program.child.printed(/^computing$/m);
    const other = await program.text("/");
    expect(program.child.output).not.toContain("computed");
    expect(await computing).not.toBe(other);
  });

  test("the environ is that of the request, whatever the one before had", async () => {
    const environ = async (headers: [string, string][]) =>
      JSON.parse(await program.text("/environ", { headers })) as Record<string, unknown>;
    for (const headers of [[["X-One", "1"]], [["X-Two", "2"]], [["X-Two", "3"]], []] as [
      string,
      string,
    ][][]) {
      const found = await environ(headers);
      const own = Object.entries(found).filter(([name]) => name.startsWith("HTTP_X_"));
      expect(own).toEqual(
        headers.map(([name, value]) => [`HTTP_${name.toUpperCase().replace("-", "_")}`, value]),
      );
      expect(found).toMatchObject({
        REQUEST_METHOD: "GET",
        PATH_INFO: "/environ",
        ADDED: "by an option",
        "wsgi.url_scheme": "http",
        "wsgi.multithread": true,
        "wsgi.multiprocess": false,
        "wsgi.run_once": false,
      });
    }
  });

  test("an application learns that a body without a length has come, and that the next request has none", async () => {
    const chunked = async (headers: Readonly<Record<string, string>>, body?: string): Promise<unknown> => {
      const request = program.begin("/environ", headers, "POST");
      const [response] = (await once(request.end(body), "response")) as [IncomingMessage];
      response.setEncoding("utf8");
      return JSON.parse((await response.toArray()).join(""))["postern.chunked"];
    };
    expect(await chunked({ "Transfer-Encoding": "chunked" }, "body")).toBe(true);
    expect(await chunked({ "Content-Length": "0" })).toBeUndefined();
  });

  test.each(["/two-chunks", "/computed-chunks"])(
    "%s: the first chunk comes before the second is made",
    async (path) => {
      const go = join(program.folder, `go${path.replace("/", "-")}`);
      const response = await program.open(`${path}?${go}`);
      response.setEncoding("utf8");
      const [first] = await once(response, "data");
      expect(first).toBe("first");
      writeFileSync(go, "");
      const [second] = await once(response, "data");
      expect(second).toBe("second");
    },
  );

  test("a buffer that the application keeps is still whole the next time", async () => {
    const whole = Buffer.alloc(300_000, "cached page ").toString();
    for (let times = 0; times < 4; times++) expect(await program.text("/cached")).toBe(whole);
  });

  test("20 MB go through both ways unchanged", async () => {
    const body = Buffer.alloc(20 * MIB);
    for (let at = 0; at < body.length; at += 4) body.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
    const { status, complete, body: echo } = await program.ask("/echo", { method: "POST", body });
    expect([status, complete, echo.length]).toEqual([200, true, body.length]);
    expect(echo.equals(body)).toBe(true);
  });

  test("a body of a few bytes, and none", async () => {
    expect(await program.text("/body", { method: "POST", body: Buffer.from("abc") })).toBe("3");
    expect(await program.text("/body", { method: "POST", body: Buffer.alloc(0) })).toBe("0");
    expect(await program.text("/body")).toBe("0");
  });
});

describe("errors", () => {
  test("become the server's own 500, and stand in the log once, with the trace of the thread", async () => {
    const before = program.child.stderr.length;
    const { status, body } = await program.ask("/error");
    expect([status, body.toString()]).toEqual([500, "Internal Server Error\n"]);
    await program.child.printed(/TypeError: the reason[\s\S]*?\n\s+at /);
    const log = program.child.stderr.slice(before);
    expect(log).toMatch(/^a line of the application\nTypeError: the reason\n\s+at \/error /);
    expect(log.match(/the reason/g)).toHaveLength(1);
  });

  test("that nothing caught are logged, and the thread goes on", async () => {
    const thread = await program.text("/stray");
    await program.child.printed(/an error that nothing caught: Error: stray error/);
    await program.child.printed(/an error that nothing caught: Error: floating promise/);
    const alive = await Promise.all(["/", "/", "/", "/"].map((path) => program.text(path)));
    expect(alive).toContain(thread);
  });
});

describe("cleaning up", () => {
  test.each([
    ["the end", "end", "GET"],
    ["an error", "error", "GET"],
    ["HEAD", "head", "HEAD"],
  ])("is done exactly once after %s", async (_name, way, method) => {
    const mark = `mark-${way}`;
    const { status } = await program.ask(`/cleaning?${way}&${mark}`, { method });
    expect(status).toBe(200);
    await program.child.printed(new RegExp(`^${mark} cleaned$`, "m"));
    await Promise.all([program.text("/"), program.text("/")]);
    expect(program.child.stdout.match(new RegExp(mark, "g"))).toHaveLength(1);
  });

  test("is done exactly once when the client goes", async () => {
    const response = await program.open("/cleaning?gone&mark-gone");
    await once(response, "data");
    response.destroy();
    await program.child.printed(/^mark-gone cleaned$/m);
    await Promise.all([program.text("/"), program.text("/")]);
    expect(program.child.stdout.match(/mark-gone/g)).toHaveLength(1);
  });

  test("behind the response nothing is written or read any more, and a line for the log is not lost", async () => {
    expect(await program.text("/breach/late", { method: "POST", body: Buffer.from("unread") })).toBe("text");
    await program.child.printed(/^late write: RESPONSE_OVER$/m);
    await program.child.printed(/^late read: RESPONSE_OVER$/m);
    await program.child.printed(/^a late line$/m);
  });
});

describe("a client that goes away", () => {
  test("aborts postern.signal in the thread", async () => {
    const request = program.begin("/wait").end();
    await program.child.printed(/^waiting$/m);
    request.destroy();
    await program.child.printed(/^aborted: ProtocolError PEER_GONE$/m);
  });

  test("in the middle of its body ends wsgi.input with the same error", async () => {
    const request = program.begin("/upload", { "Content-Length": "1000000" }, "POST");
    request.write("some of it");
    await program.child.printed(/^reading$/m);
    request.destroy();
    await program.child.printed(/^input: ProtocolError PEER_GONE$/m);
  });

  test("leaves a thread that computes to finish, and then free for others", async () => {
    const before = program.child.stdout.length;
    const requests = [program.begin("/compute").end(), program.begin("/compute").end()];
    await until("both compute", () => program.child.stdout.slice(before).match(/computing/g)?.length === 2);
    for (const request of requests) request.destroy();
    expect(await program.text("/")).toMatch(/^thread \d+$/);
    expect(program.child.stdout.slice(before)).toMatch(/computed/);
  });
});

describe("the flow of long bodies", () => {
  test("50 MB for a client that does not read stay in the application", async () => {
    const { child } = program;
    const before = residentBytes(child.pid);
    const response = await program.open("/produce");
    let produced = -1;
    const count = () =>
      Number(
        child.stdout
          .match(/^produced (\d+)$/gm)
          ?.at(-1)
          ?.slice(9) ?? 0,
      );
    // It stands still once nobody takes what it makes.
    await until("the application waits", async () => {
      const last = produced;
      produced = count();
      await program.text("/");
      return produced === last;
    });
    expect(produced).toBeLessThan(200);
    expect(residentBytes(child.pid) - before).toBeLessThan(32 * MIB);
    expect(await digest(response)).toBe((await child.printed(/^digest (.*)$/m))[1]);
    expect(residentBytes(child.pid) - before).toBeLessThan(64 * MIB);
  });

  test("50 MB for an application that does not read stay with the client", async () => {
    const { child } = program;
    const go = join(program.folder, "go-reader");
    const before = residentBytes(child.pid);
    const hash = createHash("sha256");
    const request = program.begin(`/slow-reader?${go}`, { "Content-Length": String(50 * MIB) }, "POST");
    let sent = 0;
    let waits = false;
    const sending = (async () => {
      for (; sent < 50; sent++) {
        const piece = Buffer.alloc(MIB, sent);
        hash.update(piece);
        waits = !request.write(piece);
        if (waits) await once(request, "drain");
        waits = false;
      }
      request.end();
    })();
    await child.printed(/^first piece$/m);
    await until("the client waits", async () => {
      const last = sent;
      await program.text("/");
      return waits && sent === last;
    });
    expect(sent).toBeLessThan(25);
    expect(residentBytes(child.pid) - before).toBeLessThan(32 * MIB);
    writeFileSync(go, "");
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await sending;
    let answer = "";
    for await (const chunk of response) answer += chunk;
    expect(answer).toBe(hash.digest("hex"));
  });
});

async function digest(response: IncomingMessage): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of response) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
