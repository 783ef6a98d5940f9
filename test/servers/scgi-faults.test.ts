// What a hostile, slow or unlucky peer can do to a server whose connections carry one request, and what an unlucky
// application can: the same for SCGI and uwsgi.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import * as scgiServer from "../../lib/servers/scgi.ts";
import * as uwsgiServer from "../../lib/servers/uwsgi.ts";
import { echoBody, get, post, TEXT } from "../support/fcgi-server.ts";
import { promised } from "../support/promised.ts";
import { SingleRequestClient } from "../support/single-request-client.ts";
import { silence } from "../support/until.ts";
import { scgi, serving, uwsgi } from "../support/wire-protocol.ts";
import { echoPath } from "./single-request-cases.ts";

/** Longer than a connection is kept for what still arrives behind its response. */
const PATIENCE_MS = 2_500;

describe.each([
  { protocol: scgi, createServer: scgiServer.createServer },
  { protocol: uwsgi, createServer: uwsgiServer.createServer },
])("$protocol.name", ({ protocol, createServer }) => {
  const { request } = protocol;
  const bodyOf = (received: Buffer) => protocol.parse(received, true).body.toString("latin1");

  test("an application that reads on behind its response gets an error, not silence", async () => {
    const error = promised<unknown>();
    const client = await (
      await serving(protocol, (environ, startResponse) => {
        startResponse("200 OK", [...TEXT, ["Content-Length", "2"]]);
        return (async function* () {
          try {
            yield "ok";
          } finally {
            try {
              for await (const chunk of environ["wsgi.input"]) void chunk;
              error.resolve("the end");
            } catch (reason) {
              error.resolve(reason);
            }
          }
        })();
      })
    ).client();
    await client.send(request(post("/", 10)));
    expect(bodyOf(await client.reply())).toBe("ok");
    expect(await error.promise).toMatchObject({ name: "ProtocolError" });
  });

  test("a response larger than the sockets' buffers is whole though its request's body was left", async () => {
    const size = 4 * 1024 * 1024;
    const client = await (
      await serving(protocol, (_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return [Buffer.alloc(size, "x")];
      })
    ).client();
    client.pause();
    await client.send(request(post("/", 10)));
    await silence(PATIENCE_MS);
    client.resume();
    expect(bodyOf(await client.reply())).toHaveLength(size);
  });

  const large = Buffer.alloc(8_000_000);
  test.each<[string, object, Buffer, string]>([
    ["a body that nobody reads", {}, request(post("/unread", large.length), large), "200 OK"],
    [
      "a body over its limit",
      { maxBodyBytes: 1_000 },
      request(post("/", large.length), large),
      "413 Content Too Large",
    ],
    ["bytes behind a body", {}, request(post("/", 1), large), "200 OK"],
    ["bytes that are no request", {}, Buffer.alloc(8_000_000, "GET / "), "400 Bad Request"],
  ])(
    "%s: the answer arrives whole though they are still on their way",
    async (_name, options, sent, status) => {
      const running = await serving(protocol, echoPath, {
        bindAddress: { host: "127.0.0.1", port: 0 },
        ...options,
      });
      const [address] = await running.server.listening;
      const client = await SingleRequestClient.connect(address as { host: string; port: number });
      // As Apache, which reads no answer before it has sent all of its request.
      client.pause();
      await client.send(sent);
      client.resume();
      const response = protocol.parse(await client.reply(), true);
      client.destroy();
      expect(`${response.status} ${response.reason}`).toBe(status);
      expect(client.failed).toBe(false);
    },
  );

  test("a peer that goes on sending behind its answer is closed after a while", async () => {
    const client = await (await serving(protocol, echoPath)).client();
    await client.send(request(post("/unread", 1_000_000_000)));
    let sent = 0;
    for (; sent < 1_000; sent++) {
      await client.send(Buffer.alloc(10_000));
      if (client.failed) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(bodyOf(await client.reply())).toBe("/unread");
    expect(client.failed).toBe(true);
  });

  test("a body in small pieces to an application that is slow to read it arrives in order", async () => {
    const size = 600_000;
    const client = await (
      await serving(protocol, async (environ, startResponse) => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        return echoBody(environ, startResponse);
      })
    ).client();
    const body = Buffer.from(Array.from({ length: size }, (_, at) => at % 251));
    const wire = request(post("/", size), body);
    for (let at = 0; at < wire.length; at += 1_999) void client.send(wire.subarray(at, at + 1_999));
    expect(protocol.parse(await client.reply(), true).body.equals(body)).toBe(true);
  });

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
    const forged = request(get("/forged")).toString("base64");
    // Synchronous, so that the connection is reset before it is accepted.
    spawnSync(process.execPath, [
      "-e",
      `const socket = require("net").connect(${port}, "127.0.0.1", () =>
       socket.write(Buffer.from("${forged}", "base64"), () => setTimeout(() => socket.resetAndDestroy(), 50)));`,
    ]);
    const honest = await SingleRequestClient.connect({ host: "127.0.0.1", port });
    await honest.send(request(get("/honest")));
    expect(await honest.reply()).toHaveLength(0);
    await drain();
    expect(called).toEqual([]);
    expect(log).toHaveLength(2);
  });

  test("500 connections at once are all answered", async () => {
    const running = await serving(protocol, async (environ, startResponse) => {
      await new Promise(setImmediate);
      return echoPath(environ, startResponse);
    });
    const bodies = await Promise.all(
      Array.from({ length: 500 }, async (_, number) => {
        const client = await running.client();
        await client.send(request(get(`/${number}`)));
        return bodyOf(await client.reply());
      }),
    );
    expect(bodies).toEqual(Array.from({ length: 500 }, (_, number) => `/${number}`));
  });
});
