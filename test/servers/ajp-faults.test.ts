// What a hostile, slow or unlucky peer can do to an AJP server, and what an unlucky application can.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { createServer } from "../../lib/servers/ajp.ts";
import {
  AjpClient,
  CPING,
  CPONG,
  dataPacket,
  EMPTY_PACKET,
  END_RESPONSE,
  forwardRequest,
  GET_BODY_CHUNK,
  packet,
  post,
  postChunked,
  REQ_ATTRIBUTE,
  SEND_HEADERS,
  STORED_METHOD,
  string,
  u16,
} from "../support/ajp-client.ts";
import { serving } from "../support/ajp-server.ts";
import { bytes } from "../support/bytes.ts";
import { echoBody, TEXT } from "../support/fcgi-server.ts";
import { promised } from "../support/promised.ts";
import { silence, until, untilStill } from "../support/until.ts";

const echoPath: Application = (environ, startResponse) => {
  startResponse("200 OK", TEXT);
  return [environ.PATH_INFO];
};

const good = forwardRequest({ uri: "/forged" });

/** FORWARD_REQUEST of `GET /forged` with other bytes from its number of headers on. */
function withTail(...tail: (string | Buffer)[]): Buffer {
  const head = good.subarray(4, -3);
  return packet(head, ...tail.map((part) => (typeof part === "string" ? bytes(part) : part)));
}

/** The same with another byte or two somewhere in its payload. */
function withByte(at: number, ...values: number[]): Buffer {
  const changed = Buffer.from(good);
  for (const [index, value] of values.entries()) changed[4 + at + index] = value;
  return changed;
}

describe("bad input costs its sender, and nobody else", () => {
  test.each<[string, Buffer, number | undefined]>([
    ["another beginning", bytes("1235 0001 0a"), undefined],
    ["what a gateway sends", bytes("4142 0001 09"), undefined],
    ["an HTTP request", Buffer.from("GET /forged HTTP/1.1\r\nHost: x\r\n\r\n"), undefined],
    ["FastCGI", bytes("01 01 0001 0008 00 00 | 0001 00 0000000000"), undefined],
    ["a packet over its limit", bytes("1234 1ffd"), undefined],
    ["a packet of 65,535 bytes", bytes("1234 ffff"), undefined],
    ["an unknown type", packet(bytes("7f")), undefined],
    ["type 0", packet(bytes("00")), undefined],
    ["types of a gateway", packet(bytes("04 00c8 0000 00 0000")), undefined],
    ["Ping", packet(bytes("08")), undefined],
    ["Shutdown", packet(bytes("07")), undefined],
    ["data that nobody asked for", dataPacket(Buffer.from("data")), undefined],
    ["FORWARD_REQUEST of nothing", packet(bytes("02")), undefined],
    ["a string beyond the packet", packet(bytes("02 02 7fff 4854")), undefined],
    ["a string without its NUL", withByte(12, 0x41), undefined],
    ["more headers than there are", withTail("0003 ff"), undefined],
    ["65,535 headers", withTail("ffff ff"), undefined],
    ["header A000", withTail("0001 a000", string("v"), "ff"), undefined],
    ["header A00F", withTail("0001 a00f", string("v"), "ff"), undefined],
    ["a header whose name is null", withTail("0001 ffff", string("v"), "ff"), undefined],
    ["no end of the attributes", withTail("0000"), undefined],
    ["attribute 00", withTail("0000 00", string("v"), "ff"), undefined],
    ["attribute 0E", withTail("0000 0e", string("v"), "ff"), undefined],
    ["a name without a value", withTail("0000", Buffer.of(REQ_ATTRIBUTE), string("A"), "ff"), undefined],
    ["half of a key size", withTail("0000 0b 01"), undefined],
    ["method 0", withByte(1, 0), 400],
    ["method 28", withByte(1, 28), 400],
    ["method 254", withByte(1, 254), 400],
    ["method 255 without its name", withByte(1, 255), 400],
    [
      "method 255 with a name that is empty",
      packet(Buffer.of(2, 255), good.subarray(6, -1), Buffer.of(STORED_METHOD), string(""), Buffer.of(0xff)),
      400,
    ],
    ["no path", forwardRequest({ uri: null }), 400],
    ["an empty path", forwardRequest({ uri: "" }), 400],
    ["what is no path", forwardRequest({ uri: "forged" }), 400],
    ...["+5", "-1", " 5", "5 ", "0x5", "5,5", "1e3", "5x", "99999999999999999999"].map(
      (length): [string, Buffer, number] => [
        `a Content-Length of ${JSON.stringify(length)}`,
        forwardRequest({ headers: [["Content-Length", length]] }),
        400,
      ],
    ),
    [
      "two Content-Lengths",
      forwardRequest({
        headers: [
          ["Content-Length", "5"],
          ["content-length", "6"],
        ],
      }),
      400,
    ],
    [
      "a Content-Length and chunks",
      forwardRequest({
        headers: [
          ["Content-Length", "5"],
          ["Transfer-Encoding", "chunked"],
        ],
      }),
      400,
    ],
  ])("%s: closed with one line in the log", async (_name, sent, status) => {
    const gate = promised<void>();
    const entered = promised<void>();
    const called: string[] = [];
    const ajp = await serving(async (environ, startResponse) => {
      called.push(environ.PATH_INFO);
      entered.resolve();
      await gate.promise;
      return echoPath(environ, startResponse);
    });
    const neighbour = await ajp.client();
    await neighbour.send(forwardRequest({ uri: "/neighbour" }));
    await entered.promise;

    const client = await ajp.client();
    // What stands behind it is not looked at any more.
    await client.send(Buffer.concat([sent, CPING, forwardRequest({ uri: "/behind" })]));
    await client.closed();
    const reply = await client.reply();
    if (status === undefined) expect(reply).toMatchObject({ status: 0, reuse: undefined });
    else expect(reply).toMatchObject({ status, reuse: false });
    expect(client.received).toEqual([]);
    expect(ajp.log).toHaveLength(1);

    gate.resolve();
    expect((await neighbour.reply()).body.toString()).toBe("/neighbour");
    expect(called).toEqual(["/neighbour"]);
  });

  test("a refused POST whose body comes behind its refusal is closed without a reset", async () => {
    const { path, log } = await serving(echoBody);
    const socket = connect({ path, allowHalfOpen: true });
    socket.write(post("/", 20_000, { uri: null }));
    socket.resume();
    await once(socket, "end");
    // Where our end had been closed as a whole, this would find nobody.
    socket.end(dataPacket(Buffer.alloc(8_186)));
    await once(socket, "close");
    expect(socket.errored).toBeNull();
    expect(log).toHaveLength(1);
  });

  test("Shutdown ends a connection and not the server", async () => {
    const ajp = await serving(echoPath);
    const client = await ajp.client();
    await client.send(packet(bytes("07")));
    await client.closed();
    expect(ajp.log).toEqual([expect.stringContaining("shut down")]);
    expect((await (await ajp.client()).ask({ uri: "/x" })).body.toString()).toBe("/x");
  });

  test.each<[string, Buffer]>([
    ["of a Content-Length of 0", forwardRequest({ uri: "/x", headers: [["Content-Length", "0"]] })],
    ["of an empty Content-Length", forwardRequest({ uri: "/x", headers: [["Content-Length", ""]] })],
    [
      "of the same Content-Length twice",
      forwardRequest({
        uri: "/x",
        headers: [
          ["Content-Length", "0"],
          ["Content-Length", "0"],
        ],
      }),
    ],
    ["with bytes behind its end", packet(forwardRequest({ uri: "/x" }).subarray(4), bytes("deadbeef"))],
    ["behind empty packets", Buffer.concat([EMPTY_PACKET, EMPTY_PACKET, forwardRequest({ uri: "/x" })])],
  ])("a request %s is a good one", async (_name, sent) => {
    const ajp = await serving(echoPath);
    const client = await ajp.client();
    await client.send(sent);
    const { status, body, reuse } = await client.reply();
    expect([status, body.toString(), reuse]).toEqual([200, "/x", true]);
    expect(ajp.log).toEqual([]);
  });
});

describe("a data packet that is none", () => {
  const cases: [string, Buffer][] = [
    ["without its length, as lighttpd sends it", packet(Buffer.from("abc=1"))],
    ["of one byte", packet(Buffer.of(0))],
    ["whose length is beyond the packet", packet(u16(9), Buffer.from("body"))],
    ["whose length is short of the packet", packet(u16(2), Buffer.from("body"))],
    ["with more than Content-Length", dataPacket(Buffer.alloc(11))],
    ["that is a FORWARD_REQUEST", forwardRequest({ uri: "/forged" })],
    ["that is a CPing", CPING],
    ["with another beginning", bytes("4142 0001 09")],
  ];

  test.each(cases)("%s, first: the connection is closed and the application told", async (_name, sent) => {
    const failed = promised<unknown>();
    const ajp = await serving(async (environ, startResponse) => {
      try {
        return await echoBody(environ, startResponse);
      } catch (error) {
        failed.resolve(error);
        throw error;
      }
    });
    const client = await ajp.client();
    await client.send(post("/", 10), sent);
    await client.closed();
    expect(await failed.promise).toMatchObject({ name: "ProtocolError" });
    expect(client.received).toEqual([]);
    expect(ajp.log).toHaveLength(1);
  });

  test.each(cases)("%s, where it was asked for", async (_name, sent) => {
    const failed = promised<unknown>();
    const ajp = await serving(async (environ, startResponse) => {
      try {
        return await echoBody(environ, startResponse);
      } catch (error) {
        failed.resolve(error);
        throw error;
      }
    });
    const client = await ajp.client();
    await client.send(post("/", 20), dataPacket(Buffer.alloc(10)));
    await client.packet(GET_BODY_CHUNK);
    await client.send(sent);
    await client.closed();
    expect(await failed.promise).toMatchObject({ name: "ProtocolError" });
    expect(ajp.log).toHaveLength(1);
  });

  test.each(cases.filter(([name]) => !name.startsWith("with more")))(
    "%s, behind the response to a request whose body was left",
    async (_name, sent) => {
      const called: string[] = [];
      const ajp = await serving((environ, startResponse) => {
        called.push(environ.PATH_INFO);
        return echoPath(environ, startResponse);
      });
      const client = await ajp.client();
      await client.send(post("/left", 10));
      expect((await client.reply()).reuse).toBe(true);
      await client.send(sent, forwardRequest({ uri: "/behind" }));
      await client.closed();
      expect(called).toEqual(["/left"]);
      expect(ajp.log).toHaveLength(1);
    },
  );

  test("a body of no bytes where some were announced is no body, whether it is read or not", async () => {
    const ajp = await serving(async (environ, startResponse) =>
      environ.PATH_INFO === "/read" ? echoBody(environ, startResponse) : echoPath(environ, startResponse),
    );
    const reading = await ajp.client();
    await reading.send(post("/read", 10), dataPacket(Buffer.alloc(0)));
    expect((await reading.reply()).status).toBe(400);
    const leaving = await ajp.client();
    await leaving.send(post("/left", 10), EMPTY_PACKET);
    expect((await leaving.reply()).body.toString()).toBe("/left");
    await leaving.send(forwardRequest({ uri: "/next" }));
    expect((await leaving.reply()).body.toString()).toBe("/next");
  });
});

describe("a packet in the middle of a request", () => {
  test.each<[string, Buffer]>([
    ["another request", forwardRequest({ uri: "/forged" })],
    ["CPing", CPING],
    ["data that nobody asked for", dataPacket(Buffer.from("data"))],
  ])("%s: closed, and the application told", async (_name, sent) => {
    const reason = promised<unknown>();
    const called: string[] = [];
    const ajp = await serving(async (environ, startResponse) => {
      called.push(environ.PATH_INFO);
      const signal = environ["postern.signal"];
      if (!signal.aborted) await once(signal, "abort");
      reason.resolve(signal.reason);
      return echoPath(environ, startResponse);
    });
    const client = await ajp.client();
    await client.send(forwardRequest({ uri: "/slow" }), sent);
    await client.closed();
    expect(await reason.promise).toMatchObject({ code: "AJP_UNASKED" });
    expect(client.received).toEqual([]);
    expect(called).toEqual(["/slow"]);
    expect(ajp.log).toHaveLength(1);
  });

  test("data behind the last of a body is one as well", async () => {
    const gate = promised<void>();
    const ajp = await serving(async (environ, startResponse) => {
      await gate.promise;
      return echoBody(environ, startResponse);
    });
    const client = await ajp.client();
    await client.send(post("/", 4), dataPacket(Buffer.from("body")), dataPacket(Buffer.from("more")));
    await client.closed();
    gate.resolve();
    expect(client.received).toEqual([]);
    expect(ajp.log).toHaveLength(1);
  });

  test("an empty one is nothing", async () => {
    const gate = promised<void>();
    const client = await (
      await serving(async (environ, startResponse) => {
        await gate.promise;
        return echoPath(environ, startResponse);
      })
    ).client();
    await client.send(forwardRequest({ uri: "/slow" }), EMPTY_PACKET, EMPTY_PACKET);
    gate.resolve();
    expect(await client.reply()).toMatchObject({ status: 200, reuse: true });
  });
});

test("an application that reads on behind its response gets an error, and nothing is asked for", async () => {
  const told = promised<unknown>();
  const client = await (
    await serving((environ, startResponse) => {
      startResponse("200 OK", [...TEXT, ["Content-Length", "2"]]);
      return (async function* () {
        try {
          yield "ok";
        } finally {
          try {
            for await (const chunk of environ["wsgi.input"]) void chunk;
            told.resolve("the end");
          } catch (reason) {
            told.resolve(reason);
          }
        }
      })();
    })
  ).client();
  await client.send(postChunked("/"));
  expect((await client.reply()).asked).toEqual([]);
  expect(await told.promise).toMatchObject({ name: "ProtocolError", code: "RESPONSE_OVER" });
  await client.send(CPING);
  expect(await client.packet(CPONG)).toBeDefined();
});

test("an application that leaves its input in the middle is answered, and the connection goes on", async () => {
  const client = await (
    await serving(async (environ, startResponse) => {
      if (environ.REQUEST_METHOD === "GET") return echoPath(environ, startResponse);
      for await (const chunk of environ["wsgi.input"]) {
        void chunk;
        break;
      }
      startResponse("200 OK", TEXT);
      return ["enough"];
    })
  ).client();
  for (let times = 0; times < 3; times++) {
    await client.send(post("/", 50_000));
    await client.feed(Buffer.alloc(50_000));
    const { body, reuse } = await client.reply();
    expect([body.toString(), reuse]).toEqual(["enough", true]);
    await client.send(CPING);
    await client.packet(CPONG);
    client.received.length = 0;
  }
  expect((await client.ask({ uri: "/next" })).body.toString()).toBe("/next");
});

test("a response larger than the sockets' buffers is whole though its connection is closed behind it", async () => {
  const size = 4 * 1024 * 1024;
  const ajp = await serving((_environ, startResponse) => {
    startResponse("200 OK", TEXT);
    return [Buffer.alloc(size, "x")];
  });
  const client = await ajp.client();
  client.pause();
  await client.send(post("/", 10));
  const stopped = ajp.server.close();
  await silence(300);
  client.resume();
  const { body, reuse } = await client.reply();
  expect(body).toHaveLength(size);
  expect(reuse).toBe(false);
  client.destroy();
  await stopped;
});

test.each<[string, number, Buffer]>([
  ["CPing", 200, Buffer.concat(Array.from({ length: 1_000 }, () => CPING))],
  // Longer than what the sockets hold of them.
  [
    "requests",
    60,
    Buffer.concat(Array.from({ length: 40 }, () => forwardRequest({ uri: `/${"x".repeat(2_000)}` }))),
  ],
])("a peer that does not read its answers is not read from for ever: %s", async (_name, batches, batch) => {
  const ajp = await serving((_environ, startResponse) => {
    startResponse("200 OK", TEXT);
    return ["x".repeat(10_000)];
  });
  const client = await ajp.client();
  client.pause();
  let sent = 0;
  const sending = (async () => {
    for (let number = 0; number < batches; number++) {
      await client.send(batch);
      sent++;
    }
  })();
  await untilStill("what was sent", () => sent);
  expect(sent).toBeLessThan(batches);
  client.resume();
  await sending;
  await client.send(forwardRequest({ uri: "/last" }));
  await client.packets(END_RESPONSE, 1);
  expect(ajp.log).toEqual([]);
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
  // Synchronous, so that the connection is reset before it is accepted.
  spawnSync(process.execPath, [
    "-e",
    `const socket = require("net").connect(${port}, "127.0.0.1", () =>
       socket.write(Buffer.from("${good.toString("base64")}", "base64"), () =>
         setTimeout(() => socket.resetAndDestroy(), 50)));`,
  ]);
  await until("it is told of", () => log.length > 0);
  await drain();
  expect(called).toEqual([]);
  expect(log).toHaveLength(1);
});

test("a peer over TCP that resets its connection ends the request in progress, and no more", async () => {
  const reason = promised<unknown>();
  const entered = promised<void>();
  const { server, drain } = createServer(
    async (environ, startResponse) => {
      if (environ.PATH_INFO !== "/slow") return echoPath(environ, startResponse);
      const signal = environ["postern.signal"];
      entered.resolve();
      if (!signal.aborted) await once(signal, "abort");
      reason.resolve(signal.reason);
      return echoPath(environ, startResponse);
    },
    { log: () => {} },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const socket = connect(port, "127.0.0.1");
  socket.write(forwardRequest({ uri: "/slow" }));
  await entered.promise;
  socket.resetAndDestroy();
  expect(await reason.promise).toMatchObject({ code: "PEER_GONE" });
  const client = await AjpClient.connect({ port, host: "127.0.0.1" });
  expect((await client.ask({ uri: "/x" })).body.toString()).toBe("/x");
  client.destroy();
  await drain();
});

test.each<[string, Buffer[]]>([
  ["inside the header of a packet", [good.subarray(0, 3)]],
  ["inside a FORWARD_REQUEST", [good.subarray(0, 20)]],
])("a connection that ends %s is one line in the log", async (_name, sent) => {
  const ajp = await serving(echoPath);
  const client = await ajp.client();
  await client.send(...sent);
  client.end();
  await client.closed();
  expect(ajp.log).toHaveLength(1);
  expect(client.received).toEqual([]);
});

test("one that ends between packets is none", async () => {
  const ajp = await serving(echoPath);
  for (const sent of [[], [CPING], [EMPTY_PACKET]]) {
    const client = await ajp.client();
    await client.send(...sent);
    client.end();
    await client.closed();
  }
  expect(ajp.log).toEqual([]);
});

test("500 connections that come and go at once leave the server as it was", async () => {
  const ajp = await serving(echoPath);
  await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      const client = await ajp.client();
      if (index % 2 === 0) await client.ask({ uri: `/${index}` });
      else await client.send(good.subarray(0, index % good.length));
      client.destroy();
    }),
  );
  const client = await ajp.client();
  await client.send(good);
  expect(await client.packet(SEND_HEADERS)).toBeDefined();
});
