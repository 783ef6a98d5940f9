// What the bridge relies upon in IncomingMessage and ServerResponse that Node's documentation does not promise.

import assert from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { Duplex } from "node:stream";

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A socket that keeps what is written to it, and takes more when `release()` is called. */
class Socket extends Duplex {
  written = [];
  resumed = 0;
  held;

  constructor(holds = false) {
    super({ decodeStrings: false });
    this.holds = holds;
  }

  get text() {
    return this.written
      .map(({ chunk, encoding }) =>
        (typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk).toString("latin1"),
      )
      .join("");
  }

  resume() {
    this.resumed++;
    return this;
  }

  release() {
    const { held } = this;
    this.held = undefined;
    held?.();
  }

  _read() {}

  _write(chunk, encoding, done) {
    this._writev([{ chunk, encoding }], done);
  }

  _writev(pieces, done) {
    this.written.push(...pieces);
    if (this.holds) this.held = done;
    else done();
  }
}

function pair({ holds = false, method = "GET", minor = 1 } = {}) {
  const socket = new Socket(holds);
  const request = new IncomingMessage(socket);
  request.method = method;
  request.httpVersionMajor = 1;
  request.httpVersionMinor = minor;
  request.httpVersion = `1.${minor}`;
  request.headers = { host: "localhost" };
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  return { socket, request, response };
}

export const assumptions = {
  "their constructors can be called for an object with another prototype"() {
    for (const [base, from] of [
      [IncomingMessage, new Socket()],
      [ServerResponse, pair().request],
    ]) {
      const prototype = Object.create(base.prototype);
      function construct() {
        base.call(this, from);
      }
      construct.prototype = prototype;
      const made = new construct();
      assert.equal(Object.getPrototypeOf(made), prototype);
      assert.deepEqual(Object.getOwnPropertyNames(made), Object.getOwnPropertyNames(new base(from)));
    }
  },

  "what tells one that they have made from a prototype"() {
    const { request, response } = pair();
    for (const [made, key] of [
      [request, "complete"],
      [response, "req"],
    ]) {
      assert.equal(key in made, true);
      assert.equal(key in Object.getPrototypeOf(made), false);
    }
  },

  "headers and headersDistinct can be set"() {
    const { request } = pair();
    assert.equal(request.headers.host, "localhost");
    request.headersDistinct = { host: ["localhost"] };
    assert.deepEqual(request.headersDistinct, { host: ["localhost"] });
  },

  "a request that is read resumes its socket, and one that is not leaves it alone"() {
    const { socket, request } = pair();
    assert.equal(socket.resumed, 0);
    request.on("data", () => {});
    return tick().then(() => assert.ok(socket.resumed > 0));
  },

  async "push(null) with complete ends a request, and closes it"() {
    const { request } = pair();
    const seen = [];
    for (const name of ["end", "close", "aborted"]) request.on(name, () => seen.push(name));
    request.complete = true;
    request.push("abc");
    request.push(null);
    request.resume();
    await tick();
    await tick();
    assert.deepEqual(seen, ["end", "close"]);
  },

  async "a request that is destroyed says so as one whose client has gone"() {
    const { socket, request } = pair();
    const seen = [];
    request.on("aborted", () => seen.push("aborted"));
    request.on("error", (error) => seen.push(error.code));
    request.on("close", () => seen.push("close"));
    socket.destroy();
    request.destroy(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
    await tick();
    assert.deepEqual(seen, ["aborted", "ECONNRESET", "close"]);
    assert.equal(request.aborted, true);
  },

  "an ordinary response is written in one turn, its head a string in front"() {
    const { socket, response } = pair();
    response.sendDate = false;
    response.setHeader("X-A", "1");
    response.end("body");
    assert.match(
      socket.text,
      /^HTTP\/1\.1 200 OK\r\nX-A: 1\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody$/,
    );
    assert.equal(response.writableEnded, true);
  },

  "bytes follow their head"() {
    const { socket, response } = pair();
    response.end(Buffer.from("body"));
    assert.equal(typeof socket.written[0].chunk, "string");
    assert.match(socket.text, /\r\n\r\nbody$/);
  },

  async "a body of unknown length is chunked, and of HTTP/1.0 it is not"() {
    const first = pair();
    first.response.write("a");
    first.response.end("b");
    await tick();
    // Some versions join what is written in one turn.
    assert.match(first.socket.text, /\r\n\r\n(1\r\na\r\n1\r\nb|2\r\nab)\r\n0\r\n\r\n$/);
    const second = pair({ minor: 0 });
    second.response.write("a");
    second.response.end("b");
    await tick();
    assert.match(second.socket.text, /\r\n\r\nab$/);
  },

  async "finish is emitted behind end(), when the socket has taken everything"() {
    const { socket, response } = pair({ holds: true });
    let isFinished = false;
    response.on("finish", () => {
      isFinished = true;
    });
    response.end("body");
    assert.equal(isFinished, false);
    await tick();
    assert.equal(isFinished, false);
    while (socket.held !== undefined) {
      socket.release();
      await tick();
    }
    assert.equal(isFinished, true);
  },

  async "the close of its socket is that of a response which has it"() {
    const { socket, response } = pair();
    let isClosed = false;
    response.on("close", () => {
      isClosed = true;
    });
    socket.destroy();
    await tick();
    assert.equal(isClosed, true);
    assert.equal(response.closed, true);
    assert.equal(response.destroyed, true);
  },

  async "a response can be given its socket again behind finish, and closes with it"() {
    const { socket, response } = pair();
    const seen = [];
    for (const name of ["prefinish", "finish", "close"]) response.on(name, () => seen.push(name));
    response.on("finish", () => response.detachSocket(socket));
    response.end("body");
    await tick();
    assert.equal(response.socket, null);
    socket.destroy();
    response.assignSocket(socket);
    await tick();
    assert.deepEqual(seen, ["prefinish", "finish", "close"]);
    assert.equal(response.closed, true);
    response.detachSocket(socket);
  },

  async "a response without its socket keeps what it writes, and drains when it gets it back"() {
    const { socket, response } = pair({ holds: true });
    let drains = 0;
    response.on("drain", () => drains++);
    assert.equal(response.write("x".repeat(300_000)), false);
    assert.equal(response.writableNeedDrain, true);
    await tick();
    while (socket.held !== undefined) {
      socket.release();
      await tick();
    }
    const before = socket.text.length;
    response.detachSocket(socket);
    ServerResponse.prototype.flushHeaders.call(response);
    response.assignSocket(socket);
    assert.equal(drains, 1);
    assert.equal(response.writableNeedDrain, false);
    assert.equal(socket.text.length, before);
    socket.release();
  },

  "interim responses are heads of their own"() {
    const { socket, response } = pair();
    response.writeContinue();
    response.writeProcessing();
    response.writeEarlyHints({ link: "</a>; rel=preload" });
    response.end();
    assert.match(
      socket.text,
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 103 Early Hints\r\nLink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    );
  },

  "setTimeout() of both is that of the socket"() {
    const { socket, request, response } = pair();
    const asked = [];
    socket.setTimeout = (milliseconds) => asked.push(milliseconds);
    request.setTimeout(10);
    response.setTimeout(20);
    assert.deepEqual(asked, [10, 20]);
  },
};
