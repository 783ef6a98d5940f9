import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import type { Application, Environ } from "../../lib/gateway/types.ts";
import { bytes } from "../support/bytes.ts";
import {
  ABORT_REQUEST,
  AUTHORIZER,
  BEGIN_REQUEST,
  beginRequest,
  CANT_MPX_CONN,
  decodePairs,
  END_REQUEST,
  encodePairs,
  type FastCgiClient,
  GET_VALUES,
  GET_VALUES_RESULT,
  KEEP_CONN,
  OVERLOADED,
  PARAMS,
  type Pair,
  REQUEST_COMPLETE,
  record,
  records,
  responderRequest,
  STDERR,
  STDIN,
  STDOUT,
  UNKNOWN_ROLE,
  UNKNOWN_TYPE,
} from "../support/fastcgi-client.ts";
import { echoBody, get, post, serving, startFcgi, TEXT } from "../support/fcgi-server.ts";
import { promised } from "../support/promised.ts";
import { silence, until } from "../support/until.ts";

const echoPath: Application = (environ, startResponse) => {
  startResponse("200 OK", TEXT);
  return [environ.PATH_INFO];
};

/** The body of a CGI response: what follows its empty line. */
function bodyOf(stdout: Buffer): string {
  return stdout.subarray(stdout.indexOf("\r\n\r\n") + 4).toString("latin1");
}

async function getsAnswer(client: FastCgiClient, id = 1): Promise<void> {
  await client.send(...responderRequest(id, get("/still/there"), { flags: KEEP_CONN }));
  expect(bodyOf((await client.reply(id)).stdout)).toBe("/still/there");
}

describe("a responder's request (§6.2)", () => {
  test("is answered byte for byte as the specification lays it out, and the connection is closed", async () => {
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
    const request = "0e03 524551554553545f4d4554484f44 474554"; // REQUEST_METHOD=GET
    socket.write(bytes(`01 01 0001 0008 00 00 | 0001 00 0000000000`));
    socket.write(bytes(`01 04 0001 0013 05 00 | ${request} | 0000000000`));
    socket.write(bytes("01 04 0001 0000 00 00 | 01 05 0001 0000 00 00"));
    await once(socket, "close");
    const head = "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi";
    const content = Buffer.from(head).toString("hex");
    expect(head.length).toBe(65);
    expect(Buffer.concat(chunks).toString("hex")).toBe(
      bytes(
        `01 06 0001 0041 07 00 | ${content} | 00000000000000
             01 06 0001 0000 00 00 | 01 03 0001 0008 00 00 | 00000000 00 000000`.replace(/\n/g, ""),
      ).toString("hex"),
    );
  });

  test("gets the same answer byte by byte", async () => {
    const client = await (await serving(echoBody)).client();
    const request = Buffer.concat(
      responderRequest(7, post("/", 5), { flags: KEEP_CONN, body: Buffer.from("hello") }),
    );
    for (const byte of request) await client.send(Buffer.of(byte));
    expect(bodyOf((await client.reply(7)).stdout)).toBe("hello");
  });

  test("keeps its connection with KEEP_CONN, for a thousand more", async () => {
    const client = await (await serving(echoPath)).client();
    for (let number = 0; number < 1_000; number++) {
      await client.send(...responderRequest(1, get(`/${number}`), { flags: KEEP_CONN }));
      const { stdout, end } = await client.reply(1);
      expect(bodyOf(stdout)).toBe(`/${number}`);
      expect(end).toEqual({ appStatus: 0, protocolStatus: REQUEST_COMPLETE });
    }
  });

  test("can be sent before the one in front of it is answered", async () => {
    const client = await (await serving(echoPath)).client();
    const flags = KEEP_CONN;
    await client.send(
      Buffer.concat([
        ...responderRequest(1, get("/a"), { flags }),
        ...responderRequest(2, get("/b"), { flags }),
      ]),
    );
    expect(bodyOf((await client.reply(1)).stdout)).toBe("/a");
    expect(bodyOf((await client.reply(2)).stdout)).toBe("/b");
  });

  test("reaches the application when its parameters are complete, before its body is", async () => {
    const called = promised<string>();
    const client = await (
      await serving(async (environ, startResponse) => {
        called.resolve(environ.REQUEST_METHOD);
        return echoBody(environ, startResponse);
      })
    ).client();
    await client.send(beginRequest(1), ...records(PARAMS, 1, encodePairs(post("/", 4))), record(PARAMS, 1));
    expect(await called.promise).toBe("POST");
    await client.send(record(STDIN, 1, Buffer.from("body")), record(STDIN, 1));
    expect(bodyOf((await client.reply(1)).stdout)).toBe("body");
  });

  test("may have its body in front of the end of its parameters", async () => {
    const client = await (await serving(echoBody)).client();
    const params = encodePairs(post("/", 4));
    await client.send(
      beginRequest(1),
      record(PARAMS, 1, params.subarray(0, 9)),
      record(STDIN, 1, Buffer.from("body")),
      record(STDIN, 1),
      record(PARAMS, 1, params.subarray(9)),
      record(PARAMS, 1),
    );
    expect(bodyOf((await client.reply(1)).stdout)).toBe("body");
  });

  test.each([1, 2, 3, 7, 64])("may have pairs that straddle records of %i bytes", async (size) => {
    const client = await (
      await serving((environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return [environ.HTTP_X_LONG ?? ""];
      })
    ).client();
    const pairs = encodePairs(get("/", ["HTTP_X_LONG", "v".repeat(300)]));
    await client.send(
      beginRequest(1),
      ...records(PARAMS, 1, pairs, size),
      record(PARAMS, 1),
      record(STDIN, 1),
    );
    expect(bodyOf((await client.reply(1)).stdout)).toBe("v".repeat(300));
  });

  test("sees no more of its body than CONTENT_LENGTH", async () => {
    const client = await (await serving(echoBody)).client();
    await client.send(...responderRequest(1, post("/", 3), { body: Buffer.from("abcdef") }));
    expect(bodyOf((await client.reply(1)).stdout)).toBe("abc");
  });

  test("whose body is shorter than CONTENT_LENGTH gets a 400, not half of a body", async () => {
    const client = await (await serving(echoBody)).client();
    await client.send(...responderRequest(1, post("/", 30), { body: Buffer.from("abcdef") }));
    expect((await client.reply(1)).stdout.toString()).toMatch(/^Status: 400 /);
  });

  test("gets short records of STDIN that come together as one chunk", async () => {
    const lengths: number[] = [];
    const server = await serving(async (environ, startResponse) => {
      const chunks: Buffer[] = [];
      for await (const chunk of environ["wsgi.input"]) chunks.push(chunk as Buffer);
      lengths.push(...chunks.map(({ length }) => length));
      startResponse("200 OK", TEXT);
      return [Buffer.concat(chunks)];
    });
    const client = await server.client();
    const body = Buffer.from(Array.from({ length: 16_384 }, (_, at) => 97 + (at % 26)));
    const sent = records(STDIN, 1, body, 1_024);
    await client.send(
      beginRequest(1),
      record(PARAMS, 1, encodePairs(post("/", body.length))),
      record(PARAMS, 1),
      ...sent,
      record(STDIN, 1),
    );
    expect(bodyOf((await client.reply(1)).stdout)).toBe(body.toString());
    expect(lengths.length).toBeLessThan(sent.length);
  });

  test("without CONTENT_LENGTH has the body that comes before the end of STDIN", async () => {
    const client = await (await serving(echoBody)).client();
    await client.send(
      ...responderRequest(1, get("/", ["CONTENT_LENGTH", ""]), { body: Buffer.from("chunked") }),
    );
    expect(bodyOf((await client.reply(1)).stdout)).toBe("chunked");
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
    await client.send(...responderRequest(1, get("/")));
    client.end();
    const { stdout, end } = await client.reply(1);
    expect(bodyOf(stdout)).toBe("begun and ended");
    expect(end?.appStatus).toBe(0);
  });
});

describe("multiplexed requests (§3.3)", () => {
  const hold = promised<void>();

  test("one with 64 KB of unread body does not hold up another", async () => {
    const client = await (
      await serving(async (environ, startResponse) => {
        if (environ.PATH_INFO === "/slow") await hold.promise;
        return echoPath(environ, startResponse);
      })
    ).client();
    const body = Buffer.alloc(65_536, "x");
    await client.send(
      beginRequest(1, KEEP_CONN),
      ...records(PARAMS, 1, encodePairs(post("/slow", body.length))),
      record(PARAMS, 1),
    );
    await client.send(...records(STDIN, 1, body.subarray(0, 40_000)));
    await client.send(beginRequest(2, KEEP_CONN), ...records(PARAMS, 2, encodePairs(get("/fast"))));
    await client.send(...records(STDIN, 1, body.subarray(40_000)), record(STDIN, 1));
    await client.send(record(PARAMS, 2), record(STDIN, 2));
    expect(bodyOf((await client.reply(2)).stdout)).toBe("/fast");
    hold.resolve();
    expect(bodyOf((await client.reply(1)).stdout)).toBe("/slow");
  });

  test("are declined where that is switched off, without harm to the first", async () => {
    const gate = promised<void>();
    const client = await (
      await serving(
        async (environ, startResponse) => {
          await gate.promise;
          return echoPath(environ, startResponse);
        },
        { multiplexed: false },
      )
    ).client();
    await client.send(...responderRequest(1, get("/first"), { flags: KEEP_CONN }));
    await client.send(...responderRequest(2, get("/second"), { flags: KEEP_CONN }));
    expect((await client.reply(2)).end).toEqual({ appStatus: 0, protocolStatus: CANT_MPX_CONN });
    gate.resolve();
    expect(bodyOf((await client.reply(1)).stdout)).toBe("/first");
  });

  test("are OVERLOADED past maxMultiplexed", async () => {
    const gate = promised<void>();
    const client = await (
      await serving(
        async (environ, startResponse) => {
          await gate.promise;
          return echoPath(environ, startResponse);
        },
        { maxMultiplexed: 2 },
      )
    ).client();
    for (const id of [1, 2, 3])
      await client.send(...responderRequest(id, get(`/${id}`), { flags: KEEP_CONN }));
    expect((await client.reply(3)).end?.protocolStatus).toBe(OVERLOADED);
    gate.resolve();
    expect(bodyOf((await client.reply(2)).stdout)).toBe("/2");
  });

  test("past maxConcurrent a request of any connection is OVERLOADED, and the next is answered again", async () => {
    const gate = promised<void>();
    const entered = promised<void>();
    const fcgi = await serving(
      async (environ, startResponse) => {
        entered.resolve();
        await gate.promise;
        return echoPath(environ, startResponse);
      },
      { maxConcurrent: 1 },
    );
    const [first, second] = [await fcgi.client(), await fcgi.client()];
    await first.send(...responderRequest(1, get("/1"), { flags: KEEP_CONN }));
    await entered.promise;
    await second.send(...responderRequest(1, get("/2"), { flags: KEEP_CONN }));
    expect((await second.reply(1)).end).toEqual({ appStatus: 0, protocolStatus: OVERLOADED });
    gate.resolve();
    await first.reply(1);
    await getsAnswer(second);
  });
});

describe("management records (§4)", () => {
  test("GET_VALUES is answered with the names that we know", async () => {
    const client = await (await serving(echoPath, { maxConcurrent: 50 })).client();
    const asked = encodePairs([
      ["FCGI_MPXS_CONNS", ""],
      ["FCGI_MAX_REQS", ""],
      ["FCGI_MAX_CONNS", ""],
      ["FCGI_OTHER", ""],
    ]);
    await client.send(record(GET_VALUES, 0, asked));
    const result = await client.record(({ type }) => type === GET_VALUES_RESULT);
    const values = new Map(decodePairs(result?.content ?? Buffer.alloc(0)));
    expect(values.get("FCGI_MPXS_CONNS")).toBe("1");
    expect(values.get("FCGI_MAX_REQS")).toBe("50");
    expect(Number(values.get("FCGI_MAX_CONNS"))).toBeGreaterThan(0);
    expect(values.has("FCGI_OTHER")).toBe(false);
    await getsAnswer(client);
  });

  test("a limit that is none is told as a number", async () => {
    const client = await (await serving(echoPath, { maxMultiplexed: Number.POSITIVE_INFINITY })).client();
    await client.send(record(GET_VALUES, 0, encodePairs([["FCGI_MAX_REQS", ""]])));
    const result = await client.record(({ type }) => type === GET_VALUES_RESULT);
    // §4.1: the value is a number in digits.
    expect(String(result?.content)).toMatch(/FCGI_MAX_REQS\d+$/);
  });

  test("an empty one is answered with an empty result, and multiplexing is told as it is", async () => {
    const client = await (await serving(echoPath, { multiplexed: false })).client();
    await client.send(record(GET_VALUES, 0));
    expect((await client.record(({ type }) => type === GET_VALUES_RESULT))?.content).toHaveLength(0);
    client.received.length = 0;
    await client.send(record(GET_VALUES, 0, encodePairs([["FCGI_MPXS_CONNS", ""]])));
    const result = await client.record(({ type }) => type === GET_VALUES_RESULT);
    expect(decodePairs(result?.content ?? Buffer.alloc(0))).toEqual([["FCGI_MPXS_CONNS", "0"]]);
  });

  test("is answered between the records of a request", async () => {
    const client = await (await serving(echoPath)).client();
    await client.send(beginRequest(1, KEEP_CONN), record(GET_VALUES, 0));
    expect(await client.record(({ type }) => type === GET_VALUES_RESULT)).toBeDefined();
    await client.send(...responderRequest(1, get("/x")).slice(1));
    expect(bodyOf((await client.reply(1)).stdout)).toBe("/x");
  });

  test.each([12, 255, BEGIN_REQUEST, STDOUT])("type %i with id 0 is answered UNKNOWN_TYPE", async (type) => {
    const client = await (await serving(echoPath)).client();
    await client.send(record(type, 0, Buffer.from("12345678"), 3));
    const answer = await client.record((one) => one.type === UNKNOWN_TYPE);
    expect(answer).toMatchObject({ id: 0, content: Buffer.of(type, 0, 0, 0, 0, 0, 0, 0) });
    await getsAnswer(client);
  });
});

describe("roles (§6)", () => {
  test.each([0, AUTHORIZER, 3, 4, 65_535])("role %i is UNKNOWN_ROLE to a responder", async (role) => {
    let called = false;
    const client = await (
      await serving((environ, startResponse) => {
        called ||= environ.PATH_INFO !== "/still/there";
        return echoPath(environ, startResponse);
      })
    ).client();
    await client.send(beginRequest(1, KEEP_CONN, role), ...responderRequest(1, get("/")).slice(1));
    expect((await client.reply(1)).end).toEqual({ appStatus: 0, protocolStatus: UNKNOWN_ROLE });
    await getsAnswer(client, 2);
    expect(called).toBe(false);
  });

  test("without KEEP_CONN the connection is closed behind UNKNOWN_ROLE", async () => {
    const client = await (await serving(echoPath)).client();
    await client.send(beginRequest(1, 0, 3));
    expect((await client.reply(1)).end?.protocolStatus).toBe(UNKNOWN_ROLE);
    await client.closed();
  });

  // Captured from lighttpd: no CONTENT_LENGTH, SCRIPT_NAME or PATH_INFO, and an end of STDIN that is not meant to be.
  test("an authorizer gets no body, and answers with variables", async () => {
    const client = await (
      await serving(
        async (environ, startResponse) => {
          let size = 0;
          for await (const chunk of environ["wsgi.input"]) size += chunk.length;
          startResponse("200 OK", [
            ["Variable-USER", `anna-${size}`],
            ["Content-Type", "text/plain"],
          ]);
          return [];
        },
        { roles: ["authorizer"] },
      )
    ).client();
    const pairs: Pair[] = [
      ["REQUEST_METHOD", "GET"],
      ["REQUEST_URI", "/private"],
    ];
    await client.send(
      beginRequest(1, 0, AUTHORIZER),
      record(PARAMS, 1, encodePairs(pairs)),
      record(PARAMS, 1),
    );
    const { stdout } = await client.reply(1);
    expect(stdout.toString()).toMatch(/^Status: 200 OK\r\nVariable-USER: anna-0\r\n/);
  });
});

describe("an abort (§5.4)", () => {
  test("ends the request, wakes the application and keeps the connection", async () => {
    const reason = promised<unknown>();
    const cleaned = promised<void>();
    const entered = promised<void>();
    const client = await (
      await serving((environ, startResponse) => {
        if (environ.PATH_INFO !== "/slow") return echoPath(environ, startResponse);
        startResponse("200 OK", TEXT);
        return (async function* () {
          try {
            const signal = environ["postern.signal"];
            entered.resolve();
            yield "first";
            if (!signal.aborted) await once(signal, "abort");
            reason.resolve(signal.reason);
            yield "never sent";
          } finally {
            cleaned.resolve();
          }
        })();
      })
    ).client();
    await client.send(...responderRequest(1, get("/slow"), { flags: KEEP_CONN }));
    await entered.promise;
    await client.record(({ type }) => type === STDOUT);
    await client.send(record(ABORT_REQUEST, 1));
    const { stdout, end } = await client.reply(1);
    expect(end).toEqual({ appStatus: 1, protocolStatus: REQUEST_COMPLETE });
    expect(bodyOf(stdout)).toBe("first");
    expect(await reason.promise).toMatchObject({ code: "ABORTED" });
    await cleaned.promise;
    await getsAnswer(client);
  });

  test("ends a body that the application waits for with an error", async () => {
    const failed = promised<unknown>();
    const client = await (
      await serving(async (environ, startResponse) => {
        try {
          return await echoBody(environ, startResponse);
        } catch (error) {
          failed.resolve(error);
          throw error;
        }
      })
    ).client();
    await client.send(beginRequest(1), ...records(PARAMS, 1, encodePairs(post("/", 10))), record(PARAMS, 1));
    await client.send(record(STDIN, 1, Buffer.from("half")), record(ABORT_REQUEST, 1));
    expect(await failed.promise).toMatchObject({ name: "ProtocolError" });
  });

  test("before the parameters have ended is answered without the application", async () => {
    let called = false;
    const client = await (
      await serving((environ, startResponse) => {
        called = true;
        return echoPath(environ, startResponse);
      })
    ).client();
    await client.send(beginRequest(1, KEEP_CONN), record(ABORT_REQUEST, 1));
    expect((await client.reply(1)).end?.protocolStatus).toBe(REQUEST_COMPLETE);
    expect(called).toBe(false);
    await client.send(record(ABORT_REQUEST, 9));
    await getsAnswer(client);
  });

  test("is what a closed connection means, for each of its requests", async () => {
    const aborted = [promised<void>(), promised<void>()];
    const fcgi = await serving(async (environ) => {
      const signal = environ["postern.signal"];
      const index = environ.PATH_INFO === "/0" ? 0 : 1;
      if (!signal.aborted) await once(signal, "abort");
      aborted[index]?.resolve();
      return [];
    });
    const client = await fcgi.client();
    for (const id of [1, 2])
      await client.send(...responderRequest(id, get(`/${id - 1}`), { flags: KEEP_CONN }));
    client.destroy();
    await Promise.all(aborted.map(({ promise }) => promise));
  });
});

describe("wsgi.errors", () => {
  test("reaches the web server's log, and so does an error of the application", async () => {
    const client = await (
      await serving((environ) => {
        environ["wsgi.errors"].write("a line\n");
        throw new Error("broken");
      })
    ).client();
    await client.send(...responderRequest(1, get("/")));
    const { stdout, stderr, end } = await client.reply(1);
    expect(stdout.toString()).toMatch(/^Status: 500 /);
    expect(stderr).toMatch(/^a line\nError: broken\n/);
    expect(end?.appStatus).toBe(1);
  });

  test("ends with an empty record, as a stream does", async () => {
    const client = await (
      await serving((environ, startResponse) => {
        environ["wsgi.errors"].write("a line\n");
        return echoPath(environ, startResponse);
      })
    ).client();
    await client.send(...responderRequest(1, get("/")));
    await client.record(({ type }) => type === END_REQUEST);
    const sizes = client.received.filter(({ type }) => type === STDERR).map(({ content }) => content.length);
    expect(sizes).toEqual([7, 0]);
  });
});

describe("a response that fails in the middle", () => {
  const failing = (...headers: [string, string][]): Application =>
    async function* (_environ, startResponse) {
      startResponse("200 OK", [...TEXT, ...headers]);
      yield "partial";
      throw new Error("broken");
    };

  test("ends without END_REQUEST, so that the web server notices", async () => {
    const client = await (await serving(failing())).client();
    await client.send(...responderRequest(1, get("/"), { flags: KEEP_CONN }));
    const { stdout, stderr, end } = await client.reply(1);
    expect(bodyOf(stdout)).toBe("partial");
    expect(stderr).toContain("broken");
    expect(end).toBeUndefined();
  });

  test("behind nginx ends with END_REQUEST where a Content-Length tells that it is short", async () => {
    const client = await (await serving(failing(["Content-Length", "50"]))).client();
    await client.send(...responderRequest(1, get("/", ["SERVER_SOFTWARE", "nginx/1.22.1"])));
    expect((await client.reply(1)).end).toEqual({ appStatus: 1, protocolStatus: REQUEST_COMPLETE });
    await client.closed();
  });

  test("behind nginx on a kept connection ends without it all the same", async () => {
    const client = await (await serving(failing(["Content-Length", "50"]))).client();
    const pairs = get("/", ["SERVER_SOFTWARE", "nginx/1.22.1"]);
    await client.send(...responderRequest(1, pairs, { flags: KEEP_CONN }));
    expect((await client.reply(1)).end).toBeUndefined();
  });

  test("ends with END_REQUEST where others share the connection", async () => {
    const gate = promised<void>();
    const client = await (
      await serving(async (environ, startResponse) => {
        if (environ.PATH_INFO === "/fails") return failing()(environ, startResponse);
        await gate.promise;
        return echoPath(environ, startResponse);
      })
    ).client();
    await client.send(...responderRequest(1, get("/waits"), { flags: KEEP_CONN }));
    await client.send(...responderRequest(2, get("/fails"), { flags: KEEP_CONN }));
    expect((await client.reply(2)).end?.appStatus).toBe(1);
    gate.resolve();
    expect(bodyOf((await client.reply(1)).stdout)).toBe("/waits");
  });
});

describe("bad input costs its sender, and nobody else", () => {
  const method: Pair = ["REQUEST_METHOD", "GET"];
  const begun = [beginRequest(1, KEEP_CONN)];

  test.each<[string, Buffer[], RegExp | undefined]>([
    ["version 2", [bytes("02 01 0001 0008 00 00 | 0001 00 0000000000")], undefined],
    ["an HTTP request", [Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")], undefined],
    ["a BEGIN_REQUEST of 4 bytes", [bytes("01 01 0001 0004 00 00 | 00010000")], undefined],
    ["the same id twice", [...begun, ...begun], undefined],
    [
      "a pair past the end of its stream",
      [...begun, record(PARAMS, 1, bytes("0e 7f 52")), record(PARAMS, 1)],
      /^Status: 400 /,
    ],
    [
      "a pair of 2 GB",
      [...begun, record(PARAMS, 1, bytes("01 ffffffff 61")), record(PARAMS, 1)],
      /^Status: 400 /,
    ],
    ["no parameters at all", [...begun, record(PARAMS, 1)], /^Status: 400 /],
    [
      "no REQUEST_METHOD",
      [...begun, record(PARAMS, 1, encodePairs([["PATH_INFO", "/"]])), record(PARAMS, 1)],
      /^Status: 400 /,
    ],
    [
      "CONTENT_LENGTH of -1",
      [...begun, record(PARAMS, 1, encodePairs([method, ["CONTENT_LENGTH", "-1"]])), record(PARAMS, 1)],
      /^Status: 400 /,
    ],
    [
      "CONTENT_LENGTH twice",
      [
        ...begun,
        record(PARAMS, 1, encodePairs([method, ["CONTENT_LENGTH", "1"], ["CONTENT_LENGTH", "2"]])),
        record(PARAMS, 1),
      ],
      /^Status: 400 /,
    ],
    ["parameters over their limit", [...begun, ...records(PARAMS, 1, Buffer.alloc(70_000))], /^Status: 431 /],
    ["malformed GET_VALUES", [record(GET_VALUES, 0, bytes("05 00 61"))], undefined],
  ])("%s: closed with one line in the log", async (_name, sent, answer) => {
    const gate = promised<void>();
    const entered = promised<void>();
    const fcgi = await serving(async (environ, startResponse) => {
      entered.resolve();
      await gate.promise;
      return echoPath(environ, startResponse);
    });
    const neighbour = await fcgi.client();
    await neighbour.send(...responderRequest(1, get("/neighbour")));
    await entered.promise;

    const client = await fcgi.client();
    await client.send(...sent);
    await client.closed();
    const stdout = Buffer.concat(
      client.received.filter(({ type }) => type === STDOUT).map(({ content }) => content),
    );
    if (answer === undefined) expect(stdout).toHaveLength(0);
    else expect(stdout.toString()).toMatch(answer);
    expect(fcgi.log).toHaveLength(1);

    gate.resolve();
    expect(bodyOf((await neighbour.reply(1)).stdout)).toBe("/neighbour");
  });

  test.each<[string, Buffer[]]>([
    [
      "records of an id that is not active",
      [record(PARAMS, 5, Buffer.from("x")), record(STDIN, 5), record(ABORT_REQUEST, 5)],
    ],
    [
      "types that only we send",
      [record(STDOUT, 5), record(END_REQUEST, 5, Buffer.alloc(8)), record(GET_VALUES_RESULT, 0)],
    ],
    ["an unknown type with an id", [record(77, 5, Buffer.alloc(9), 7)]],
    ["DATA, which a responder does not get", [record(8, 5, Buffer.from("x")), record(8, 5)]],
  ])("%s: ignored", async (_name, sent) => {
    const fcgi = await serving(echoPath);
    const client = await fcgi.client();
    await client.send(...sent);
    await getsAnswer(client);
    expect(fcgi.log).toEqual([]);
  });

  test("more parameters and more STDIN behind their ends are ignored", async () => {
    const gate = promised<void>();
    const client = await (
      await serving(async (environ, startResponse) => {
        await gate.promise;
        return echoBody(environ, startResponse);
      })
    ).client();
    await client.send(...responderRequest(1, post("/", 4), { flags: KEEP_CONN, body: Buffer.from("body") }));
    await client.send(
      record(PARAMS, 1, Buffer.from("garbage")),
      record(STDIN, 1, Buffer.from("more")),
      record(STDIN, 1),
    );
    gate.resolve();
    expect(bodyOf((await client.reply(1)).stdout)).toBe("body");
  });

  test("an end in the middle of a record is no more than an end", async () => {
    const fcgi = await serving(echoPath);
    const client = await fcgi.client();
    await client.send(bytes("01 01 0001 0008"));
    client.end();
    await client.closed();
    await getsAnswer(await fcgi.client());
  });

  test("a body over maxBodyBytes is a 413, whether its length is announced or not", async () => {
    const fcgi = await serving(echoBody, { maxBodyBytes: 10 });
    const client = await fcgi.client();
    await client.send(...responderRequest(1, post("/", 11), { flags: KEEP_CONN, body: Buffer.alloc(11) }));
    expect((await client.reply(1)).stdout.toString()).toMatch(/^Status: 413 Content Too Large\r\n/);
    await client.send(...responderRequest(1, get("/"), { flags: KEEP_CONN, body: Buffer.alloc(11) }));
    expect((await client.reply(1)).stdout.toString()).toMatch(/^Status: 413 /);
    await client.send(
      ...responderRequest(1, post("/", 10), { flags: KEEP_CONN, body: Buffer.alloc(10, "a") }),
    );
    expect(bodyOf((await client.reply(1)).stdout)).toBe("a".repeat(10));
  });
});

describe("time", () => {
  test("an application past requestTimeoutMs is answered 504 and told so", async () => {
    const reason = promised<unknown>();
    const fcgi = await serving(
      async (environ) => {
        const signal = environ["postern.signal"];
        if (!signal.aborted) await once(signal, "abort");
        reason.resolve(signal.reason);
        return new Promise(() => {});
      },
      { requestTimeoutMs: 50 },
    );
    const client = await fcgi.client();
    await client.send(...responderRequest(1, get("/slow")));
    expect((await client.reply(1)).stdout.toString()).toMatch(/^Status: 504 /);
    expect(await reason.promise).toMatchObject({ name: "TimeoutError" });
    expect(fcgi.log).toEqual([expect.stringContaining("/slow")]);
  });

  test.each([
    ["requestTimeoutMs", Number.POSITIVE_INFINITY],
    ["idleTimeoutMs", Number.POSITIVE_INFINITY],
    ["shutdownGraceMs", Number.POSITIVE_INFINITY],
  ])("%s of Infinity is no limit", async (option, value) => {
    const fcgi = await serving(
      async (environ, startResponse) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return echoPath(environ, startResponse);
      },
      { [option]: value },
    );
    const client = await fcgi.client();
    await client.send(...responderRequest(1, get("/slow")));
    await client.record(({ type }) => type === STDOUT);
    expect(bodyOf((await client.reply(1)).stdout)).toBe("/slow");
  });

  test("maxMultiplexed is refused when it is none", async () => {
    for (const maxMultiplexed of [0, Number.NaN]) {
      await expect(startFcgi(echoPath, { maxMultiplexed })).rejects.toMatchObject({
        code: "OPTION",
        message: `option "maxMultiplexed" is ${maxMultiplexed}; give a number from 1 on, or Infinity`,
      });
    }
  });

  test.each([[[]], [["filter"]], [["responder", "proxy"]], ["authorizer"]])(
    "roles %j are refused",
    async (roles) => {
      await expect(startFcgi(echoPath, { roles } as object)).rejects.toMatchObject({
        code: "OPTION",
        message: `option "roles" is ${JSON.stringify(roles)}; give responder, authorizer or both`,
      });
    },
  );

  test.each(["requestTimeoutMs", "idleTimeoutMs", "shutdownGraceMs"])(
    "%s is refused when it is none",
    async (option) => {
      for (const value of [-1, Number.NaN]) {
        await expect(startFcgi(echoPath, { [option]: value })).rejects.toMatchObject({ code: "OPTION" });
      }
    },
  );

  test("a peer that stalls in a head, in a body or between requests is closed after idleTimeoutMs", async () => {
    const fcgi = await serving(echoBody, { idleTimeoutMs: 100 });
    const [idle, head, body] = [await fcgi.client(), await fcgi.client(), await fcgi.client()];
    await head.send(beginRequest(1));
    await body.send(beginRequest(1), ...records(PARAMS, 1, encodePairs(post("/", 10))), record(PARAMS, 1));
    await Promise.all([idle.closed(), head.closed(), body.closed()]);
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
    await client.send(...responderRequest(1, get("/computed")));
    expect(bodyOf((await client.reply(1)).stdout)).toBe("/computed");
  });

  test("a peer that does not read is closed after idleTimeoutMs, and the body is told", async () => {
    const cleaned = promised<void>();
    const fcgi = await serving(
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
    const client = await fcgi.client();
    client.pause();
    await client.send(...responderRequest(1, get("/endless")));
    await cleaned.promise;
  });
});

describe("memory stays constant", () => {
  test("a body of 64 MB that nobody reads stops its connection, not the process", async () => {
    const gate = promised<void>();
    const entered = promised<Environ>();
    const fcgi = await serving(async (environ, startResponse) => {
      entered.resolve(environ);
      await gate.promise;
      return echoPath(environ, startResponse);
    });
    const client = await fcgi.client();
    const size = 64 * 1024 * 1024;
    const sending = client.send(
      beginRequest(1),
      ...records(PARAMS, 1, encodePairs(post("/", size))),
      record(PARAMS, 1),
      ...Array.from({ length: 1024 }, () => records(STDIN, 1, Buffer.alloc(65_528))).flat(),
    );
    const environ = await entered.promise;
    const first = await Promise.race([
      sending.then(() => "all sent"),
      once(environ["wsgi.input"], "pause").then(() => "paused"),
      silence(300).then(() => "stopped"),
    ]);
    expect(first).toBe("stopped");
    expect(environ["wsgi.input"].readableLength).toBeLessThan(512 * 1024);
    gate.resolve();
    expect(bodyOf((await client.reply(1)).stdout)).toBe("/");
    client.destroy();
    await sending;
  });

  test("an endless body waits for the peer that does not read it", async () => {
    let produced = 0;
    const fcgi = await serving((_environ, startResponse) => {
      startResponse("200 OK", TEXT);
      return (function* () {
        for (;;) {
          produced += 65_536;
          yield Buffer.alloc(65_536);
        }
      })();
    });
    const client = await fcgi.client();
    client.pause();
    await client.send(...responderRequest(1, get("/endless")));
    await until("it has begun", () => produced > 0);
    await silence(300);
    expect(produced).toBeLessThan(4 * 1024 * 1024);
  });
});

describe("a graceful stop", () => {
  test("finishes what is in progress, closes kept connections and removes the socket", async () => {
    const gate = promised<void>();
    const entered = promised<void>();
    const fcgi = await serving(async (environ, startResponse) => {
      if (environ.PATH_INFO === "/slow") {
        entered.resolve();
        await gate.promise;
      }
      return echoPath(environ, startResponse);
    });
    const [idle, busy] = [await fcgi.client(), await fcgi.client()];
    await getsAnswer(idle);
    await busy.send(...responderRequest(1, get("/slow"), { flags: KEEP_CONN }));
    await entered.promise;
    const closed = fcgi.server.close();
    await idle.closed();
    await expect(fcgi.client()).rejects.toMatchObject({ code: "ENOENT" });
    gate.resolve();
    expect(bodyOf((await busy.reply(1)).stdout)).toBe("/slow");
    await busy.closed();
    await closed;
  });

  test("answers what comes on a kept connection at that moment, and closes it then", async () => {
    const fcgi = await serving(echoPath);
    const client = await fcgi.client();
    await getsAnswer(client);
    const closed = fcgi.server.close();
    await client.send(...responderRequest(1, get("/late"), { flags: KEEP_CONN }));
    expect(bodyOf((await client.reply(1)).stdout)).toBe("/late");
    await client.closed();
    await closed;
  });

  // nginx, src/http/modules/ngx_http_fastcgi_module.c: bytes behind END_REQUEST leave u->keepalive unset.
  test.each([
    ["nginx/1.22.1", KEEP_CONN, [STDOUT, END_REQUEST, STDOUT]],
    ["nginx/1.22.1", 0, [STDOUT, END_REQUEST]],
    ["Apache/2.4.57 (Debian)", KEEP_CONN, [STDOUT, END_REQUEST]],
  ])("tells %s with flags %d that the connection is not to be kept", async (software, flags, types) => {
    const fcgi = await serving(echoPath);
    const client = await fcgi.client();
    const asked = get("/", ["SERVER_SOFTWARE", software]);
    await client.send(...responderRequest(1, asked, { flags: KEEP_CONN }));
    await client.reply(1);
    expect(client.received).toEqual([]);
    const closed = fcgi.server.close();
    await client.send(...responderRequest(1, asked, { flags }));
    await client.closed();
    await closed;
    expect(client.received.map(({ type }) => type).slice(-types.length)).toEqual(types);
  });

  test("gives up after shutdownGraceMs and tells the application", async () => {
    const reason = promised<unknown>();
    const entered = promised<void>();
    const fcgi = await serving(
      async (environ) => {
        const signal = environ["postern.signal"];
        entered.resolve();
        if (!signal.aborted) await once(signal, "abort");
        reason.resolve(signal.reason);
        return new Promise(() => {});
      },
      { shutdownGraceMs: 100 },
    );
    const client = await fcgi.client();
    await client.send(...responderRequest(1, get("/")));
    await entered.promise;
    await fcgi.server.close();
    expect(await reason.promise).toMatchObject({ code: "SHUTDOWN" });
  });
});
