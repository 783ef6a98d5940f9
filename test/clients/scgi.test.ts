// The SCGI client against servers that say what is typed here, from the specification.

import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { scgiClient } from "../../lib/clients/scgi.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { type FakeConnection, fakeServer } from "../support/fake-server.ts";

const HELLO = Buffer.from("Status: 201 Created\r\nContent-Type: text/plain\r\n\r\nhello");

async function against(
  serve: (connection: FakeConnection) => unknown,
  options: Partial<Parameters<typeof scgiClient>[0]> = {},
  overTcp = false,
) {
  const fake = await fakeServer(serve, overTcp);
  const client = scgiClient({ address: fake.address, ...options });
  onTestFinished(() => client.close());
  const application = validate(client);
  return { fake, client, ask: (what: CallRequest = {}) => call(application, "/x?y=1", what) };
}

/** The netstring of a request, and what is behind it. */
function split({ received }: FakeConnection): { variables: [string, string][]; body: string } | undefined {
  const text = received.toString("latin1");
  const [prefix = "", length] = /^(\d+):/.exec(text) ?? [];
  if (length === undefined || text.length < prefix.length + Number(length) + 1) return undefined;
  const end = prefix.length + Number(length);
  expect(text[end]).toBe(",");
  const strings = text.slice(prefix.length, end).split("\0");
  expect(strings.pop()).toBe("");
  const variables: [string, string][] = [];
  for (let at = 0; at < strings.length; at += 2) variables.push([strings[at] ?? "", strings[at + 1] ?? ""]);
  return { variables, body: text.slice(end + 1) };
}

/** The whole request has come. */
async function request(connection: FakeConnection): Promise<void> {
  await connection.until((one) => {
    const parts = split(one);
    return parts !== undefined && parts.body.length >= Number(parts.variables[0]?.[1]);
  });
}

async function answer(connection: FakeConnection): Promise<void> {
  await request(connection);
  await connection.send(HELLO);
  connection.socket.end();
}

test("a netstring of variables, CONTENT_LENGTH and SCGI first, and the body behind it", async () => {
  const { fake, ask } = await against(answer);
  const response = await ask({ method: "POST", body: "text", headers: { "Content-Type": "text/plain" } });
  expect([response.status, response.reason, response.text]).toEqual([201, "Created", "hello"]);
  const { variables = [], body } = split(fake.connections[0] as FakeConnection) ?? {};
  expect([variables.slice(0, 2), body]).toEqual([
    [
      ["CONTENT_LENGTH", "4"],
      ["SCGI", "1"],
    ],
    "text",
  ]);
  expect(Object.fromEntries(variables)).toMatchObject({
    REQUEST_METHOD: "POST",
    PATH_INFO: "/x",
    QUERY_STRING: "y=1",
    CONTENT_TYPE: "text/plain",
  });
  expect(variables.filter(([name]) => name === "CONTENT_LENGTH")).toHaveLength(1);
});

test("each request has a connection of its own, never more than maxConnections", async () => {
  const { fake, client, ask } = await against(answer, { maxConnections: 2 });
  const responses = await Promise.all(Array.from({ length: 9 }, () => ask()));
  expect(responses.map(({ text }) => text)).toEqual(Array(9).fill("hello"));
  expect(fake.connections).toHaveLength(9);
  expect(client.connections().idle).toBe(0);
});

describe("a body of unknown length", () => {
  const pieces = async function* () {
    yield Buffer.from("first ");
    await turn();
    yield Buffer.from("second");
  };

  test("is gathered and counted", async () => {
    const { fake, ask } = await against(answer);
    expect((await ask({ method: "POST", body: pieces() })).status).toBe(201);
    const { variables, body } = split(fake.connections[0] as FakeConnection) ?? {};
    expect([variables?.[0], body]).toEqual([["CONTENT_LENGTH", "12"], "first second"]);
  });

  test("past the limit it is a 411 that no server hears of", async () => {
    const { fake, ask } = await against(answer, { maxGatheredBytes: 11 });
    const response = await ask({ method: "POST", body: pieces() });
    expect([response.status, response.text]).toEqual([411, "Length Required\n"]);
    expect(response.errors).toContain('longer than 11 bytes ("maxGatheredBytes")');
    expect(fake.connections).toHaveLength(0);
  });
});

test("a response that comes byte by byte", async () => {
  const { ask } = await against(async (connection) => {
    await request(connection);
    await connection.send(...[...HELLO].map((byte) => Buffer.of(byte)));
    connection.socket.end();
  });
  expect(await ask()).toMatchObject({ status: 201, text: "hello", cut: false });
});

test("a server that has not read all of the body may reset the connection behind a complete response", async () => {
  let written: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    written = resolve;
  });
  let seen: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const { ask } = await against(
    async (connection) => {
      await connection.until((one) => split(one)?.body === "first");
      connection.socket.pause();
      seen();
      await all;
      await connection.send(Buffer.from("Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"));
      connection.socket.destroy();
    },
    {},
    true,
  );
  const body = async function* () {
    yield Buffer.from("first");
    await first;
    yield Buffer.alloc(1_000);
    // Asked for more, it has sent that.
    written();
  };
  const response = await ask({ method: "POST", body: body(), environ: { CONTENT_LENGTH: "1005" } });
  expect(response).toMatchObject({ status: 200, text: "hello", cut: false });
});

test("the head is all that HEAD waits for, and what comes behind it is read for responseTimeoutMs in all", async () => {
  const { client, ask } = await against(
    async (connection) => {
      await request(connection);
      await connection.send(Buffer.from("Content-Type: text/plain\r\n\r\n"));
      const more = setInterval(() => connection.socket.write("x"), 20);
      connection.socket.once("close", () => clearInterval(more));
    },
    // Long enough for the head on a busy machine.
    { responseTimeoutMs: 1_000 },
  );
  expect(await ask({ method: "HEAD" })).toMatchObject({ status: 200, cut: false, errors: "" });
  expect(client.connections().open).toBe(1);
  while (client.connections().open > 0) await turn();
});

describe("a server that fails", () => {
  test.each<[string, (connection: FakeConnection) => unknown, number, RegExp]>([
    ["ends without a byte", ({ socket }) => socket.end(), 502, /the response ended before its head did/],
    [
      "ends inside the head",
      ({ socket }) => socket.end("Status: 200 OK\r\n"),
      502,
      /ended before its head did/,
    ],
    ["sends a head that is none", ({ socket }) => socket.end("<html>\n\n"), 502, /a line is no header/],
    [
      "resets",
      (one) => request(one).then(() => one.socket.resetAndDestroy()),
      502,
      /closed the connection before/,
    ],
    ["says nothing", () => {}, 504, /was silent for 150 ms/],
  ])("%s", async (_, serve, status, log) => {
    // Who fails otherwise may take its time on a busy machine.
    const { ask } = await against(serve, status === 504 ? { responseTimeoutMs: 150 } : {}, true);
    const response = await ask();
    expect(response).toMatchObject({ status, cut: false, text: `${response.reason}\n` });
    expect(response.errors).toMatch(log);
  });

  test.each<[string, string, (connection: FakeConnection) => unknown]>([
    ["ends before its Content-Length", "Content-Length: 50\r\n", ({ socket }) => socket.end()],
    ["resets", "", ({ socket }) => socket.resetAndDestroy()],
    ["stops", "", () => {}],
  ])("%s: the response is cut", async (how, header, fail) => {
    const { ask } = await against(
      async (connection) => {
        await request(connection);
        await connection.send(Buffer.from(`Content-Type: text/plain\r\n${header}\r\nbegun`));
        await fail(connection);
      },
      // Long enough for the head on a busy machine.
      how === "stops" ? { responseTimeoutMs: 1_000 } : {},
      true,
    );
    expect(await ask()).toMatchObject({ status: 200, text: "begun", cut: true });
  });
});

test("a request that is given up ends its connection", async () => {
  const { fake, ask } = await against(() => {});
  const abort = new AbortController();
  const asked = ask({ signal: abort.signal });
  while (fake.connections.length === 0) await turn();
  abort.abort();
  await asked;
  await fake.connections[0]?.until((one) => one.ended);
});

test("a variable with a NUL, which would end it, is a 400", async () => {
  const { fake, ask } = await against(answer);
  const response = await ask({ environ: { PATH_INFO: "/a\0b" } });
  expect(response.status).toBe(400);
  expect(response.errors).toContain("PATH_INFO");
  expect(fake.connections.filter(({ received }) => received.length > 0)).toEqual([]);
});
