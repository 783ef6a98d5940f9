import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { serve } from "../../lib/serve.ts";
import { Child, residentBytes } from "../support/child.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import {
  type Backend,
  cgi,
  externalSocket,
  lighttpd,
  type Mount,
  type RunningLighttpd,
  spawned,
  startLighttpd,
} from "../support/lighttpd.ts";
import { untilListening } from "../support/port.ts";
import { cli } from "../support/postern.ts";

const programs = join(import.meta.dirname, "programs");
const application = join(programs, "application.js");
const mebibyte = 1_048_576;
const large = 100 * mebibyte;

/** Ways in which lighttpd reaches an application: what has to run before, and lighttpd's configuration. */
const ways: Readonly<
  Record<string, (folder: string, mount: Mount) => Promise<{ backend: Backend; child?: Child }>>
> = {
  "an external socket": async (folder, mount) => {
    const path = join(folder, "app.sock");
    const child = new Child(process.execPath, [
      cli,
      "serve",
      application,
      "--protocol",
      "fcgi",
      "--listen",
      path,
    ]);
    await untilListening(path);
    return { backend: externalSocket(path, mount), child };
  },
  "bin-path": async (folder, mount) => ({
    backend: spawned([process.execPath, cli, "serve", application, "--protocol", "fcgi"], folder, mount),
  }),
  mod_cgi: async (_, mount) => ({ backend: cgi(join(programs, "cgi.js"), mount) }),
};

const cells = Object.keys(ways).flatMap((way) => (["/", "/app"] as const).map((mount) => ({ way, mount })));

describe.skipIf(lighttpd === undefined).each(cells)("lighttpd, $way, mounted at $mount", ({ way, mount }) => {
  const prefix = mount === "/" ? "" : mount;
  // Each is a new process there.
  const requests = way === "mod_cgi" ? 20 : 1000;
  let folder: TemporaryFolder;
  let front: RunningLighttpd;
  let child: Child | undefined;

  beforeAll(async () => {
    folder = temporaryFolder();
    const started = await ways[way]?.(folder.path, mount);
    if (started === undefined) throw new Error(`no such way: ${way}`);
    child = started.child;
    front = await startLighttpd(started.backend);
  });

  afterAll(async () => {
    await front?.stop();
    await child?.stop();
    folder.remove();
  });

  test.each([
    { target: "/", path: "/" },
    { target: "/a%20b/c?x=1&y=%2F", path: "/a b/c", query: "x=1&y=%2F" },
    { target: "/%C3%A9", path: "/\u00c3\u00a9" },
  ])("GET $target: the mount is SCRIPT_NAME, the rest PATH_INFO", async ({ target, path, query = "" }) => {
    const response = await fetch(front.url(`${prefix}${target}`), { headers: { "X-Test": "yes" } });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      SCRIPT_NAME: prefix,
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: "GET",
      HTTP_X_TEST: "yes",
    });
  });

  test("a body arrives whole, and the next request has none of it", async () => {
    const body = Buffer.alloc(300_000, "abcdefg");
    const response = await fetch(front.url(`${prefix}/digest`), { method: "POST", body });
    expect(await response.json()).toMatchObject({ bytes: 300_000, digest: sha256(body) });

    const empty = await fetch(front.url(`${prefix}/digest`), { method: "POST" });
    expect(await empty.json()).toMatchObject({ bytes: 0 });
  });

  test("HEAD has the head alone", async () => {
    const response = await fetch(front.url(`${prefix}/bytes?n=1000`), { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(response.headers.get("content-length")).toBe("1000");
  });

  test("100 MB go up and come down in less than 64 MiB of memory", async () => {
    const before = await about(front, prefix);
    const memory = way === "mod_cgi" ? undefined : watchMemory(before.pid);

    const up = JSON.parse(await upload(front.port, `${prefix}/digest`, large));
    const down = await download(front.port, `${prefix}/bytes?n=${large}`);

    expect(up).toMatchObject({ bytes: large, digest: sha256OfZeros(large) });
    expect(down).toBe(large);
    // A CGI process is gone with its request, and tells its own peak.
    const grown = memory ? memory.stop() : up.peakBytes - before.peakBytes;
    expect(grown).toBeLessThan(64 * mebibyte);
    console.log(
      `${way} at ${mount}: 100 MB up and down, memory grew by ${(grown / mebibyte).toFixed(1)} MiB`,
    );
  });

  test(`${requests} requests on kept connections`, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    onTestFinished(() => agent.destroy());
    const connections = new Set<number | undefined>();
    const statuses = await Promise.all(
      Array.from({ length: requests }, async (_, index) => {
        const message = await get(front.port, `${prefix}/x/${index}`, agent);
        connections.add(message.socket.localPort);
        const { PATH_INFO } = JSON.parse(await text(message)) as { PATH_INFO: string };
        return PATH_INFO === `/x/${index}` ? message.statusCode : PATH_INFO;
      }),
    );
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(connections.size).toBe(4);
  });
});

describe.skipIf(lighttpd === undefined)("lighttpd and a response that goes wrong", () => {
  // lighttpd takes a plain close (FIN) for a client that still listens, until it writes to it or a body is cut short.
  test.each([
    ["resets its connection while the application waits", { path: "/", leave: "reset" }],
    ["closes its connection while the application sends", { path: "/ticks", leave: "close" }],
    ["closes its connection in the middle of its body", { path: "/", leave: "close", body: "half of it" }],
  ] as const)(
    "a client that %s aborts postern.signal within a second",
    async (_, { path, leave, ...rest }) => {
      const events = new EventEmitter();
      const front = await inFrontOf(async function* (environ, startResponse) {
        const signal = environ["postern.signal"];
        signal.addEventListener("abort", () => events.emit("aborted", performance.now()));
        startResponse("200 OK", [["Content-Type", "text/event-stream"]]);
        try {
          yield "data: hello\n\n";
          while (!signal.aborted) {
            if (environ.PATH_INFO === "/ticks") yield "data: tick\n\n";
            await Promise.race([sleep(50), once(signal, "abort")]);
          }
        } finally {
          events.emit("cleaned up");
        }
      });
      const body = "body" in rest ? `Content-Length: 1000\r\n\r\n${rest.body}` : "\r\n";
      const client = connect(front.port, "127.0.0.1");
      client.write(`${"body" in rest ? "POST" : "GET"} ${path} HTTP/1.1\r\nHost: localhost\r\n${body}`);
      await once(client, "data");
      const aborted = once(events, "aborted");
      const cleanedUp = once(events, "cleaned up");

      const leftAt = performance.now();
      if (leave === "reset") client.resetAndDestroy();
      else client.destroy();

      const [abortedAt] = await aborted;
      await cleanedUp;
      expect(abortedAt - leftAt).toBeLessThan(1000);
    },
  );

  test("an error in mid-body looks cut", async () => {
    const front = await inFrontOf(async function* (_, startResponse) {
      startResponse("200 OK", [
        ["Content-Type", "text/plain"],
        ["Content-Length", "50"],
      ]);
      yield "partial";
      throw new Error("the database went away");
    });
    const response = await fetch(front.url("/"));
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  test("an error before the head is a 500 that tells the client nothing and lighttpd's log everything", async () => {
    const front = await inFrontOf(() => {
      throw new Error("the password is swordfish");
    });
    const response = await fetch(front.url("/"));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("swordfish");
    expect(front.log()).toContain("swordfish");
  });
});

/** Serves an application of this process behind a lighttpd of the test's own. */
async function inFrontOf(application: Application): Promise<RunningLighttpd> {
  const folder = temporaryFolder();
  const path = join(folder.path, "app.sock");
  const server = serve(validate(application), { protocol: "fcgi", bindAddress: path, copyErrors: false });
  await server.listening;
  const front = await startLighttpd(externalSocket(path, "/"));
  onTestFinished(async () => {
    await front.stop();
    await server.close();
    folder.remove();
  });
  return front;
}

/** What the application says of the process that answers. */
async function about(front: RunningLighttpd, prefix: string): Promise<{ pid: number; peakBytes: number }> {
  return (await fetch(front.url(`${prefix}/`))).json() as Promise<{ pid: number; peakBytes: number }>;
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function sha256OfZeros(bytes: number): string {
  const hash = createHash("sha256");
  for (let done = 0; done < bytes; done += mebibyte) hash.update(Buffer.alloc(mebibyte));
  return hash.digest("hex");
}

/** Sends zeros as fast as they are taken, and gives the answer. */
function upload(port: number, path: string, bytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Length": bytes };
    const sent = request({ port, path, method: "POST", headers, agent: false }, (response) =>
      resolve(text(response)),
    );
    sent.on("error", reject);
    const chunk = Buffer.alloc(65_536);
    let left = bytes;
    const send = () => {
      for (; left > 0; left -= chunk.length) {
        if (!sent.write(left < chunk.length ? chunk.subarray(0, left) : chunk)) {
          left -= chunk.length;
          sent.once("drain", send);
          return;
        }
      }
      sent.end();
    };
    send();
  });
}

/** Reads a response to its end and gives the number of bytes. */
async function download(port: number, path: string): Promise<number> {
  const message = await get(port, path, false);
  let bytes = 0;
  for await (const chunk of message) bytes += (chunk as Buffer).length;
  return bytes;
}

function get(port: number, path: string, agent: Agent | false): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ port, path, agent }, resolve).on("error", reject).end();
  });
}

/** Samples a process's memory; `stop()` gives the most it grew by. */
function watchMemory(pid: number): { stop(): number } {
  const first = residentBytes(pid);
  let most = first;
  const sample = () => {
    most = Math.max(most, residentBytes(pid));
  };
  const timer = setInterval(sample, 10);
  return {
    stop() {
      clearInterval(timer);
      sample();
      return most - first;
    },
  };
}
