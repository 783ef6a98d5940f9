// A peer that sends nothing while an application computes has not stalled, whatever the application did with its input.

import { once } from "node:events";
import { type AddressInfo, connect, type NetConnectOpts } from "node:net";
import { PassThrough, type Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { ProtocolError } from "../../lib/errors.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import * as ajp from "../../lib/servers/ajp.ts";
import * as fcgi from "../../lib/servers/fcgi.ts";
import * as http from "../../lib/servers/http.ts";
import type { ServerOptions } from "../../lib/servers/options.ts";
import * as scgi from "../../lib/servers/scgi.ts";
import * as uwsgi from "../../lib/servers/uwsgi.ts";
import { AjpClient, dataPacket, post as postOverAjp } from "../support/ajp-client.ts";
import { FastCgiClient, records, responderRequest, STDIN } from "../support/fastcgi-client.ts";
import { post, TEXT } from "../support/fcgi-server.ts";
import { promised } from "../support/promised.ts";
import { SingleRequestClient } from "../support/single-request-client.ts";
import * as wire from "../support/wire-protocol.ts";

const LENGTH = 100_000;
const IDLE_MS = 150;
const COMPUTING_MS = 500;

interface Protocol {
  readonly name: string;
  readonly createServer: typeof http.createServer;
  /** Posts a body of which only the beginning may come, and gives all that comes until the answer or the end is there. */
  ask(address: NetConnectOpts, length: number, sent: Buffer): Promise<string>;
}

function singleRequest(protocol: wire.WireProtocol): Protocol["ask"] {
  return async (address, length, sent) => {
    const client = await SingleRequestClient.connect(address);
    onTestFinished(() => client.destroy());
    await client.send(protocol.request(post("/", length)), sent);
    return String(await client.reply());
  };
}

const protocols: readonly Protocol[] = [
  { name: "scgi", createServer: scgi.createServer, ask: singleRequest(wire.scgi) },
  { name: "uwsgi", createServer: uwsgi.createServer, ask: singleRequest(wire.uwsgi) },
  {
    name: "fcgi",
    createServer: fcgi.createServer,
    async ask(address, length, sent) {
      const client = await FastCgiClient.connect(address);
      onTestFinished(() => client.destroy());
      const end = responderRequest(1, post("/", length));
      const head = end.slice(0, -1);
      await client.send(...head, ...records(STDIN, 1, sent));
      if (sent.length === length) await client.send(...end.slice(-1));
      return String((await client.reply(1)).stdout);
    },
  },
  {
    name: "ajp",
    createServer: ajp.createServer,
    async ask(address, length, sent) {
      const client = await AjpClient.connect(address);
      onTestFinished(() => client.destroy());
      await client.send(postOverAjp("/", length));
      if (sent.length === length) await client.feed(sent);
      // Only the first packet comes unasked.
      else await client.send(dataPacket(sent.subarray(0, 1_000)));
      return String((await client.reply()).body);
    },
  },
  {
    name: "http",
    createServer: http.createServer,
    async ask(address, length, sent) {
      const socket = connect(address);
      onTestFinished(() => void socket.destroy());
      socket.write(
        `POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`,
      );
      socket.write(sent);
      return text(socket);
    },
  },
];

async function readOne(input: Readable): Promise<void> {
  for await (const _chunk of input) break;
}

/** Serves with a short patience, until the test has finished. */
async function serving(
  { createServer }: Protocol,
  application: Application,
  log?: ServerOptions["log"],
): Promise<NetConnectOpts> {
  const { server, drain } = createServer(validate(application), {
    idleTimeoutMs: IDLE_MS,
    log: log ?? (() => {}),
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void drain());
  return { port: (server.address() as AddressInfo).port, host: "127.0.0.1" };
}

describe.each(protocols)("$name", (protocol) => {
  test.each<[what: string, sent: number, read: (input: Readable) => Promise<unknown>]>([
    ["has left its input", LENGTH, readOne],
    ["has left its input, which is not complete", LENGTH / 2, readOne],
    ["has not touched its input, which is not complete", LENGTH / 2, async () => {}],
    [
      "has read some of its input, which is not complete",
      1_000,
      async (input) => {
        await once(input, "readable");
        input.read(1);
      },
    ],
  ])("an application that %s may compute longer than idleTimeoutMs", async (_what, sent, read) => {
    const lines: string[] = [];
    const address = await serving(
      protocol,
      async (environ, startResponse) => {
        await read(environ["wsgi.input"]);
        await sleep(COMPUTING_MS);
        startResponse("200 OK", TEXT);
        return ["computed"];
      },
      (level, line) => level === "error" && lines.push(line),
    );
    expect(await protocol.ask(address, LENGTH, Buffer.alloc(sent))).toContain("computed");
    expect(lines).toEqual([]);
  });

  test.each<[what: string, read: (input: Readable) => Promise<unknown>]>([
    ["for await", text],
    [
      "a listener for data",
      (input) =>
        once(
          input.on("data", () => {}),
          "end",
        ),
    ],
    [
      "a listener that reads",
      (input) =>
        once(
          input.on("readable", () => void input.read()),
          "end",
        ),
    ],
    ["pipeline()", (input) => pipeline(input, new PassThrough().resume())],
  ])("a peer has stalled whose body an application waits for with %s", async (_what, read) => {
    const failed = promised<unknown>();
    const address = await serving(protocol, async (environ) => {
      failed.resolve(await read(environ["wsgi.input"]).catch((error: unknown) => error));
      return new Promise(() => {});
    });
    protocol.ask(address, LENGTH, Buffer.alloc(1_000)).catch(() => {});
    expect(await failed.promise).toBeInstanceOf(ProtocolError);
  });
});
