// What servers do whose connections carry one request: the same for SCGI and uwsgi, each of which calls this.

import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import type { Application, Environ } from "../../lib/gateway/types.ts";
import type { Variable } from "../support/cgi-variables.ts";
import { echoBody, get, post, TEXT } from "../support/fcgi-server.ts";
import { promised } from "../support/promised.ts";
import { SingleRequestClient } from "../support/single-request-client.ts";
import { silence, until } from "../support/until.ts";
import { serving, type WireProtocol } from "../support/wire-protocol.ts";

export const echoPath: Application = (environ, startResponse) => {
  startResponse("200 OK", TEXT);
  return [environ.PATH_INFO];
};

export function describeServer(protocol: WireProtocol): void {
  const { request } = protocol;

  /** The whole answer on a connection, which the server has to end. */
  async function answer(client: SingleRequestClient) {
    const { status, reason, headers, body } = protocol.parse(await client.reply(), true);
    return { status: `${status} ${reason}`, headers, body: body.toString("latin1") };
  }

  async function statusOf(client: SingleRequestClient): Promise<string> {
    return (await answer(client)).status;
  }

  describe("a request", () => {
    test("gets the same answer byte by byte", async () => {
      const client = await (await serving(protocol, echoBody)).client();
      for (const byte of request(post("/", 5), Buffer.from("hello"))) await client.send(Buffer.of(byte));
      expect(await answer(client)).toMatchObject({ status: "200 OK", body: "hello" });
    });

    test("is answered in one piece when the answer is small", async () => {
      const client = await (await serving(protocol, echoPath)).client();
      await client.send(request(get("/small")));
      expect((await answer(client)).body).toBe("/small");
      expect(client.reads).toBe(1);
    });

    test("reaches the application when its variables are complete, before its body is", async () => {
      const called = promised<string>();
      const client = await (
        await serving(protocol, async (environ, startResponse) => {
          called.resolve(environ.REQUEST_METHOD);
          return echoBody(environ, startResponse);
        })
      ).client();
      const wire = request(post("/", 4), Buffer.from("body"));
      await client.send(wire.subarray(0, -3));
      expect(await called.promise).toBe("POST");
      await client.send(wire.subarray(-3));
      expect((await answer(client)).body).toBe("body");
    });

    test("whose body is empty has one that ends at once", async () => {
      const client = await (await serving(protocol, echoBody)).client();
      await client.send(request(post("/", 0)));
      expect(await answer(client)).toMatchObject({ status: "200 OK", body: "" });
    });

    test.each([
      ["with it", 0],
      ["behind it", 20],
    ])(
      "has no more of a body than CONTENT_LENGTH, and nothing else comes out of bytes %s",
      async (_name, ms) => {
        const running = await serving(protocol, echoBody);
        const client = await running.client();
        await client.send(request(post("/", 3), Buffer.from("abc")).subarray(0, -1));
        await new Promise((resolve) => setTimeout(resolve, ms));
        await client.send(Buffer.concat([Buffer.from("cdef"), request(get("/second"))]));
        expect((await answer(client)).body).toBe("abc");
        expect(client.failed).toBe(false);
        expect(running.log).toEqual([]);
      },
    );

    test("with the headers that a web server repeats has them joined", async () => {
      const client = await (
        await serving(protocol, (environ, startResponse) => {
          startResponse("200 OK", TEXT);
          return [`${environ["HTTP_X_DUP"]} ${environ["HTTP_COOKIE"]} ${environ["HTTP_PROXY"]}`];
        })
      ).client();
      const repeated: Variable[] = [
        ["HTTP_X_DUP", "1"],
        ["HTTP_X_DUP", "2"],
        ["HTTP_COOKIE", "a=1"],
        ["HTTP_PROXY", "evil"],
        ["HTTP_COOKIE", "b=2"],
      ];
      await client.send(request(get("/", ...repeated)));
      expect((await answer(client)).body).toBe("1, 2 a=1; b=2 undefined");
    });

    test("may come a thousand times, one connection each", async () => {
      const running = await serving(protocol, echoPath);
      for (let number = 0; number < 1_000; number++) {
        const client = await running.client();
        await client.send(request(get(`/${number}`)));
        expect((await answer(client)).body).toBe(`/${number}`);
      }
    });
  });

  describe("a web server that ends its side behind the request", () => {
    test("still gets its whole answer, and the signal is aborted at once", async () => {
      const client = await (
        await serving(protocol, async function* (environ, startResponse) {
          const signal = environ["postern.signal"];
          startResponse("200 OK", TEXT);
          yield "begun ";
          if (!signal.aborted) await once(signal, "abort");
          yield "and ended";
        })
      ).client();
      await client.send(request(post("/", 4), Buffer.from("body")));
      client.end();
      expect((await answer(client)).body).toBe("begun and ended");
    });
  });

  describe("a web server that goes", () => {
    test("behind its request takes the request with it", async () => {
      const [entered, reason, cleaned] = [promised<void>(), promised<unknown>(), promised<void>()];
      const running = await serving(protocol, async function* (environ, startResponse) {
        const signal = environ["postern.signal"];
        startResponse("200 OK", TEXT);
        try {
          entered.resolve();
          if (!signal.aborted) await once(signal, "abort");
          reason.resolve(signal.reason);
          for (;;) {
            yield Buffer.alloc(100_000);
            await new Promise(setImmediate);
          }
        } finally {
          cleaned.resolve();
        }
      });
      const client = await running.client();
      await client.send(request(get("/")));
      await entered.promise;
      client.destroy();
      expect(await reason.promise).toMatchObject({ name: "ProtocolError", code: "PEER_GONE" });
      await cleaned.promise;
      expect(running.log).toEqual([]);
    });

    test.each(["end", "destroy"] as const)("inside the body (%s) ends it with an error", async (how) => {
      const [failed, aborted] = [promised<unknown>(), promised<void>()];
      const running = await serving(protocol, async (environ, startResponse) => {
        environ["postern.signal"].addEventListener("abort", () => aborted.resolve());
        try {
          return await echoBody(environ, startResponse);
        } catch (error) {
          failed.resolve(error);
          throw error;
        }
      });
      const client = await running.client();
      await client.send(request(post("/", 10), Buffer.from("half")));
      client[how]();
      expect(await failed.promise).toMatchObject({ name: "ProtocolError", code: "PEER_GONE" });
      await aborted.promise;
    });
  });

  describe("wsgi.errors", () => {
    test("is standard error, since the protocol has no log", async () => {
      const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
      const client = await (
        await serving(protocol, (environ) => {
          environ["wsgi.errors"].write("a line\n");
          throw new Error("broken");
        })
      ).client();
      await client.send(request(get("/")));
      const response = await answer(client);
      const written = stderr.mock.calls.map(([text]) => String(text)).join("");
      stderr.mockRestore();
      expect(response.status).toBe("500 Internal Server Error");
      expect(response.body).not.toContain("broken");
      expect(written).toMatch(/^a line\nError: broken\n/);
    });
  });

  describe("a response that fails in the middle", () => {
    test("ends with the connection, short of its Content-Length", async () => {
      const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
      const client = await (
        await serving(protocol, async function* (_environ, startResponse) {
          startResponse("200 OK", [...TEXT, ["Content-Length", "50"]]);
          yield "partial";
          throw new Error("broken");
        })
      ).client();
      await client.send(request(get("/")));
      const { headers, body } = await answer(client);
      stderr.mockRestore();
      expect(headers).toContainEqual(["Content-Length", "50"]);
      expect(body).toBe("partial");
    });
  });

  describe("a response that fails in the middle over TCP", () => {
    test("ends with a reset, which web servers do not take for its end", async () => {
      const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
      const [gate, cleaned] = [promised<void>(), promised<void>()];
      const running = await serving(
        protocol,
        async function* (_environ, startResponse) {
          startResponse("200 OK", TEXT);
          try {
            yield "partial";
            await gate.promise;
            throw new Error("broken");
          } finally {
            cleaned.resolve();
          }
        },
        { bindAddress: { host: "127.0.0.1", port: 0 } },
      );
      const [address] = await running.server.listening;
      const client = await SingleRequestClient.connect(address as { host: string; port: number });
      await client.send(request(get("/")));
      await client.receives("partial");
      gate.resolve();
      await client.reply();
      await cleaned.promise;
      stderr.mockRestore();
      expect(client.failed).toBe(true);
    });
  });

  describe("bad input costs its sender, and nobody else", () => {
    const method: Variable = ["REQUEST_METHOD", "GET"];

    test.each<[string, Buffer, string]>([
      ["no REQUEST_METHOD", request([["PATH_INFO", "/"]]), "400 Bad Request"],
      ["CONTENT_LENGTH of -1", request([method, ["CONTENT_LENGTH", "-1"]]), "400 Bad Request"],
      ["CONTENT_LENGTH that is no number", request([method, ["CONTENT_LENGTH", "1e3"]]), "400 Bad Request"],
      [
        "CONTENT_LENGTH past all numbers",
        request([method, ["CONTENT_LENGTH", "9007199254740993"]]),
        "400 Bad Request",
      ],
      ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "400 Bad Request"],
      [
        "variables over their limit",
        request(get("/", ["HTTP_X_LONG", "x".repeat(1_000)])),
        "431 Request Header Fields Too Large",
      ],
    ])("%s: refused with one line in the log", async (_name, sent, status) => {
      const [gate, entered] = [promised<void>(), promised<void>()];
      const running = await serving(
        protocol,
        async (environ, startResponse) => {
          entered.resolve();
          await gate.promise;
          return echoPath(environ, startResponse);
        },
        { maxParamsBytes: 1_000 },
      );
      const neighbour = await running.client();
      await neighbour.send(request(get("/neighbour")));
      await entered.promise;

      const client = await running.client();
      await client.send(sent);
      expect(await statusOf(client)).toBe(status);
      expect(running.log).toEqual([expect.stringMatching(/^refused an? \w+ request: /)]);

      gate.resolve();
      expect((await answer(neighbour)).body).toBe("/neighbour");
    });

    test("an end inside the variables is one line in the log, and an end before them is none", async () => {
      const running = await serving(protocol, echoPath);
      const [silent, cut] = [await running.client(), await running.client()];
      silent.end();
      expect(await silent.reply()).toHaveLength(0);
      expect(running.log).toEqual([]);
      await cut.send(request(get("/")).subarray(0, 20));
      cut.end();
      expect(await cut.reply()).toHaveLength(0);
      expect(running.log).toEqual([expect.stringMatching(/ended inside the variables/)]);
    });

    test("a body over maxBodyBytes is a 413, and the application is not called", async () => {
      const called = vi.fn(echoBody);
      const running = await serving(protocol, (...call) => called(...call), { maxBodyBytes: 10 });
      const [large, allowed] = [await running.client(), await running.client()];
      await large.send(request(post("/", 11), Buffer.alloc(11)));
      expect(await statusOf(large)).toBe("413 Content Too Large");
      expect(called).not.toHaveBeenCalled();
      await allowed.send(request(post("/", 10), Buffer.alloc(10, "a")));
      expect((await answer(allowed)).body).toBe("a".repeat(10));
    });

    test("past maxConcurrent a request is a 503, and the next is answered again", async () => {
      const [gate, entered] = [promised<void>(), promised<void>()];
      const running = await serving(
        protocol,
        async (environ, startResponse) => {
          entered.resolve();
          await gate.promise;
          return echoPath(environ, startResponse);
        },
        { maxConcurrent: 1 },
      );
      const [first, second] = [await running.client(), await running.client()];
      await first.send(request(get("/1")));
      await entered.promise;
      await second.send(request(get("/2")));
      expect(await statusOf(second)).toBe("503 Service Unavailable");
      gate.resolve();
      expect((await answer(first)).body).toBe("/1");
      const third = await running.client();
      await third.send(request(get("/3")));
      expect((await answer(third)).body).toBe("/3");
    });
  });

  describe("time", () => {
    test("an application past requestTimeoutMs is answered 504 and told so", async () => {
      const reason = promised<unknown>();
      const running = await serving(
        protocol,
        async (environ) => {
          const signal = environ["postern.signal"];
          if (!signal.aborted) await once(signal, "abort");
          reason.resolve(signal.reason);
          return new Promise(() => {});
        },
        { requestTimeoutMs: 50 },
      );
      const client = await running.client();
      await client.send(request(get("/slow")));
      expect(await statusOf(client)).toBe("504 Gateway Timeout");
      expect(await reason.promise).toMatchObject({ name: "TimeoutError" });
      expect(running.log).toEqual([expect.stringContaining("/slow")]);
    });

    test("a peer that stalls before, in or behind its variables is closed after idleTimeoutMs", async () => {
      const running = await serving(protocol, echoBody, { idleTimeoutMs: 500 });
      const stalling = async (...sent: Buffer[]): Promise<Buffer> => {
        const client = await running.client();
        await client.send(...sent);
        return client.reply();
      };
      await Promise.all([
        stalling(),
        stalling(request(get("/")).subarray(0, 20)),
        stalling(request(post("/", 10))),
      ]);
      expect(running.log).toHaveLength(2);
    });

    test("an application that computes longer than idleTimeoutMs is left alone", async () => {
      const client = await (
        await serving(
          protocol,
          async (environ, startResponse) => {
            await new Promise((resolve) => setTimeout(resolve, 1_200));
            return echoPath(environ, startResponse);
          },
          { idleTimeoutMs: 500 },
        )
      ).client();
      await client.send(request(get("/computed")));
      expect((await answer(client)).body).toBe("/computed");
    });

    test("a peer that does not read is closed after idleTimeoutMs, and the body is told", async () => {
      const cleaned = promised<void>();
      const running = await serving(
        protocol,
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
        { idleTimeoutMs: 500 },
      );
      const client = await running.client();
      client.pause();
      await client.send(request(get("/endless")));
      await cleaned.promise;
    });
  });

  describe("memory stays constant", () => {
    test("a body of 64 MB that nobody reads stops its connection, not the process", async () => {
      const [gate, entered] = [promised<void>(), promised<Environ>()];
      const running = await serving(protocol, async (environ, startResponse) => {
        entered.resolve(environ);
        await gate.promise;
        return echoPath(environ, startResponse);
      });
      const client = await running.client();
      const size = 64 * 1024 * 1024;
      const sending = client.send(
        request(post("/", size)),
        ...Array.from({ length: 1024 }, () => Buffer.alloc(65_536)),
      );
      const environ = await entered.promise;
      const first = await Promise.race([sending.then(() => "all sent"), silence(300).then(() => "stopped")]);
      expect(first).toBe("stopped");
      expect(environ["wsgi.input"].readableLength).toBeLessThan(512 * 1024);
      gate.resolve();
      expect((await answer(client)).body).toBe("/");
      client.destroy();
      await sending;
    });

    test("20 MB go in and come out again", async () => {
      const client = await (
        await serving(protocol, async function* (environ, startResponse) {
          startResponse("200 OK", TEXT);
          for await (const chunk of environ["wsgi.input"]) yield chunk as Buffer;
        })
      ).client();
      const body = Buffer.alloc(20_000_000, "0123456789abcdef\r\n");
      void client.send(request(post("/", body.length), body));
      expect(protocol.parse(await client.reply(), true).body.equals(body)).toBe(true);
    });

    test("an endless body waits for the peer that does not read it", async () => {
      let produced = 0;
      const running = await serving(protocol, (_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return (function* () {
          for (;;) {
            produced += 65_536;
            yield Buffer.alloc(65_536);
          }
        })();
      });
      const client = await running.client();
      client.pause();
      await client.send(request(get("/endless")));
      await until("it has begun", () => produced > 0);
      await silence(300);
      expect(produced).toBeLessThan(4 * 1024 * 1024);
    });
  });

  describe("a graceful stop", () => {
    test("finishes what is in progress, waits a moment for a first request, and takes no other", async () => {
      const [gate, entered] = [promised<void>(), promised<void>()];
      const running = await serving(protocol, async (environ, startResponse) => {
        if (environ.PATH_INFO === "/slow") {
          entered.resolve();
          await gate.promise;
        }
        return echoPath(environ, startResponse);
      });
      const [idle, fresh, busy] = [await running.client(), await running.client(), await running.client()];
      await busy.send(request(get("/slow")));
      await entered.promise;
      const closed = running.server.close();
      await fresh.send(request(get("/fresh")));
      expect((await answer(fresh)).body).toBe("/fresh");
      expect(await idle.reply()).toHaveLength(0);
      await expect(running.client()).rejects.toMatchObject({ code: "ENOENT" });
      gate.resolve();
      expect((await answer(busy)).body).toBe("/slow");
      await closed;
    });

    test("gives up after shutdownGraceMs and tells the application", async () => {
      const [reason, entered] = [promised<unknown>(), promised<void>()];
      const running = await serving(
        protocol,
        async (environ) => {
          const signal = environ["postern.signal"];
          entered.resolve();
          if (!signal.aborted) await once(signal, "abort");
          reason.resolve(signal.reason);
          return new Promise(() => {});
        },
        { shutdownGraceMs: 100 },
      );
      const client = await running.client();
      await client.send(request(get("/")));
      await entered.promise;
      await running.server.close();
      expect(await reason.promise).toMatchObject({ code: "SHUTDOWN" });
    });
  });
}
