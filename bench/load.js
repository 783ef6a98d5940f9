// The load generator, in a process of its own. It is as cheap as Node allows: requests are ready-made bytes, and of a
// response only the length is looked at, once the first one has been read.

import { once } from "node:events";
import { connect } from "node:net";
import { responseLength } from "./response-length.js";

/**
 * @typedef {object} Target
 * @property {string} path the server's socket
 * @property {"fastcgi" | "http"} protocol
 * @property {Buffer} request
 * @property {number} bytesBehind what the server sends behind the end of each response
 * @property {boolean} kept whether a connection carries one request after another
 * @property {number} connections how many at a time
 */

/** @type {{ run(seconds: number): Promise<number>, close(): void } | undefined} */
let load;

process.on("message", (order) => {
  answer(order).then(
    (result) => process.send(result),
    (error) => {
      throw error;
    },
  );
});
process.on("disconnect", () => process.exit());

/**
 * @param {{ open: Target } | { seconds: number }} order where the load goes, or for how long
 * @returns what was done: how many requests in how many seconds
 */
async function answer(order) {
  if ("open" in order) {
    load?.close();
    load = order.open.kept ? await openKept(order.open) : await openEach(order.open);
    return { requests: 0, seconds: 0 };
  }
  const start = performance.now();
  const requests = await load.run(order.seconds);
  return { requests, seconds: (performance.now() - start) / 1000 };
}

/** Connections that are opened before the load begins; each sends a request as soon as its last is answered. */
async function openKept({ path, protocol, request, bytesBehind, connections }) {
  const length = (await firstResponse(path, protocol, request)) + bytesBehind;
  let stopping = false;
  let requests = 0;
  let busy = 0;
  let whenIdle = () => {};
  const open = () => {
    let missing = length;
    const socket = connect({ path, onread: { buffer: receiveBuffer, callback: received } });
    function received(count) {
      missing -= count;
      if (missing > 0) return true;
      if (missing < 0) throw new Error(`a response from ${path} is longer than the first one`);
      missing = length;
      requests++;
      if (stopping) {
        if (--busy === 0) whenIdle();
      } else {
        socket.write(request);
      }
      return true;
    }
    socket.on("end", () => {
      if (busy > 0) throw new Error(`${path} closed a connection that should have been kept`);
    });
    return socket;
  };
  const sockets = Array.from({ length: connections }, open);
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return {
    run: async (seconds) => {
      stopping = false;
      requests = 0;
      busy = connections;
      setTimeout(() => {
        stopping = true;
      }, seconds * 1000);
      for (const socket of sockets) socket.write(request);
      await new Promise((resolve) => {
        whenIdle = resolve;
      });
      return requests;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A connection for each request, which the server closes. */
async function openEach({ path, protocol, request, connections }) {
  const length = await firstResponse(path, protocol, request);
  const exchange = (done) => {
    let missing = length;
    const received = (count) => {
      missing -= count;
      return true;
    };
    const socket = connect({ path, onread: { buffer: receiveBuffer, callback: received } });
    socket.on("close", () => {
      if (missing !== 0) throw new Error(`a response from ${path} is not as long as the first one`);
      done();
    });
    socket.write(request);
  };
  return {
    run: async (seconds) => {
      let stopping = false;
      let requests = 0;
      let busy = connections;
      setTimeout(() => {
        stopping = true;
      }, seconds * 1000);
      await new Promise((resolve) => {
        const next = () => {
          requests++;
          if (!stopping) exchange(next);
          else if (--busy === 0) resolve(undefined);
        };
        for (let count = 0; count < connections; count++) exchange(next);
      });
      return requests;
    },
    close: () => {},
  };
}

/** Shared by all connections, since nobody looks at what is in it. */
const receiveBuffer = Buffer.alloc(65_536);

async function firstResponse(path, protocol, request) {
  const socket = connect(path);
  socket.write(request);
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk]);
    const length = responseLength(protocol, bytes);
    if (length > 0) return length;
  }
  throw new Error(`${path} closed the connection instead of answering`);
}
