// What one process holds at once: 2,000 idle kept connections and 500 requests that take their time, none of them refused.

import { readFileSync, writeFileSync } from "node:fs";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Child, residentBytes } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import {
  FastCgiClient,
  KEEP_CONN,
  type Pair,
  REQUEST_COMPLETE,
  responderRequest,
} from "../support/fastcgi-client.ts";
import { ServerProcesses } from "../support/server-process.ts";

const IDLE = 2_000;
const SLOW = 500;
const AT_ONCE = 250;

/** A connection that a web server keeps. */
interface Kept {
  /** Asks once, and gives the body of an answer of 200. */
  ask(path: string): Promise<string>;
  destroy(): void;
}

const keeping: Readonly<Record<"fcgi" | "http", (address: NetConnectOpts) => Promise<Kept>>> = {
  async fcgi(address) {
    const client = await FastCgiClient.connect(address);
    return {
      async ask(path) {
        const variables: Pair[] = [
          ["REQUEST_METHOD", "GET"],
          ["SCRIPT_NAME", ""],
          ["PATH_INFO", path],
        ];
        await client.send(Buffer.concat(responderRequest(1, variables, { flags: KEEP_CONN })));
        const { stdout, end } = await client.reply(1);
        if (end?.protocolStatus !== REQUEST_COMPLETE) throw new Error(`refused: ${JSON.stringify(end)}`);
        return okBody(/^Status: 200 /, stdout.toString());
      },
      destroy: () => client.destroy(),
    };
  },
  http: (address) =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect(address, () => resolve({ ask, destroy: () => socket.destroy() }));
      socket.on("error", reject);
      function ask(path: string): Promise<string> {
        return new Promise((answer, fail) => {
          let text = "";
          const take = (bytes: Buffer): void => {
            text += bytes;
            const end = text.indexOf("\r\n\r\n");
            const length = Number(/^content-length: (\d+)\r$/im.exec(text.slice(0, end + 1))?.[1]);
            if (end < 0 || text.length < end + 4 + length) return;
            socket.off("data", take);
            socket.off("close", gone);
            answer(okBody(/^HTTP\/1\.1 200 /, text));
          };
          const gone = (): void => fail(new Error("the connection was closed"));
          socket.on("data", take);
          socket.on("close", gone);
          socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        });
      }
    }),
};

function okBody(status: RegExp, text: string): string {
  const [head = "", body = ""] = text.split("\r\n\r\n");
  if (!status.test(head)) throw new Error(`refused: ${head}`);
  return body;
}

/** So many descriptors, and some for the rest of the tests. The limit that Node may raise its own to. */
const needed = IDLE + SLOW + 200;
const hard = Number(
  /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1] ?? 0,
);
if (hard < needed && process.env["CI"] === "true") {
  throw new Error(
    `a process may have only ${hard} files open; with CI=true no test is skipped: ulimit -Hn ${needed}`,
  );
}

let servers: ServerProcesses;
const open: Kept[] = [];

beforeEach(() => {
  servers = new ServerProcesses();
});

afterEach(() => {
  for (const connection of open.splice(0)) connection.destroy();
  servers.remove();
});

/** Starts a server with the limit that systemd and logins give: 1,024 descriptors, as many as Node wants at the most. */
async function started(protocol: "fcgi" | "http", bindAddress: string | number): Promise<Child> {
  const script = servers.path("script.mjs");
  writeFileSync(
    script,
    `import { serve } from ${JSON.stringify(compiled("serve.ts"))};
     const inside = [];
     const application = async (environ, startResponse) => {
       if (environ.PATH_INFO === "/slow") await new Promise((resolve) => inside.push(resolve));
       if (environ.PATH_INFO === "/release") for (const resolve of inside) resolve();
       startResponse("200 OK", [["Content-Type", "text/plain"]]);
       return [environ.PATH_INFO === "/inside" ? String(inside.length) : environ.PATH_INFO];
     };
     const server = serve(application, { protocol: "${protocol}", bindAddress: ${JSON.stringify(bindAddress)} });
     const [address] = await server.listening;
     console.log("listening: " + (address.port ?? ""));
     await server.run();`,
  );
  const child = servers.start(
    "/bin/sh",
    ["-c", 'ulimit -Sn 1024 && exec "$@"', "sh", process.execPath, script],
    { POSTERN_LOG: "" },
  );
  await child.printed(/^listening: /m);
  return child;
}

/** Some at a time, so that a queue of 511 connections has room for them. */
async function inTurns<T>(count: number, one: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  while (all.length < count) {
    const turn = Array.from({ length: Math.min(AT_ONCE, count - all.length) }, one);
    all.push(...(await Promise.all(turn)));
  }
  return all;
}

describe.skipIf(hard < needed)(`with ${needed} descriptors, a process of`, () => {
  test.for(["fcgi", "http"] as const)(
    "%s holds 2,000 idle kept connections and 500 concurrent slow requests, and answers all of them",
    { timeout: 60_000 },
    async (protocol, { annotate }) => {
      const path = servers.path("app.sock");
      const child = await started(protocol, protocol === "fcgi" ? path : 0);
      const [, port] = await child.printed(/^listening: (\d*)/m);
      const address = protocol === "fcgi" ? { path } : { port: Number(port), host: "127.0.0.1" };
      const kept = async (): Promise<Kept> => {
        const connection = await keeping[protocol](address);
        open.push(connection);
        return connection;
      };
      const control = await kept();
      expect(await control.ask("/first")).toBe("/first");
      const before = residentBytes(child.pid);

      const idle = await inTurns(IDLE, async () => {
        const connection = await kept();
        expect(await connection.ask("/kept")).toBe("/kept");
        return connection;
      });
      const each = (residentBytes(child.pid) - before) / IDLE;
      const slow = (await inTurns(SLOW, kept)).map((connection) => connection.ask("/slow"));
      while ((await control.ask("/inside")) !== String(SLOW));

      expect(await control.ask("/release")).toBe("/release");
      expect(await Promise.all(slow)).toEqual(new Array(SLOW).fill("/slow"));
      expect(await Promise.all(idle.map((connection) => connection.ask("/again")))).toEqual(
        new Array(IDLE).fill("/again"),
      );
      await annotate(`${(each / 1024).toFixed(1)} KiB of memory for each idle connection`);
      expect(each).toBeLessThan(32 * 1024);
      expect(child.stderr).toBe("");
    },
  );
});
