// The load generator, in a process of its own. It is as cheap as Node allows: requests are ready-made bytes, and of a
// response only the length is looked at, once the first one has been read.

import { once } from "node:events";
import { connect } from "node:net";
import { responseLength } from "./response-length.js";

/**
 * @typedef {object} Target
 * @property {string} path the server's socket
 * @property {import("./side-by-side.js").Definition["protocol"]} protocol
 * @property {Buffer} request
 * @property {number} bytesBehind what the server sends behind the end of each response
 * @property {boolean} kept whether a connection carries one request after another
 * @property {boolean} latencies whether the time of each request is looked at
 * @property {number} connections how many at a time
 */

/** @type {{ run(seconds: number): Promise<number>, each?(): Promise<number>, close(): void } | undefined} */
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
 * @param {{ open: Target } | { seconds: number } | { each: true } | { close: true }} order where the load goes, for how
 *   long, or that there is one request on each connection, or that connections are closed
 * @returns what was done: how many requests in how many seconds
 */
async function answer(order) {
  if ("open" in order) {
    await load?.close();
    load = order.open.kept ? await openKept(order.open) : await openEach(order.open);
    return { requests: 0, seconds: 0 };
  }
  if ("close" in order) {
    await load.close();
    return { requests: 0, seconds: 0 };
  }
  times.length = 0;
  const start = performance.now();
  const requests = "each" in order ? await load.each() : await load.run(order.seconds);
  return { requests, seconds: (performance.now() - start) / 1000, p99: percentile99() };
}

/** How long requests took, in milliseconds, where that is looked at. */
const times = [];

function percentile99() {
  return times.length === 0 ? undefined : times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];
}

/** How many connections are opened at once where they are many, since the queue in front of a server is short. */
const AT_ONCE = 100;

/** Connections that are opened before the load begins; each sends a request as soon as its last is answered. */
async function openKept({ path, protocol, request, bytesBehind, latencies, connections }) {
  const length = (await firstResponse(path, protocol, request)) + bytesBehind;
  let stopping = false;
  let requests = 0;
  let busy = 0;
  let whenIdle = () => {};
  const open = () => {
    let missing = length;
    let sent = 0;
    const socket = connect({ path, onread: { buffer: receiveBuffer, callback: received } });
    const send = () => {
      if (latencies) sent = performance.now();
      socket.write(request);
    };
    function received(count) {
      missing -= count;
      if (missing > 0) return true;
      if (missing < 0) throw new Error(`a response from ${path} is longer than the first one`);
      missing = length;
      requests++;
      if (latencies) times.push(performance.now() - sent);
      if (stopping) {
        if (--busy === 0) whenIdle();
      } else {
        send();
      }
      return true;
    }
    socket.on("end", () => {
      if (busy > 0) throw new Error(`${path} closed a connection that should have been kept`);
    });
    return { socket, send };
  };
  const each = async (some) => {
    requests = 0;
    busy = some.length;
    for (const { send } of some) send();
    await new Promise((resolve) => {
      whenIdle = resolve;
    });
    return requests;
  };
  const opened = [];
  while (opened.length < connections) {
    const some = Array.from({ length: Math.min(AT_ONCE, connections - opened.length) }, open);
    await Promise.all(some.map(({ socket }) => once(socket, "connect")));
    opened.push(...some);
    if (opened.length === connections) break;
    // A connection counts as open when it waits; one that was answered waits no more.
    stopping = true;
    await each(some);
  }
  return {
    run: (seconds) => {
      stopping = false;
      setTimeout(() => {
        stopping = true;
      }, seconds * 1000);
      return each(opened);
    },
    each: () => {
      stopping = true;
      return each(opened);
    },
    close: async () => {
      for (const { socket } of opened) socket.destroy();
      await Promise.all(opened.map(({ socket }) => socket.closed || once(socket, "close")));
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
    close: async () => {},
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
