// What a hostile, slow or unlucky peer can do to a FastCGI server, and what an unlucky application can.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { createServer } from "../../lib/servers/fcgi.ts";
import { type Pair, responderRequest } from "../support/fastcgi-client.ts";
import type { RunningFcgi } from "../support/fcgi-server.ts";

let running: RunningFcgi | undefined;

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const TEXT = [["Content-Type", "text/plain"]] as const;

function get(path: string, ...more: Pair[]): Pair[] {
  return [
    ["REQUEST_METHOD", "GET"],
    ["SCRIPT_NAME", ""],
    ["PATH_INFO", path],
    ["QUERY_STRING", ""],
    ["SERVER_NAME", "localhost"],
    ["SERVER_PORT", "80"],
    ["SERVER_PROTOCOL", "HTTP/1.1"],
    ...more,
  ];
}

const echoPath: Application = (environ, startResponse) => {
  startResponse("200 OK", TEXT);
  return [environ.PATH_INFO];
};

test("a peer that is not allowed is not, also when it has reset its connection already", async () => {
  const called: string[] = [];
  const log: string[] = [];
  const { server, drain } = createServer(
    (environ, startResponse) => {
      called.push(environ.PATH_INFO);
      return echoPath(environ, startResponse);
    },
    { allowedServers: ["192.0.2.1"], log: (_level, line) => log.push(line) },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const request = Buffer.concat(responderRequest(1, get("/forged"))).toString("base64");
  // Synchronous, so that the connection is reset before it is accepted.
  spawnSync(process.execPath, [
    "-e",
    `const socket = require("net").connect(${port}, "127.0.0.1", () =>
       socket.write(Buffer.from("${request}", "base64"), () => setTimeout(() => socket.resetAndDestroy(), 50)));`,
  ]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await drain();
  expect(called).toEqual([]);
  expect(log).toHaveLength(1);
});
