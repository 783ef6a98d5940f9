// A gateway application as a request listener passes the conformance cases, also where it has come through both bridges.

import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { fromNode, toNode } from "../../lib/bridges/node.ts";
import { openBodies } from "../../lib/middleware/validate.ts";
import { conformanceApplication, conformanceCases, runCase } from "../../lib/testing/conformance.ts";
import { reachFastCgi } from "../matrix/fastcgi.ts";
import { reachHttp } from "../matrix/http.ts";
import { overHttp2 } from "../matrix/http2.ts";
import type { Transport } from "../matrix/transport.ts";
import { startFcgi } from "../support/fcgi-server.ts";
import { promised } from "../support/promised.ts";
import { SingleRequestClient } from "../support/single-request-client.ts";

const quiet = { writeErrors: () => {} };

type Start = (scriptName: string) => Promise<Transport>;

const overHttp =
  (listenerFor: (scriptName: string) => RequestListener): Start =>
  async (scriptName) => {
    const server = createServer(listenerFor(scriptName)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return {
      ...reachHttp({ host: "127.0.0.1", port }, scriptName),
      async close() {
        server.close();
        server.closeAllConnections();
      },
    };
  };

function mountedInExpress(scriptName: string): RequestListener {
  const express = createRequire(import.meta.url)("express") as () => RequestListener & {
    use(path: string, listener: RequestListener): void;
  };
  const app = express();
  app.use(scriptName, toNode(conformanceApplication, quiet));
  return app;
}

const overBothBridges: Start = async (scriptName) => {
  const application = fromNode(toNode(conformanceApplication, quiet));
  const { path, stop } = await startFcgi(application, { log: () => {} });
  return { ...reachFastCgi({ path }, scriptName), close: stop };
};

/** What HTTP/2 does not have, or says otherwise. */
const NOT_IN_HTTP2 = ["server-protocol", "own-reason"];

const transports: readonly (readonly [name: string, start: Start, mount: string])[] = [
  ["node:http", overHttp((scriptName) => toNode(conformanceApplication, { ...quiet, scriptName })), ""],
  ["node:http2", overHttp2((scriptName) => toNode(conformanceApplication, { ...quiet, scriptName })), "/app"],
  ["mounted in Express", overHttp(mountedInExpress), "/app"],
  ["both bridges over FastCGI", overBothBridges, "/app"],
];

for (const [name, start, mount] of transports) {
  describe(name, () => {
    let transport: Transport;
    beforeAll(async () => {
      transport = await start(mount);
    });
    afterAll(async () => {
      await transport?.close();
      expect(openBodies()).toEqual([]);
    });

    const skipped = name === "node:http2" ? NOT_IN_HTTP2 : [];
    for (const one of conformanceCases.filter((each) => !skipped.includes(each.name))) {
      test(one.name, () => runCase(one, transport.exchange, transport.run));
    }
  });
}

describe("behind others on node:http", () => {
  async function ask(listener: RequestListener): Promise<Response> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }
  const ours = toNode((_environ, startResponse) => {
    startResponse("200 OK", [
      ["Content-Type", "text/plain"],
      ["Set-Cookie", "b=2"],
      ["Vary", "Cookie"],
    ]);
    return ["ours"];
  }, quiet);

  test("their cookies and what they depend on stay", async () => {
    const response = await ask((request, answer) => {
      answer.setHeader("Set-Cookie", "a=1");
      answer.setHeader("Vary", "Origin");
      answer.setHeader("Content-Type", "text/html");
      ours(request, answer);
    });
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("Vary")).toBe("Origin, Cookie");
    expect(response.headers.get("Content-Type")).toBe("text/plain");
  });

  test("a head that one of them has sent already ends in a cut, not in waiting", async () => {
    const asked = ask((request, answer) => {
      answer.writeHead(200, { "Content-Length": "100" });
      answer.write("early");
      ours(request, answer);
    });
    await expect(asked.then((response) => response.text())).rejects.toThrow();
  });
});

test("a response of HTTP/1.0 that fails in the middle ends with a reset, which web servers do not take for its end", async () => {
  const gate = promised<void>();
  const listener = toNode(async function* (_environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    yield "partial";
    await gate.promise;
    throw new Error("broken");
  }, quiet);
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = await SingleRequestClient.connect({ host: "127.0.0.1", port });
  await client.send(Buffer.from("GET / HTTP/1.0\r\n\r\n"));
  await client.receives("partial");
  gate.resolve();
  await client.reply();
  expect(client.failed).toBe(true);
});
