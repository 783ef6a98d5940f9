import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Application, Environ } from "../../lib/gateway/types.ts";
import { serve } from "../../lib/serve.ts";
import { createServer } from "../../lib/servers/ajp.ts";
import {
  type AjpAttribute,
  AjpClient,
  type AjpHead,
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
  QUERY_STRING,
  REQ_ATTRIBUTE,
  SECRET,
  SEND_BODY_CHUNK,
  SEND_HEADERS,
} from "../support/ajp-client.ts";
import { serving } from "../support/ajp-server.ts";
import { bytes } from "../support/bytes.ts";
import { echoBody, TEXT } from "../support/fcgi-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { freePort } from "../support/port.ts";
import { promised } from "../support/promised.ts";
import { silence, until } from "../support/until.ts";

const echoPath: Application = (environ, startResponse) => {
  startResponse("200 OK", TEXT);
  return [environ.PATH_INFO];
};

const countBody: Application = async (environ, startResponse) => {
  let size = 0;
  for await (const chunk of environ["wsgi.input"]) size += chunk.length;
  startResponse("200 OK", TEXT);
  return [String(size)];
};

async function getsAnswer(client: AjpClient): Promise<void> {
  const reply = await client.ask({ uri: "/still/there" });
  expect(reply.body.toString()).toBe("/still/there");
  expect(reply.reuse).toBe(true);
}

/** The variables of a request, as they arrive. */
async function environOf(head: AjpHead, options: Parameters<typeof serving>[1] = {}): Promise<Environ> {
  let seen: Environ | undefined;
  const client = await (
    await serving((environ, startResponse) => {
      seen = environ;
      return echoPath(environ, startResponse);
    }, options)
  ).client();
  await client.ask(head);
  if (seen === undefined) throw new Error("the application was not called");
  return seen;
}

describe("a request", () => {
  test("is answered byte for byte as the protocol lays it out, and the connection is kept", async () => {
    const { path } = await serving((_environ, startResponse) => {
      startResponse("200 OK", [
        ["Content-Type", "text/plain"],
        ["Content-Length", "2"],
      ]);
      return ["hi"];
    });
    const socket = connect(path);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    // GET HTTP/1.1 / from 127.0.0.1, at localhost:80, no headers and no attributes.
    const request =
      "1234 0031 | 02 02 0008 485454502f312e31 00 0001 2f 00 0009 3132372e302e302e31 00 ffff " +
      "0009 6c6f63616c686f7374 00 0050 00 0000 ff";
    expect(bytes(request)).toHaveLength(4 + 0x31);
    socket.write(bytes(request));
    const type = "000c 436f6e74656e742d54797065 00 000a 746578742f706c61696e 00";
    const length = "000e 436f6e74656e742d4c656e677468 00 0001 32 00";
    const response = bytes(
      `4142 003b | 04 00c8 0002 4f4b 00 0002 ${type} ${length} | 4142 0006 | 03 0002 6869 00 | 4142 0002 | 05 01`,
    );
    while (Buffer.concat(chunks).length < response.length) await once(socket, "data");
    expect(Buffer.concat(chunks).toString("hex")).toBe(response.toString("hex"));
    chunks.length = 0;
    socket.end(bytes("1234 0001 0a"));
    await once(socket, "close");
    expect(Buffer.concat(chunks).toString("hex")).toBe(bytes("4142 0001 09").toString("hex"));
  });

  test("gets the same answer byte by byte", async () => {
    const client = await (await serving(echoBody)).client();
    const request = Buffer.concat([CPING, post("/", 5), dataPacket(Buffer.from("hello"))]);
    for (const byte of request) await client.send(Buffer.of(byte));
    const { status, body, reuse } = await client.reply();
    expect({ status, body: body.toString(), reuse }).toEqual({ status: 200, body: "hello", reuse: true });
  });

  test("keeps its connection, for a thousand more, with a CPing in front of each", async () => {
    const client = await (await serving(echoPath)).client();
    for (let number = 0; number < 1_000; number++) {
      await client.send(CPING);
      expect(await client.packet(CPONG)).toBeDefined();
      client.received.length = 0;
      const { status, message, body, reuse } = await client.ask({ uri: `/${number}` });
      expect({ status, message, reuse }).toEqual({ status: 200, message: "OK", reuse: true });
      expect(body.toString()).toBe(`/${number}`);
    }
  });

  test("reaches the application before its body does", async () => {
    const called = promised<string>();
    const client = await (
      await serving(async (environ, startResponse) => {
        called.resolve(environ.REQUEST_METHOD);
        return echoBody(environ, startResponse);
      })
    ).client();
    await client.send(post("/", 4));
    expect(await called.promise).toBe("POST");
    await client.send(dataPacket(Buffer.from("body")));
    expect((await client.reply()).body.toString()).toBe("body");
  });

  test.each(["GET", "PROPFIND", "VERSION-CONTROL", "BASELINE-CONTROL", "PATCH", "M-SEARCH"])(
    "may be a %s",
    async (method) => {
      expect((await environOf({ method })).REQUEST_METHOD).toBe(method);
    },
  );
});

describe("the environ", () => {
  test("has the variables of a plain request, and none besides", async () => {
    const environ = await environOf({
      uri: "/a%20b/%C3%A9",
      remoteAddress: "192.0.2.7",
      serverName: "example.org",
      serverPort: 8080,
      headers: [
        ["Host", "example.org:8080"],
        ["User-Agent", "curl/8"],
      ],
      attributes: [[QUERY_STRING, "x=%20&y"]],
    });
    const variables = Object.entries(environ).filter(([name]) => !name.includes("."));
    expect(Object.fromEntries(variables)).toEqual({
      REQUEST_METHOD: "GET",
      SCRIPT_NAME: "",
      PATH_INFO: "/a b/\xc3\xa9",
      QUERY_STRING: "x=%20&y",
      REQUEST_URI: "/a%20b/%C3%A9?x=%20&y",
      SERVER_NAME: "example.org",
      SERVER_PORT: "8080",
      SERVER_PROTOCOL: "HTTP/1.1",
      GATEWAY_INTERFACE: "CGI/1.1",
      REMOTE_ADDR: "192.0.2.7",
      HTTP_HOST: "example.org:8080",
      HTTP_USER_AGENT: "curl/8",
    });
    expect(environ["wsgi.url_scheme"]).toBe("http");
  });

  test("has the attributes that a web server sends of a secure and authenticated request", async () => {
    const environ = await environOf({
      isSecure: true,
      serverPort: 443,
      // In the order of mod_proxy_ajp.
      attributes: [
        [0x03, "anna"],
        [0x04, "Basic"],
        [QUERY_STRING, ""],
        [0x07, "-----BEGIN CERTIFICATE-----\n"],
        [0x08, "TLS_AES_256_GCM_SHA384"],
        [0x09, "0a0b"],
        [0x0b, 256],
        [REQ_ATTRIBUTE, "AJP_SSL_PROTOCOL", "TLSv1.3"],
        [REQ_ATTRIBUTE, "AJP_REMOTE_PORT", "4711"],
        [REQ_ATTRIBUTE, "AJP_LOCAL_ADDR", "192.0.2.1"],
      ],
    });
    expect(environ).toMatchObject({
      REMOTE_USER: "anna",
      AUTH_TYPE: "Basic",
      HTTPS: "on",
      SSL_CLIENT_CERT: "-----BEGIN CERTIFICATE-----\n",
      SSL_CIPHER: "TLS_AES_256_GCM_SHA384",
      SSL_SESSION_ID: "0a0b",
      SSL_CIPHER_USEKEYSIZE: "256",
      SSL_PROTOCOL: "TLSv1.3",
      REMOTE_PORT: "4711",
      SERVER_ADDR: "192.0.2.1",
      REQUEST_URI: "/?",
      "wsgi.url_scheme": "https",
    });
  });

  test("says https where the connection is, whatever an attribute says, and only there", async () => {
    const attributes: AjpAttribute[] = [
      [REQ_ATTRIBUTE, "HTTPS", "off"],
      [REQ_ATTRIBUTE, "REQUEST_SCHEME", "http"],
    ];
    expect((await environOf({ isSecure: true, attributes }))["wsgi.url_scheme"]).toBe("https");
    const forged: AjpAttribute[] = [
      [REQ_ATTRIBUTE, "HTTPS", "on"],
      [REQ_ATTRIBUTE, "REQUEST_SCHEME", "https"],
    ];
    const environ = await environOf({ attributes: forged });
    expect(environ["wsgi.url_scheme"]).toBe("http");
    expect(environ.HTTPS).toBeUndefined();
  });

  test("has no attribute under its own name", async () => {
    const names = [
      "REMOTE_USER",
      "SCRIPT_NAME",
      "PATH_INFO",
      "HTTP_HOST",
      "wsgi.input",
      "__proto__",
      "postern.signal",
      "javax.servlet.include.request_uri",
      "JK_LB_ACTIVATION",
      "FOO",
    ];
    const environ = await environOf({
      uri: "/real",
      attributes: names.map((name) => [REQ_ATTRIBUTE, name, "forged"] as const),
    });
    expect(Object.values(environ)).not.toContain("forged");
    expect(Object.getPrototypeOf(environ)).toBeNull();
    expect(environ.PATH_INFO).toBe("/real");
  });

  test("has those that option ajpAttributes names", async () => {
    const environ = await environOf(
      {
        attributes: [
          [REQ_ATTRIBUTE, "FOO", "bar"],
          [REQ_ATTRIBUTE, "BAR", "no"],
          [REQ_ATTRIBUTE, "__proto__", "no"],
          [REQ_ATTRIBUTE, "SSL_CLIENT_S_DN", "CN=anna"],
        ],
      },
      { ajpAttributes: ["FOO", "SSL_CLIENT_S_DN", "__proto__"] },
    );
    expect(environ["FOO"]).toBe("bar");
    expect(environ["SSL_CLIENT_S_DN"]).toBe("CN=anna");
    expect(environ["BAR"]).toBeUndefined();
    // A key like any other: there is no prototype.
    expect(Object.getPrototypeOf(environ)).toBeNull();
  });

  test.each([
    "REMOTE_USER",
    "HTTPS",
    "SCRIPT_NAME",
    "PATH_INFO",
    "CONTENT_LENGTH",
    "REQUEST_METHOD",
    "SERVER_NAME",
    "HTTP_X_USER",
    "HTTP_PROXY",
    "SSL_CLIENT_CERT",
    "wsgi.input",
    "postern.signal",
    "",
    "a b",
  ])("ajpAttributes may not name %j", (name) => {
    expect(() => createServer(echoPath, { ajpAttributes: [name] })).toThrow(
      expect.objectContaining({ name: "GatewayError", code: "AJP_ATTRIBUTES" }),
    );
  });

  test("joins headers that come twice, and drops those that a client could forge others with", async () => {
    const environ = await environOf({
      headers: [
        ["X-Dup", "1"],
        ["x-dup", "2"],
        ["Cookie", "a=1"],
        ["Cookie", "b=2"],
        ["X_Forged", "1"],
        ["X-Forged_Too", "1"],
        ["Proxy", "http://evil/"],
        ["Content-Type", "text/html"],
        ["", "nothing"],
        ["X-Empty", ""],
      ],
    });
    expect(environ).toMatchObject({
      HTTP_X_DUP: "1, 2",
      HTTP_COOKIE: "a=1; b=2",
      CONTENT_TYPE: "text/html",
      HTTP_X_EMPTY: "",
    });
    const names = Object.keys(environ).filter((name) => name.startsWith("HTTP_"));
    expect(names.sort()).toEqual(["HTTP_COOKIE", "HTTP_X_DUP", "HTTP_X_EMPTY"]);
  });

  test("has each byte as one character", async () => {
    const environ = await environOf({ uri: "/\xe9%E9", headers: [["X-Byte", "\xff"]] });
    expect(environ.PATH_INFO).toBe("/\xe9\xe9");
    expect(environ.HTTP_X_BYTE).toBe("\xff");
  });

  test.each([
    ["/app", "/app/a%2Fb", "/app", "/a/b"],
    ["/app", "/app", "/app", ""],
    ["/app/", "/app/x", "/app", "/x"],
    ["/app", "/apple", "", "/apple"],
    [undefined, "//a%20b", "", "//a b"],
    ["", "/x", "", "/x"],
  ])("splits the path at scriptName %j: %s", async (scriptName, uri, script, path) => {
    const environ = await environOf({ uri }, scriptName === undefined ? {} : { scriptName });
    expect([environ.SCRIPT_NAME, environ.PATH_INFO]).toEqual([script, path]);
    expect(environ.REQUEST_URI).toBe(uri);
  });

  test.each([
    ["/app/a%20b", "/app", "/app", "/a b"],
    ["/app", "/app/", "/app", ""],
    ["/apple", "/app", "", "/apple"],
    ["/app/x", "app", "", "/app/x"],
  ])("for %s is split at the attribute WSGI_SCRIPT_NAME, %s", async (uri, mount, script, path) => {
    const environ = await environOf({ uri, attributes: [[0x0a, "WSGI_SCRIPT_NAME", mount]] });
    expect([environ["SCRIPT_NAME"], environ["PATH_INFO"]]).toEqual([script, path]);
  });

  test("of OPTIONS * has that as its target", async () => {
    const environ = await environOf({ method: "OPTIONS", uri: "*" });
    expect(environ.REQUEST_URI).toBe("*");
  });
});

describe("a request's body", () => {
  test("that fits into one packet is never asked for", async () => {
    const client = await (await serving(echoBody)).client();
    const { body, asked, reuse } = await client.ask({ method: "POST" }, Buffer.from("body"));
    expect({ body: body.toString(), asked, reuse }).toEqual({ body: "body", asked: [], reuse: true });
  });

  test("is asked for in pieces of a packet, to the last byte and no further", async () => {
    const client = await (await serving(countBody)).client();
    const { body, asked, reuse } = await client.ask({ method: "PUT" }, Buffer.alloc(20_000));
    expect(body.toString()).toBe("20000");
    expect(asked).toEqual([8_186, 20_000 - 2 * 8_186]);
    expect(reuse).toBe(true);
    await getsAnswer(await (await serving(echoPath)).client());
  });

  test("may come in smaller packets than were asked for", async () => {
    const client = await (await serving(countBody)).client();
    await client.send(post("/", 1_000));
    await client.feed(Buffer.alloc(1_000), { dataBytes: 300 });
    const { body, asked } = await client.reply();
    expect(body.toString()).toBe("1000");
    expect(asked).toEqual([700, 400, 100]);
  });

  test.each([
    ["a data packet without data, as mod_proxy_ajp does", dataPacket(Buffer.alloc(0))],
    ["an empty packet, as mod_jk does", EMPTY_PACKET],
  ])("of unknown length is asked for from its first byte on, and ends with %s", async (_name, end) => {
    const client = await (await serving(echoBody)).client();
    await client.send(postChunked("/"));
    for (const part of ["one ", "two"]) {
      expect((await client.packet(GET_BODY_CHUNK))?.content.readUInt16BE(0)).toBe(8_186);
      client.received.length = 0;
      await client.send(dataPacket(Buffer.from(part)));
    }
    await client.packet(GET_BODY_CHUNK);
    await client.send(end);
    const { body, reuse } = await client.reply();
    expect(body.toString()).toBe("one two");
    expect(reuse).toBe(true);
    await client.send(CPING);
    expect(await client.packet(CPONG)).toBeDefined();
  });

  test("of unknown length has no CONTENT_LENGTH, and no coding", async () => {
    const seen = promised<Environ>();
    const client = await (
      await serving((environ, startResponse) => {
        seen.resolve(environ);
        return echoPath(environ, startResponse);
      })
    ).client();
    await client.send(postChunked("/"));
    await client.reply();
    const environ = await seen.promise;
    expect(environ.CONTENT_LENGTH).toBeUndefined();
    expect(environ.HTTP_TRANSFER_ENCODING).toBeUndefined();
  });

  test("that nobody reads is not asked for, and its first packet is no request", async () => {
    const ajp = await serving(echoPath);
    const client = await ajp.client();
    await client.send(post("/unread", 50_000));
    const { body, asked, reuse } = await client.reply();
    expect({ body: body.toString(), asked, reuse }).toEqual({ body: "/unread", asked: [], reuse: true });
    // Behind the response, and made of what would be a CPing.
    await client.send(dataPacket(Buffer.from("12340001".repeat(500), "hex")));
    await getsAnswer(client);
    expect(client.received).toEqual([]);
    expect(ajp.log).toEqual([]);
  });

  test.each([8_186, 100])(
    "that nobody reads is not asked for, though %i bytes of it have come before the response",
    async (size) => {
      const gate = promised<void>();
      const client = await (
        await serving(async (environ, startResponse) => {
          if (environ.REQUEST_METHOD === "POST") await gate.promise;
          return echoPath(environ, startResponse);
        })
      ).client();
      await client.send(post("/unread", 50_000), dataPacket(Buffer.alloc(size)));
      await silence(60);
      gate.resolve();
      const { body, asked, reuse } = await client.reply();
      expect({ body: body.toString(), asked, reuse }).toEqual({ body: "/unread", asked: [], reuse: true });
      await getsAnswer(client);
    },
  );

  test("of unknown length that nobody reads is not asked for", async () => {
    const client = await (await serving(echoPath)).client();
    await client.send(postChunked("/unread"));
    const { asked, reuse } = await client.reply();
    expect({ asked, reuse }).toEqual({ asked: [], reuse: true });
    await getsAnswer(client);
  });

  test("is asked for as the application reads, one packet ahead of it", async () => {
    const steps = [promised<void>(), promised<void>(), promised<void>()];
    const client = await (
      await serving(async (environ, startResponse) => {
        const input = environ["wsgi.input"][Symbol.asyncIterator]();
        let size = 0;
        for (const { promise } of steps) {
          await promise;
          size += (await input.next()).value.length;
        }
        startResponse("200 OK", TEXT);
        return [String(size)];
      })
    ).client();
    await client.send(post("/", 100_000));
    await client.feed(Buffer.alloc(100_000));
    const quiet = () => silence(60);
    const asked = () => client.received.filter(({ type }) => type === GET_BODY_CHUNK).length;
    await quiet();
    expect(asked()).toBe(0);
    // What has come unasked is enough.
    steps[0]?.resolve();
    await quiet();
    expect(asked()).toBeLessThanOrEqual(1);
    steps[1]?.resolve();
    await quiet();
    expect(asked()).toBeLessThanOrEqual(2);
    steps[2]?.resolve();
    const reply = await client.reply();
    expect(reply.body.toString()).toBe(String(3 * 8_186));
    expect(reply.asked.length).toBeLessThanOrEqual(3);
    expect(reply.reuse).toBe(true);
    await getsAnswer(await (await serving(echoPath)).client());
  });

  test("is never asked for again before the answer to the last time has come", async () => {
    const client = await (await serving(countBody)).client();
    await client.send(post("/", 30_000), dataPacket(Buffer.alloc(8_186)));
    await client.packet(GET_BODY_CHUNK);
    await silence(60);
    expect(client.received.filter(({ type }) => type === GET_BODY_CHUNK)).toHaveLength(1);
    client.received.length = 0;
    await client.feed(Buffer.alloc(30_000 - 8_186));
    expect((await client.reply()).body.toString()).toBe("30000");
  });

  test("whose next packet was asked for when the response ended has it dropped", async () => {
    const client = await (
      await serving(async (environ, startResponse) => {
        if (environ.REQUEST_METHOD === "GET") return echoPath(environ, startResponse);
        const input = environ["wsgi.input"][Symbol.asyncIterator]();
        await input.next();
        void input.next().catch(() => {});
        // The next packet has been asked for by then.
        await new Promise(setImmediate);
        startResponse("200 OK", TEXT);
        return ["enough"];
      })
    ).client();
    await client.send(post("/", 50_000), dataPacket(Buffer.alloc(8_186)));
    const { body, asked, reuse } = await client.reply();
    expect({ body: body.toString(), asked: asked.length, reuse }).toEqual({
      body: "enough",
      asked: 1,
      reuse: true,
    });
    await client.send(dataPacket(Buffer.from("02020008", "hex")));
    await getsAnswer(client);
  });

  test("may be asked for behind the head of the response", async () => {
    const client = await (
      await serving((environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return (async function* () {
          yield "begun ";
          for await (const chunk of environ["wsgi.input"]) yield chunk as Buffer;
        })();
      })
    ).client();
    await client.send(postChunked("/"));
    await client.packet(GET_BODY_CHUNK);
    expect(client.received[0]?.type).toBe(SEND_HEADERS);
    await client.send(dataPacket(Buffer.from("and ended")));
    await client.packets(GET_BODY_CHUNK, 2);
    await client.send(dataPacket(Buffer.alloc(0)));
    expect((await client.reply()).body.toString()).toBe("begun and ended");
  });

  test("that ends too early is a 400, not half of a body", async () => {
    const client = await (await serving(echoBody)).client();
    await client.send(post("/", 30), dataPacket(Buffer.from("abcdef")));
    await client.packet(GET_BODY_CHUNK);
    await client.send(dataPacket(Buffer.alloc(0)));
    const { status, reuse } = await client.reply();
    expect({ status, reuse }).toEqual({ status: 400, reuse: false });
  });

  test("of 20 MB arrives whole", async () => {
    const size = 20 * 1024 * 1024;
    const client = await (await serving(countBody)).client();
    expect((await client.ask({ method: "POST" }, Buffer.alloc(size, "x"))).body.toString()).toBe(
      String(size),
    );
  });

  test("over maxBodyBytes is a 413, whether its length is announced or not", async () => {
    const ajp = await serving(echoBody, { maxBodyBytes: 10 });
    const announced = await ajp.client();
    const refused = await announced.ask({ method: "POST" }, Buffer.alloc(11));
    expect([refused.status, refused.message, refused.reuse]).toEqual([413, "Content Too Large", false]);
    await announced.closed();
    const chunked = await ajp.client();
    await chunked.send(postChunked("/"));
    await chunked.feed(Buffer.alloc(11), { unasked: false });
    expect((await chunked.reply()).status).toBe(413);
    const client = await ajp.client();
    expect((await client.ask({ method: "POST" }, Buffer.alloc(10, "a"))).body.toString()).toBe(
      "a".repeat(10),
    );
  });
});

describe("packets of up to 65,536 bytes", () => {
  test("go both ways where both sides have been told so", async () => {
    const client = await (await serving(echoBody, { maxPacketBytes: 65_536 })).client();
    const sent = Buffer.alloc(150_000, "x");
    await client.send(post("/", sent.length));
    await client.feed(sent, { dataBytes: 65_530 });
    const { body, asked, reuse } = await client.reply();
    expect(body.equals(sent)).toBe(true);
    expect(asked).toEqual([65_530, 150_000 - 2 * 65_530]);
    expect(reuse).toBe(true);
    expect(client.longest).toBe(65_536);
  });

  test("carry heads of that length, of requests and of responses", async () => {
    const client = await (
      await serving(
        (environ, startResponse) => {
          startResponse("200 OK", [["X-Long", environ.HTTP_X_LONG ?? ""]]);
          return [];
        },
        { maxPacketBytes: 65_536 },
      )
    ).client();
    const long = "v".repeat(60_000);
    const { headers } = await client.ask({ headers: [["X-Long", long]] });
    expect(headers.find(([name]) => name === "X-Long")?.[1]).toHaveLength(long.length);
  });

  test.each([0, 8_191, 65_537, 8_192.5, Number.NaN])("maxPacketBytes may not be %d", (maxPacketBytes) => {
    expect(() => createServer(echoPath, { maxPacketBytes })).toThrow(
      expect.objectContaining({ name: "GatewayError", code: "OPTION" }),
    );
  });
});

describe("a response", () => {
  test("has no packet of a body for HEAD, 204 and 304", async () => {
    const client = await (
      await serving((environ, startResponse) => {
        const status = environ.REQUEST_METHOD === "HEAD" ? "200 OK" : environ.PATH_INFO.slice(1);
        startResponse(status, environ.REQUEST_METHOD === "HEAD" ? [...TEXT, ["Content-Length", "5"]] : []);
        return environ.REQUEST_METHOD === "HEAD" ? ["hello"] : [];
      })
    ).client();
    const asks: AjpHead[] = [{ method: "HEAD" }, { uri: "/204 No Content" }, { uri: "/304 Not Modified" }];
    for (const head of asks) {
      await client.send(forwardRequest(head));
      await client.packet(END_RESPONSE);
      expect(client.received.map(({ type }) => type)).toEqual([SEND_HEADERS, END_RESPONSE]);
      expect((await client.reply()).reuse).toBe(true);
    }
  });

  test("has its headers in their order, cookies apart, and its reason", async () => {
    const client = await (
      await serving((_environ, startResponse) => {
        startResponse("404 Nothing \xe9", [
          ["Set-Cookie", "a=1"],
          ["Content-Type", "text/plain"],
          ["X-Byte", "\xff"],
          ["Set-Cookie", "b=2"],
          ["X-Empty", ""],
        ]);
        return ["no"];
      })
    ).client();
    const { status, message, headers } = await client.ask({});
    expect([status, message]).toEqual([404, "Nothing \xe9"]);
    expect(headers).toEqual([
      ["Set-Cookie", "a=1"],
      ["Content-Type", "text/plain"],
      ["X-Byte", "\xff"],
      ["Set-Cookie", "b=2"],
      ["X-Empty", ""],
      ["Content-Length", "2"],
    ]);
  });

  test.each([0, 1, 8_183, 8_184, 8_185, 16_368, 16_369, 100_000])(
    "of %i bytes comes whole, in packets that are not too long",
    async (size) => {
      const sent = Buffer.alloc(size);
      for (let at = 0; at < size; at++) sent[at] = at % 251;
      const client = await (
        await serving((_environ, startResponse) => {
          startResponse("200 OK", TEXT);
          return [sent];
        })
      ).client();
      const { body, reuse } = await client.ask({});
      expect(body.equals(sent)).toBe(true);
      expect(reuse).toBe(true);
      expect(client.longest).toBeLessThanOrEqual(8_192);
    },
  );

  test.each<[string, (string | Uint8Array)[]]>([
    ["of text of one byte a letter", ["ab", "c"]],
    ["of other text", ["a\xe9", "c"]],
    ["of bytes", [Buffer.from("ab"), Buffer.from("c")]],
    ["of all of them", ["a", Buffer.from("b"), "\xe9", "c"]],
  ])("%s is one packet", async (_name, chunks) => {
    const client = await (
      await serving((_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return chunks;
      })
    ).client();
    await client.send(forwardRequest());
    await client.packet(END_RESPONSE);
    expect(client.received.map(({ type }) => type)).toEqual([SEND_HEADERS, SEND_BODY_CHUNK, END_RESPONSE]);
    expect((await client.reply()).body.toString()).toBe(chunks.map(String).join(""));
  });

  test("of many small chunks, strings and bytes, comes in their order", async () => {
    const chunks = Array.from({ length: 3_000 }, (_, index) =>
      index % 2 === 0 ? `é${index} ` : Buffer.from(`b${index} `),
    );
    const client = await (
      await serving((_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return chunks;
      })
    ).client();
    expect((await client.ask({})).body.toString()).toBe(chunks.map(String).join(""));
    expect(client.longest).toBeLessThanOrEqual(8_192);
  });

  test("that pauses says that what has come is to be sent on", async () => {
    const gate = promised<void>();
    const client = await (
      await serving((_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return (async function* () {
          yield "first";
          await gate.promise;
          yield "second";
        })();
      })
    ).client();
    await client.send(forwardRequest());
    await client.packets(SEND_BODY_CHUNK, 2);
    const chunks = client.received.filter(({ type }) => type === SEND_BODY_CHUNK);
    expect(chunks.map(({ content }) => content.subarray(2, -1).toString())).toEqual(["first", ""]);
    gate.resolve();
    expect((await client.reply()).body.toString()).toBe("firstsecond");
  });

  test("that does not pause has no packet without data", async () => {
    const client = await (
      await serving((_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return (function* () {
          yield "first";
          yield "second";
        })();
      })
    ).client();
    await client.send(forwardRequest());
    await client.packet(END_RESPONSE);
    const chunks = client.received.filter(({ type }) => type === SEND_BODY_CHUNK);
    expect(chunks.map(({ content }) => content.readUInt16BE(0))).not.toContain(0);
  });

  test("whose application fails is a 500, and the connection is closed", async () => {
    const client = await (
      await serving(() => {
        throw new DOMException("broken", "AbortError");
      })
    ).client();
    const { status, body, reuse } = await client.ask({});
    expect([status, body.toString(), reuse]).toEqual([500, "Internal Server Error\n", false]);
    await client.closed();
  });

  test("that fails in the middle ends without END_RESPONSE, so that the web server notices", async () => {
    const client = await (
      await serving(async function* (_environ, startResponse) {
        startResponse("200 OK", [...TEXT, ["Content-Length", "50"]]);
        yield "partial";
        throw new DOMException("broken", "AbortError");
      })
    ).client();
    const { status, body, reuse } = await client.ask({});
    expect([status, body.toString(), reuse]).toEqual([200, "partial", undefined]);
    await client.closed();
  });

  test("that is shorter than its Content-Length ends without END_RESPONSE", async () => {
    const client = await (
      await serving((_environ, startResponse) => {
        startResponse("200 OK", [...TEXT, ["Content-Length", "50"]]);
        return (function* () {
          yield "partial";
        })();
      })
    ).client();
    expect((await client.ask({})).reuse).toBeUndefined();
  });
});

describe("a response's head", () => {
  /** So many bytes of SEND_HEADERS: packet header, type, status, "OK", the number of headers, and two headers. */
  const headOf = (size: number): [string, string][] => [
    ["Content-Type", "text/plain"],
    ["X", "v".repeat(size - (4 + 1 + 2 + 5 + 2) - (15 + 13) - (4 + 3))],
  ];

  const sending =
    (headers: [string, string][], body: Iterable<string>): Application =>
    (environ, startResponse) => {
      if (environ.PATH_INFO === "/still/there") return echoPath(environ, startResponse);
      startResponse("200 OK", headers);
      return body;
    };

  test("of one packet is sent", async () => {
    const client = await (await serving(sending(headOf(8_192), []))).client();
    const reply = await client.ask({ method: "HEAD" });
    expect([reply.status, reply.reuse]).toEqual([200, true]);
    expect(client.longest).toBe(8_192);
  });

  test.each<[string, AjpHead, Iterable<string>]>([
    ["with no body", {}, []],
    ["with a body", {}, ["one"]],
    ["with a body of several chunks", {}, ["one", "two"]],
    [
      "with a body that is made on the way",
      {},
      (function* () {
        yield "one";
        yield "two";
      })(),
    ],
    ["of HEAD", { method: "HEAD" }, ["one"]],
  ])("of one byte more is a 500 and a line in the log: %s", async (_name, head, body) => {
    const ajp = await serving(sending(headOf(8_193), body));
    const client = await ajp.client();
    const reply = await client.ask({ uri: "/large\r", ...head });
    expect([reply.status, reply.reuse]).toEqual([500, false]);
    expect(reply.body.toString()).toBe(head.method === "HEAD" ? "" : "Internal Server Error\n");
    expect(ajp.log).toEqual([expect.stringMatching(/\/large\\x0d .*8192.*maxPacketBytes/)]);
    await client.closed();
    await getsAnswer(await ajp.client());
  });

  test("that does not fit ends the body that was to follow it", async () => {
    const cleaned = promised<string>();
    const ajp = await serving((environ, startResponse) => {
      startResponse("200 OK", headOf(9_000));
      return (async function* () {
        try {
          for (;;) yield "more";
        } finally {
          cleaned.resolve(environ["postern.signal"].reason.code);
        }
      })();
    });
    await (await ajp.client()).ask({});
    expect(await cleaned.promise).toBe("HEAD_TOO_LARGE");
  });
});

describe("CPing", () => {
  test("is answered before the first request, between two, in one piece with one, and as all there is", async () => {
    const client = await (await serving(echoPath)).client();
    for (let times = 0; times < 3; times++) {
      await client.send(CPING);
      expect((await client.packet(CPONG))?.content).toHaveLength(0);
      client.received.length = 0;
      await getsAnswer(client);
    }
    await client.send(Buffer.concat([CPING, CPING, forwardRequest({ uri: "/x" })]));
    await client.packet(END_RESPONSE);
    expect(client.received.slice(0, 2).map(({ type }) => type)).toEqual([CPONG, CPONG]);
  });

  test("needs no secret", async () => {
    const client = await (await serving(echoPath, { secret: "s3cret" })).client();
    await client.send(CPING);
    expect(await client.packet(CPONG)).toBeDefined();
  });

  test("is answered behind an unread body", async () => {
    const client = await (await serving(echoPath)).client();
    await client.send(post("/", 9), dataPacket(Buffer.alloc(9)), CPING);
    await client.packet(CPONG);
    expect(client.received.map(({ type }) => type).slice(-2)).toEqual([END_RESPONSE, CPONG]);
  });
});

describe("the secret", () => {
  test("lets requests pass that have it, wherever it stands among the attributes", async () => {
    const seen: string[] = [];
    const client = await (
      await serving(
        (environ, startResponse) => {
          seen.push(JSON.stringify(Object.entries(environ).filter(([name]) => !name.includes("."))));
          return echoPath(environ, startResponse);
        },
        { secret: "s3cret" },
      )
    ).client();
    const orders: AjpAttribute[][] = [
      [[SECRET, "s3cret"]],
      [
        [0x03, "anna"],
        [SECRET, "s3cret"],
        [QUERY_STRING, "x"],
      ],
      [
        [QUERY_STRING, "x"],
        [REQ_ATTRIBUTE, "FOO", "bar"],
        [SECRET, "s3cret"],
      ],
    ];
    for (const attributes of orders) {
      expect(await client.ask({ attributes })).toMatchObject({ status: 200, reuse: true });
    }
    expect(seen).toHaveLength(3);
    for (const environ of seen) expect(environ).not.toContain("s3cret");
  });

  test("is compared as the bytes that a configuration in UTF-8 has", async () => {
    const client = await (await serving(echoPath, { secret: "sécret" })).client();
    const sent = Buffer.from("sécret").toString("latin1");
    expect((await client.ask({ attributes: [[SECRET, sent]] })).status).toBe(200);
  });

  test.each<[string, AjpAttribute[]]>([
    ["none", []],
    ["another", [[SECRET, "s3creT"]]],
    ["the beginning of it", [[SECRET, "s3cre"]]],
    ["more than it", [[SECRET, "s3cret "]]],
    ["an empty one", [[SECRET, ""]]],
    ["a null one", [[SECRET, null]]],
    ["an attribute of that name", [[REQ_ATTRIBUTE, "secret", "s3cret"]]],
    [
      "the right one, and a wrong one behind it",
      [
        [SECRET, "s3cret"],
        [SECRET, "other"],
      ],
    ],
  ])("keeps others out: %s", async (_name, attributes) => {
    let called = false;
    const ajp = await serving(
      (environ, startResponse) => {
        called = true;
        return echoPath(environ, startResponse);
      },
      { secret: "s3cret" },
    );
    const client = await ajp.client();
    const { status, reuse } = await client.ask({ attributes });
    expect([status, reuse]).toEqual([403, false]);
    await client.closed();
    expect(called).toBe(false);
    expect(ajp.log).toHaveLength(1);
    expect(ajp.log[0]).not.toContain("s3cr");
  });

  test("keeps out the body of a request too: it is no packet of another", async () => {
    let called = false;
    const ajp = await serving(
      (environ, startResponse) => {
        called = true;
        return echoPath(environ, startResponse);
      },
      { secret: "s3cret" },
    );
    const client = await ajp.client();
    const inside = forwardRequest({ attributes: [[SECRET, "s3cret"]] });
    await client.send(Buffer.concat([post("/", inside.length), inside, CPING]));
    expect((await client.reply()).status).toBe(403);
    await client.closed();
    expect(called).toBe(false);
    expect(client.received).toEqual([]);
  });

  test("sent to a server that has none is ignored", async () => {
    const environ = await environOf({ attributes: [[SECRET, "s3cret"]] });
    expect(Object.values(environ)).not.toContain("s3cret");
  });

  test("may not be empty", async () => {
    await expect(serving(echoPath, { secret: "" })).rejects.toMatchObject({
      name: "GatewayError",
      code: "AJP_SECRET",
    });
  });
});

describe("where an AJP server listens", () => {
  test.each(["0.0.0.0", "::", "192.0.2.1", "example.org", "::ffff:127.0.0.1.example.org"])(
    "not on %s without a secret",
    async (host) => {
      const server = serve(echoPath, {
        protocol: "ajp",
        bindAddress: { host, port: await freePort() },
        allowedServers: ["127.0.0.1"],
      });
      const error = await server.listening.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ name: "GatewayError", code: "AJP_SECRET" });
      const message = (error as Error).message;
      expect(message).toContain(host);
      expect(message).toMatch(/option "secret".*127\.0\.0\.1 or a unix socket/);
    },
  );

  test.each(["127.0.0.1", "127.0.0.2", "localhost", "::1"])("on %s without one", (host) => {
    expect(() => createServer(echoPath).mayListenOn?.({ host, port: 8009 })).not.toThrow();
  });

  test("anywhere with one", async () => {
    const server = serve(echoPath, {
      protocol: "ajp",
      bindAddress: { host: "0.0.0.0", port: 0 },
      secret: "s3cret",
    });
    await server.listening;
    await server.close();
  });

  test("not on an inherited socket that is open to others, without a secret", () => {
    const { mayListenOn } = createServer(echoPath);
    expect(() => mayListenOn?.({ host: "0.0.0.0", port: 8009 })).toThrow(
      expect.objectContaining({ code: "AJP_SECRET" }),
    );
    expect(() => mayListenOn?.({ path: "" })).not.toThrow();
  });
});

describe("a web server that ends its side behind the request", () => {
  test("still gets its whole answer, and the signal is aborted at once", async () => {
    const client = await (
      await serving(async function* (environ, startResponse) {
        const signal = environ["postern.signal"];
        startResponse("200 OK", TEXT);
        yield "begun ";
        if (!signal.aborted) await once(signal, "abort");
        yield "and ended";
      })
    ).client();
    await client.send(post("/", 4), dataPacket(Buffer.from("body")));
    client.end();
    const { body, reuse } = await client.reply();
    expect(body.toString()).toBe("begun and ended");
    expect(reuse).toBe(false);
    await client.closed();
  });
});

describe("a web server that goes away", () => {
  test("aborts the signal, and the body is left", async () => {
    const reason = promised<unknown>();
    const cleaned = promised<void>();
    const client = await (
      await serving((environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return (async function* () {
          try {
            const signal = environ["postern.signal"];
            yield "first";
            if (!signal.aborted) await once(signal, "abort");
            reason.resolve(signal.reason);
            for (;;) yield "never sent";
          } finally {
            cleaned.resolve();
          }
        })();
      })
    ).client();
    await client.send(forwardRequest());
    await client.packet(SEND_BODY_CHUNK);
    client.destroy();
    expect(await reason.promise).toMatchObject({ code: "PEER_GONE" });
    await cleaned.promise;
  });

  test.each<[string, Buffer[]]>([
    ["before the first data", []],
    ["inside a data packet", [dataPacket(Buffer.alloc(50)).subarray(0, 20)]],
    ["between two", [dataPacket(Buffer.alloc(50))]],
  ])("in the middle of a body, %s: the application that reads it gets an error", async (_name, data) => {
    const failed = promised<unknown>();
    const entered = promised<void>();
    const client = await (
      await serving(async (environ, startResponse) => {
        try {
          entered.resolve();
          return await echoBody(environ, startResponse);
        } catch (error) {
          failed.resolve(error);
          throw error;
        }
      })
    ).client();
    await client.send(post("/", 100), ...data);
    await entered.promise;
    client.end();
    expect(await failed.promise).toMatchObject({ name: "ProtocolError", code: "PEER_GONE" });
    await client.closed();
  });
});

describe("limits", () => {
  test("past maxConcurrent the answer is 503, and the next is answered again", async () => {
    const gate = promised<void>();
    const entered = promised<void>();
    const ajp = await serving(
      async (environ, startResponse) => {
        entered.resolve();
        await gate.promise;
        return echoPath(environ, startResponse);
      },
      { maxConcurrent: 1 },
    );
    const [first, second] = [await ajp.client(), await ajp.client()];
    await first.send(forwardRequest({ uri: "/1" }));
    await entered.promise;
    const refused = await second.ask({ uri: "/2", method: "POST" }, Buffer.from("body"));
    expect([refused.status, refused.reuse]).toEqual([503, false]);
    await second.closed();
    gate.resolve();
    expect((await first.reply()).body.toString()).toBe("/1");
    await getsAnswer(await ajp.client());
  });

  test("a head over maxParamsBytes is a 431", async () => {
    const ajp = await serving(echoPath, { maxParamsBytes: 1_000 });
    const client = await ajp.client();
    const { status, reuse } = await client.ask({ headers: [["X-Long", "v".repeat(1_000)]] });
    expect([status, reuse]).toEqual([431, false]);
    await getsAnswer(await ajp.client());
  });

  test("an application past requestTimeoutMs is answered 504 and told so", async () => {
    const reason = promised<unknown>();
    const ajp = await serving(
      async (environ) => {
        const signal = environ["postern.signal"];
        if (!signal.aborted) await once(signal, "abort");
        reason.resolve(signal.reason);
        return new Promise(() => {});
      },
      { requestTimeoutMs: 50 },
    );
    const { status, reuse } = await (await ajp.client()).ask({ uri: "/slow" });
    expect([status, reuse]).toEqual([504, false]);
    expect(await reason.promise).toMatchObject({ name: "TimeoutError" });
    expect(ajp.log).toEqual([expect.stringContaining("/slow")]);
  });

  test("a peer that stalls between requests, in a head or in a body is closed after idleTimeoutMs", async () => {
    const ajp = await serving(echoBody, { idleTimeoutMs: 100 });
    const clients = [await ajp.client(), await ajp.client(), await ajp.client(), await ajp.client()];
    const [, kept, head, body] = clients;
    await kept?.ask({});
    await head?.send(forwardRequest().subarray(0, 20));
    await body?.send(post("/", 10));
    await Promise.all(clients.map((client) => client.closed()));
  });

  test("an application that computes longer than idleTimeoutMs is left alone", async () => {
    const client = await (
      await serving(
        async (environ, startResponse) => {
          await new Promise((resolve) => setTimeout(resolve, 400));
          return echoPath(environ, startResponse);
        },
        { idleTimeoutMs: 100 },
      )
    ).client();
    expect((await client.ask({ uri: "/computed" })).body.toString()).toBe("/computed");
  });

  test("a peer that does not read is closed after idleTimeoutMs, and the body is told", async () => {
    const cleaned = promised<void>();
    const ajp = await serving(
      (_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return (function* () {
          try {
            for (;;) yield Buffer.alloc(65_536);
          } finally {
            cleaned.resolve();
          }
        })();
      },
      { idleTimeoutMs: 200 },
    );
    const client = await ajp.client();
    client.pause();
    await client.send(forwardRequest());
    await cleaned.promise;
  });
});

describe("memory stays constant", () => {
  test("an endless body waits for the peer that does not read it", async () => {
    let produced = 0;
    const ajp = await serving((_environ, startResponse) => {
      startResponse("200 OK", TEXT);
      return (function* () {
        for (;;) {
          produced += 65_536;
          yield Buffer.alloc(65_536);
        }
      })();
    });
    const client = await ajp.client();
    client.pause();
    await client.send(forwardRequest());
    await until("it has begun", () => produced > 0);
    await silence(300);
    expect(produced).toBeLessThan(4 * 1024 * 1024);
  });

  test("a body of 64 MB that nobody reads on is one packet", async () => {
    const entered = promised<Environ>();
    const gate = promised<void>();
    const ajp = await serving(async (environ, startResponse) => {
      environ["wsgi.input"].once("data", () => {
        environ["wsgi.input"].pause();
        entered.resolve(environ);
      });
      await gate.promise;
      return echoPath(environ, startResponse);
    });
    const client = await ajp.client();
    await client.send(post("/", 64 * 1024 * 1024));
    await client.feed(Buffer.alloc(64 * 1024 * 1024));
    const environ = await entered.promise;
    await silence(200);
    expect(environ["wsgi.input"].readableLength).toBeLessThanOrEqual(2 * 8_186);
    gate.resolve();
    expect((await client.reply()).asked.length).toBeLessThanOrEqual(2);
  });
});

describe("a graceful stop", () => {
  test("finishes what is in progress, closes kept connections and removes the socket", async () => {
    const gate = promised<void>();
    const entered = promised<void>();
    const ajp = await serving(async (environ, startResponse) => {
      if (environ.PATH_INFO === "/slow") {
        entered.resolve();
        await gate.promise;
      }
      return echoBody(environ, startResponse);
    });
    const [idle, busy] = [await ajp.client(), await ajp.client()];
    await idle.ask({});
    await busy.send(post("/slow", 20_000));
    await entered.promise;
    const closed = ajp.server.close();
    await idle.closed();
    await expect(ajp.client()).rejects.toMatchObject({ code: "ENOENT" });
    gate.resolve();
    await busy.feed(Buffer.alloc(20_000));
    const { body, reuse } = await busy.reply();
    expect([body.length, reuse]).toEqual([20_000, false]);
    await busy.closed();
    await closed;
  });

  test("answers what comes on a kept connection at that moment, and closes it then", async () => {
    const ajp = await serving(echoBody);
    const client = await ajp.client();
    await client.ask({});
    const closed = ajp.server.close();
    await client.send(post("/late", 4));
    await client.feed(Buffer.from("late"));
    const { body, reuse } = await client.reply();
    expect([body.toString(), reuse]).toEqual(["late", false]);
    await client.closed();
    await closed;
  });

  test("hands a connection over where it can, once nothing is in progress and nothing is owed", async () => {
    const gate = promised<void>();
    const entered = promised<void>();
    const folder = temporaryFolder();
    const path = join(folder.path, "app.sock");
    const { server, drain } = createServer(async (environ, startResponse) => {
      entered.resolve();
      await gate.promise;
      return echoPath(environ, startResponse);
    });
    server.listen(path);
    await once(server, "listening");
    const client = await AjpClient.connect({ path });
    await client.send(post("/slow", 50_000));
    await entered.promise;
    // It is offered again and again.
    const offers = new Map<Socket, () => boolean>();
    const drained = drain((socket, isIdle) => offers.set(socket, isIdle));
    const isIdle = () => [...offers.values()].map((ask) => ask());
    expect(isIdle()).toEqual([false]);
    gate.resolve();
    // The connection is kept, though the server stops.
    expect((await client.reply()).reuse).toBe(true);
    // The first data is on its way.
    expect(isIdle()).toEqual([false]);
    await client.send(Buffer.concat([dataPacket(Buffer.alloc(8_186)), CPING, CPING.subarray(0, 3)]));
    await client.packet(CPONG);
    expect(isIdle()).toEqual([false]);
    client.received.length = 0;
    await client.send(CPING.subarray(3));
    await client.packet(CPONG);
    expect(isIdle()).toEqual([true]);
    for (const socket of offers.keys()) socket.destroy();
    await Promise.all([drained, client.closed()]);
    folder.remove();
  });

  test("gives up after shutdownGraceMs and tells the application", async () => {
    const reason = promised<unknown>();
    const entered = promised<void>();
    const ajp = await serving(
      async (environ) => {
        const signal = environ["postern.signal"];
        entered.resolve();
        if (!signal.aborted) await once(signal, "abort");
        reason.resolve(signal.reason);
        return new Promise(() => {});
      },
      { shutdownGraceMs: 100 },
    );
    const client = await ajp.client();
    await client.send(forwardRequest());
    await entered.promise;
    await ajp.server.close();
    expect(await reason.promise).toMatchObject({ code: "SHUTDOWN" });
  });
});

test("packets that are empty between requests are taken as nothing, as lighttpd sends them", async () => {
  const client = await (await serving(echoPath)).client();
  await client.send(EMPTY_PACKET);
  for (let times = 0; times < 3; times++) {
    await client.send(Buffer.concat([forwardRequest({ uri: "/still/there" }), EMPTY_PACKET]));
    expect((await client.reply()).body.toString()).toBe("/still/there");
  }
  await client.send(packet(), packet());
  await getsAnswer(client);
});
