// Connections that their peers keep, of a server that stops and can give them away.

import { once } from "node:events";
import { connect, type NetConnectOpts } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import * as ajp from "../../lib/servers/ajp.ts";
import * as fcgi from "../../lib/servers/fcgi.ts";
import * as http from "../../lib/servers/http.ts";
import { AjpClient } from "../support/ajp-client.ts";
import { FastCgiClient, KEEP_CONN, responderRequest } from "../support/fastcgi-client.ts";
import { get, TEXT } from "../support/fcgi-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { promised } from "../support/promised.ts";

/** More requests than a connection may bring before it goes. */
const MANY = 20;

/** A connection that a peer keeps. */
interface Kept {
  /** Asks once; false when the connection has ended before the answer. */
  ask(): Promise<boolean>;
  destroy(): void;
}

interface Protocol {
  readonly name: string;
  readonly createServer: typeof http.createServer;
  keep(address: NetConnectOpts): Promise<Kept>;
}

const protocols: readonly Protocol[] = [
  {
    name: "fcgi",
    createServer: fcgi.createServer,
    async keep(address) {
      const client = await FastCgiClient.connect(address);
      return {
        async ask() {
          await client.send(Buffer.concat(responderRequest(1, get("/"), { flags: KEEP_CONN })));
          return (await client.reply(1)).end !== undefined;
        },
        destroy: () => client.destroy(),
      };
    },
  },
  {
    name: "ajp",
    createServer: ajp.createServer,
    async keep(address) {
      const client = await AjpClient.connect(address);
      return {
        ask: async () => (await client.ask({})).reuse === true,
        destroy: () => client.destroy(),
      };
    },
  },
  {
    name: "http",
    createServer: http.createServer,
    async keep(address) {
      const socket = connect(address);
      await once(socket, "connect");
      // What is asked behind the end of the connection breaks it.
      socket.on("error", () => {});
      const closed = new Promise<false>((resolve) => socket.once("close", () => resolve(false)));
      return {
        ask() {
          socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
          // The answer is short, and comes in one piece.
          const answered = new Promise<true>((resolve) => socket.once("data", () => resolve(true)));
          return Promise.race([answered, closed]);
        },
        destroy: () => socket.destroy(),
      };
    },
  },
];

test.each(protocols)(
  "$name: a connection on which one request follows the other goes behind the one in progress",
  async ({ createServer, keep }) => {
    const gate = promised<void>();
    const entered = promised<void>();
    let calls = 0;
    const application: Application = async (_environ, startResponse) => {
      calls++;
      entered.resolve();
      await gate.promise;
      startResponse("200 OK", TEXT);
      return ["answered"];
    };
    const folder = temporaryFolder();
    const path = join(folder.path, "app.sock");
    const { server, drain } = createServer(application);
    await once(server.listen(path), "listening");
    const client = await keep({ path });
    onTestFinished(() => {
      client.destroy();
      folder.remove();
    });
    let asked = client.ask();
    await entered.promise;
    // Whoever takes it looks when it is offered, and never by chance between two requests.
    const drained = drain((socket, isIdle) => {
      if (isIdle()) socket.destroy();
    });
    gate.resolve();
    let answered = 0;
    while ((await asked) && ++answered < MANY) asked = client.ask();
    expect([answered, calls]).toEqual([1, 1]);
    await drained;
  },
);
