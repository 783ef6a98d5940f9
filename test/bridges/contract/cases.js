// Listeners whose answers, and what they see, have to be the same over node:http and over FastCGI and the bridge.

import { Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";

const text = { "Content-Type": "text/plain" };
const large = "x".repeat(300_000);
const tick = () => new Promise((resolve) => setImmediate(resolve));
const later = (milliseconds = 10) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Notes each event of the request and the response, once. */
function events(note, request, response) {
  for (const name of ["aborted", "end", "close"]) request.once(name, () => note(`request ${name}`));
  request.once("error", (error) => note(`request error ${error.code} ${error.message}`));
  for (const name of ["finish", "close"]) response.once(name, () => note(`response ${name}`));
}

function state(request, response) {
  return `${requestState(request)} ${responseState(response)}`;
}

function requestState({ complete, aborted, destroyed, readableEnded, errored }) {
  return JSON.stringify({ complete, aborted, destroyed, readableEnded, errored: errored?.code });
}

function responseState(response) {
  const {
    finished: isFinished,
    writableEnded,
    writableFinished,
    headersSent,
    closed,
    destroyed,
    socket,
  } = response;
  return JSON.stringify({
    isFinished,
    writableEnded,
    writableFinished,
    headersSent,
    closed,
    destroyed,
    socket: socket !== null,
  });
}

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

/**
 * @typedef {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, note: (line: string) => void) => unknown} Listener
 * @type {Record<string, [Listener, import("./exchange.js").Request?]>}
 */
export const cases = {
  // The request.
  "what a request shows": [
    (request, response) => {
      const {
        method,
        url,
        headers,
        headersDistinct,
        httpVersion,
        httpVersionMajor,
        httpVersionMinor,
        originalUrl,
        trailers,
        rawTrailers,
        upgrade,
        statusCode,
        statusMessage,
      } = request;
      const { remoteAddress, remoteFamily, encrypted, readable, writable, destroyed, connecting } =
        request.socket;
      const same =
        request.socket === response.socket &&
        request.connection === request.socket &&
        request.client === request.socket;
      const shown = {
        method,
        url,
        headers,
        headersDistinct,
        raw: [...request.rawHeaders].sort(),
        httpVersion,
        httpVersionMajor,
        httpVersionMinor,
        originalUrl,
        trailers,
        rawTrailers,
        upgrade,
        statusCode,
        statusMessage,
        remoteAddress,
        remoteFamily,
        encrypted,
        readable,
        writable,
        destroyed,
        connecting,
        same,
        hasOwn: Object.getPrototypeOf(headers) === Object.prototype,
        socketIsStream: typeof request.socket.pipe,
        port: typeof request.socket.remotePort,
        keys: Object.keys(headers).sort(),
      };
      for (const key of Object.keys(headers)) headers[key] = `${headers[key]}`;
      shown.headers = Object.fromEntries(Object.entries(headers).sort());
      shown.headersDistinct = Object.fromEntries(Object.entries(headersDistinct).sort());
      response.writeHead(200, text).end(JSON.stringify(shown));
    },
    {
      target: "/a%2Fb//c%20d?x=1&y=%20",
      headers: [
        ["X-Forwarded-For", "10.0.0.1"],
        ["Accept", "*/*"],
        ["User-Agent", "t\xebst"],
        ["Cookie", "a=1; b=2"],
        ["TE", "trailers"],
      ],
    },
  ],
  "state while the listener runs": [
    (request, response) => response.writeHead(200, text).end(state(request, response)),
  ],
  "state a moment later": [
    async (request, response) => {
      await tick();
      await tick();
      response.writeHead(200, text).end(state(request, response));
    },
    { method: "POST", body: "abc" },
  ],
  "state behind the response": [
    (request, response, note) => {
      response.on("finish", () => note(`finish ${state(request, response)}`));
      response.on("close", () => note(`close ${responseState(response)}`));
      request.on("close", () => note(`request close ${requestState(request)}`));
      response.writeHead(200, text).end("ok");
    },
  ],
  "events of a request without a body": [
    (request, response, note) => {
      events(note, request, response);
      response.writeHead(200, text).end("ok");
    },
    // Node 26 ends the request first.
    { anyOrder: true },
  ],
  "events of a request that is read": [
    async (request, response, note) => {
      events(note, request, response);
      const body = await read(request);
      response.writeHead(200, text).end(body);
    },
    { method: "POST", body: large },
  ],
  "events of a request that is not read": [
    (request, response, note) => {
      events(note, request, response);
      response.writeHead(200, text).end("ok");
    },
    { method: "POST", body: "unread" },
  ],
  "data is listened for late": [
    async (request, response) => {
      await later();
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => response.writeHead(200, text).end(`${body} ${request.complete}`));
    },
    { method: "POST", body: "ärger" },
  ],
  "a request is piped into its response": [
    (request, response) => {
      response.writeHead(200, { "Content-Type": "application/octet-stream" });
      request.pipe(response);
    },
    { method: "PUT", body: large },
  ],
  "pipeline()": [
    async (request, response, note) => {
      await pipeline(
        request,
        async function* (source) {
          for await (const chunk of source) yield chunk.toString().toUpperCase();
        },
        response,
      );
      note("piped");
    },
    { method: "POST", body: large },
  ],
  "finished() of both": [
    async (request, response, note) => {
      finished(response).then(
        () => note("response finished"),
        (error) => note(error.code),
      );
      request.resume();
      finished(request).then(
        () => note("request finished"),
        (error) => note(error.code),
      );
      response.writeHead(200, text).end("ok");
    },
    { method: "POST", body: "abc" },
  ],
  "finished() behind the end": [
    async (_request, response, note) => {
      response.writeHead(200, text).end("ok");
      await later(5);
      await finished(response).then(
        () => note("finished"),
        (error) => note(error.code),
      );
      note(`${response.closed} ${response.destroyed} ${response.writableFinished}`);
    },
  ],
  "an upload that a pipe takes into something slower, behind the response": [
    (request, response) => {
      const slow = new Writable({
        highWaterMark: 1000,
        write: (_chunk, _encoding, done) => setTimeout(done, 2),
      });
      request.pipe(slow);
      response.writeHead(202, text).end("accepted");
    },
    { method: "POST", body: large },
  ],
  "an upload that is let go behind the response, and whose end is waited for": [
    async (request, response) => {
      request.resume();
      request.on("end", () => {});
      await tick();
      response.writeHead(413, text).end("too large");
    },
    { method: "POST", body: large },
  ],
  "an upload that nobody reads any more when it is refused": [
    (request, response) => {
      request.on("data", function refuse() {
        request.off("data", refuse);
        response.writeHead(413, text).end("too large");
      });
    },
    { method: "POST", body: large },
  ],
  "interim responses that are sent later": [
    async (_request, response) => {
      await tick();
      response.writeProcessing();
      await new Promise((resolve) =>
        response.writeEarlyHints({ link: "</style.css>; rel=preload" }, resolve),
      );
      response.writeHead(200, text).end("final");
    },
  ],
  "the length of a body that a method does not ask for": [
    (request, response) => response.writeHead(200, text).end(String(request.headers["content-length"])),
    { method: "DELETE", body: "abc" },
  ],
  "a paused request": [
    async (request, response) => {
      let count = 0;
      request.on("data", (chunk) => {
        count += chunk.length;
        request.pause();
        setTimeout(() => request.resume(), 1);
      });
      request.on("end", () => response.writeHead(200, text).end(String(count)));
    },
    { method: "POST", body: large },
  ],
  "readable and read()": [
    (request, response) => {
      let body = "";
      request.on("readable", () => {
        for (let chunk = request.read(); chunk !== null; chunk = request.read()) body += chunk;
      });
      request.on("end", () => response.writeHead(200, text).end(body));
    },
    { method: "POST", body: "some words" },
  ],
  "an empty body that is read": [
    async (request, response) => {
      const body = await read(request);
      response.writeHead(200, text).end(JSON.stringify(body));
    },
  ],
  "a body of length 0": [
    async (request, response) => {
      const body = await read(request);
      response.writeHead(200, text).end(JSON.stringify([body, request.headers["content-length"]]));
    },
    { method: "POST", body: "" },
  ],
  "a response before the body was read": [
    async (request, response, note) => {
      response.writeHead(200, text).end("early");
      let count = 0;
      for await (const chunk of request) count += chunk.length;
      note(String(count));
    },
    { method: "POST", body: "x".repeat(50_000) },
  ],
  "a late response while the body is read": [
    async (request, response, note) => {
      let count = 0;
      request.on("data", (chunk) => {
        count += chunk.length;
      });
      request.on("end", () => note(`end ${count}`));
      await tick();
      response.writeHead(200, text).end("not lost");
    },
    { method: "POST", body: "x".repeat(20_000) },
  ],
  "OPTIONS *": [
    (request, response) => response.writeHead(200, text).end(request.url),
    { method: "OPTIONS", target: "*" },
  ],
  "an absolute target": [
    (request, response) => response.writeHead(200, text).end(request.url),
    { target: "http://localhost:8080/a?b" },
  ],
  "an empty query": [
    (request, response) => response.writeHead(200, text).end(request.url),
    { target: "/a?" },
  ],
  "HTTP/1.0": [
    (request, response) => {
      response.writeHead(200, text);
      response.write(`${request.httpVersion} ${response.shouldKeepAlive}`);
      response.end();
    },
    { version: "1.0" },
  ],
  "an expectation": [
    (_request, response) => response.writeHead(200, text).end("continued"),
    { method: "POST", body: "x", headers: [["Expect", "100-continue"]] },
  ],
  "an unknown expectation": [
    (_request, response) => response.writeHead(200, text).end("not reached"),
    { headers: [["Expect", "wonders"]] },
  ],

  // The head of the response.
  "an implicit head": [(_request, response) => response.end("no type")],
  "an implicit head and no body": [(_request, response) => response.end()],
  "a status message": [
    (_request, response) => response.writeHead(404, "Not H\xe9re", text).end(Buffer.from("x")),
  ],
  "a status message of text": [(_request, response) => response.writeHead(404, "Not H\xe9re", text).end("x")],
  "statusCode and statusMessage": [
    (_request, response) => {
      response.statusCode = 418;
      response.statusMessage = "Short and Stout";
      response.setHeader("Content-Type", "text/plain");
      response.end("x");
    },
  ],
  "an unknown status": [(_request, response) => response.writeHead(599, text).end("x")],
  "a head of pairs": [
    (_request, response) =>
      response
        .writeHead(200, [
          ["Content-Type", "text/plain"],
          ["X-A", "1"],
          ["X-A", "2"],
        ])
        .end("x"),
  ],
  "a flat head": [
    (_request, response) =>
      response.writeHead(200, ["Content-Type", "text/plain", "X-A", "1", "X-A", "2"]).end("x"),
  ],
  "a head beside headers that were set": [
    (_request, response) => {
      response.setHeader("X-A", "0");
      response.setHeader("Content-Type", "text/html");
      response.writeHead(200, { ...text, "x-b": ["1", "2"] }).end("x");
    },
  ],
  "several cookies": [
    (_request, response) => {
      response.setHeader("Set-Cookie", ["a=1", "b=2; Path=/"]);
      response.appendHeader("Set-Cookie", "c=3");
      response.appendHeader("X-Many", "1");
      response.appendHeader("X-Many", ["2", "3"]);
      response.setHeader("X-Number", 7);
      response.setHeader("Content-Type", "text/plain");
      response.end(
        JSON.stringify([
          response.getHeaders(),
          response.getHeaderNames(),
          response.getRawHeaderNames(),
          response.hasHeader("x-many"),
          response.getHeader("SET-COOKIE"),
        ]),
      );
    },
  ],
  "setHeaders()": [
    (_request, response) => {
      response.setHeaders(
        new Map([
          ["Content-Type", "text/plain"],
          ["X-Map", "1"],
        ]),
      );
      response.end("x");
    },
  ],
  "a removed header": [
    (_request, response) => {
      response.setHeader("X-A", "1");
      response.removeHeader("x-a");
      response.removeHeader("Content-Length");
      response.setHeader("Content-Type", "text/plain");
      response.end("x");
    },
  ],
  "a header of bytes": [
    (_request, response) => response.writeHead(200, { ...text, "X-Byte": "\xe9" }).end(Buffer.from("x")),
  ],
  "a header of bytes before text": [
    (_request, response) => response.writeHead(200, { ...text, "X-Byte": "\xe9" }).end("\u20ac"),
  ],
  "a header that is no byte": [
    (_request, response) => {
      let code;
      try {
        response.setHeader("X-Wide", "\u20ac");
      } catch (error) {
        code = error.code;
      }
      response.writeHead(200, text).end(code);
    },
  ],
  "a line break in a header": [
    (_request, response) => {
      let code;
      try {
        response.setHeader("X-Break", "a\r\nb");
      } catch (error) {
        code = error.code;
      }
      response.writeHead(200, text).end(code);
    },
  ],
  "headers behind the head": [
    (_request, response) => {
      const codes = [];
      response.writeHead(200, text);
      response.write("x");
      for (const step of [() => response.setHeader("X-A", "1"), () => response.writeHead(201)])
        try {
          step();
        } catch (error) {
          codes.push(error.code);
        }
      response.end(codes.join());
    },
  ],
  "writeHead() behind flushHeaders()": [
    (_request, response) => {
      let code;
      response.setHeader("Content-Type", "text/plain");
      response.flushHeaders();
      try {
        response.writeHead(201);
      } catch (error) {
        code = error.code;
      }
      response.end(`${code} ${response.headersSent}`);
    },
  ],
  "a date of its own": [
    (_request, response, note) => {
      response.writeHead(200, { ...text, Date: "Tue, 15 Nov 1994 08:12:31 GMT" }).end("x");
      note(String(response.hasHeader("date")));
    },
  ],
  "interim responses": [
    (_request, response) => {
      response.writeContinue();
      response.writeProcessing();
      response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
      response.writeHead(200, text).end("final");
    },
  ],
  strictContentLength: [
    (_request, response) => {
      response.strictContentLength = true;
      response.writeHead(200, { ...text, "Content-Length": "3" });
      let code;
      try {
        response.write("four");
      } catch (error) {
        code = error.code;
      }
      response.end(code.slice(0, 3));
    },
  ],
  HEAD: [
    (_request, response) => response.writeHead(200, { ...text, "Content-Length": "5" }).end("hello"),
    { method: "HEAD" },
  ],
  "HEAD without a length": [
    (_request, response) => {
      response.writeHead(200, text);
      response.write("hello");
      response.end("more");
    },
    { method: "HEAD" },
  ],
  204: [(_request, response) => response.writeHead(204).end()],
  "204 with a body": [(_request, response) => response.writeHead(204).end("dropped")],
  304: [(_request, response) => response.writeHead(304, { ETag: '"x"' }).end()],

  // Its body.
  "chunks of every kind": [
    (_request, response) => {
      response.writeHead(200, text);
      response.write("\u20ac");
      response.write("\xe9", "latin1");
      response.write("68656c6c6f", "hex");
      response.write("aGk=", "base64");
      response.write("wide", "utf16le");
      response.write(Buffer.from([0, 255]));
      response.write(new Uint8Array([1, 2]));
      response.end("ascii", "ascii");
    },
  ],
  "one piece in another encoding": [
    (_request, response) => response.writeHead(200, text).end("\xe9\xff", "latin1"),
  ],
  "a chunked coding that the application asks for": [
    (_request, response) => {
      response.writeHead(200, { ...text, "Transfer-Encoding": "chunked" });
      response.write("a");
      response.end("b");
    },
  ],
  "a streamed body with a length": [
    async (_request, response) => {
      response.writeHead(200, { ...text, "Content-Length": "6" });
      response.write("abc");
      await later();
      response.end("def");
    },
  ],
  "pieces over time": [
    async (_request, response) => {
      response.writeHead(200, text);
      for (const piece of ["a", "b", "c"]) {
        response.write(piece);
        await later(3);
      }
      response.end();
    },
  ],
  "cork()": [
    (_request, response) => {
      response.writeHead(200, text);
      response.cork();
      response.write("a");
      response.write("b");
      process.nextTick(() => {
        response.uncork();
        response.end("c");
      });
    },
  ],
  "cork() without uncork()": [
    (_request, response) => {
      response.writeHead(200, text);
      response.cork();
      response.write("a");
      response.end("b");
    },
  ],
  backpressure: [
    async (_request, response, note) => {
      response.writeHead(200, text);
      let waited = 0;
      for (let round = 0; round < 40; round++) {
        if (response.write(large)) continue;
        waited++;
        await new Promise((resolve) => response.once("drain", resolve));
        if (response.writableNeedDrain) note("still needs drain");
      }
      note(String(waited > 0));
      response.end();
    },
  ],
  "a stream that is piped after a drain": [
    async (_request, response) => {
      response.writeHead(200, text);
      if (!response.write(large)) await new Promise((resolve) => response.once("drain", resolve));
      Readable.from([large, "end"]).pipe(response);
    },
  ],
  "callbacks of write() and end()": [
    (_request, response, note) => {
      response.writeHead(200, text);
      response.write("a", () => note("written"));
      response.end("b", () => note("ended"));
    },
  ],
  "write() behind end()": [
    (_request, response, note) => {
      response.on("error", (error) => note(`error ${error.code}`));
      response.writeHead(200, text).end("a");
      response.write("b", (error) => note(`write ${error?.code}`));
      response.end("c", (error) => note(`end ${error?.code}`));
    },
  ],
  "end() twice": [
    (_request, response, note) => {
      response.on("error", (error) => note(`error ${error.code}`));
      response.writeHead(200, text).end("a");
      response.end(() => note("second"));
    },
  ],
  trailers: [
    (_request, response) => {
      response.writeHead(200, { ...text, Trailer: "X-Sum" });
      response.write("body");
      response.addTrailers({ "X-Sum": "1" });
      response.end();
    },
  ],
  "a wrong socket": [
    (_request, response, note) => {
      try {
        response.assignSocket(response.socket);
      } catch (error) {
        note(error.code);
      }
      response.writeHead(200, text).end("x");
    },
  ],
  "what a response shows": [
    (request, response) => {
      const {
        sendDate,
        chunkedEncoding,
        shouldKeepAlive,
        useChunkedEncodingByDefault,
        statusCode,
        statusMessage,
        writableHighWaterMark,
        writableLength,
        writableObjectMode,
        writableCorked,
        finished: isFinished,
        errored,
        strictContentLength,
      } = response;
      response.setHeader("Content-Type", "text/plain");
      response.end(
        JSON.stringify({
          chunkedEncoding,
          shouldKeepAlive: typeof shouldKeepAlive,
          useChunkedEncodingByDefault,
          statusCode,
          statusMessage,
          writableHighWaterMark,
          writableLength,
          writableObjectMode,
          writableCorked,
          isFinished,
          errored,
          strictContentLength,
          same: response.req === request,
          sendDate: typeof sendDate,
        }),
      );
    },
  ],
  "a large body at once": [(_request, response) => response.writeHead(200, text).end(large)],
  "a response of a later turn": [
    async (_request, response) => {
      await later(1);
      response.writeHead(200, text).end("later");
    },
  ],

  // What goes wrong.
  "a client that leaves": [
    async (request, response, note) => {
      events(note, request, response);
      response.writeHead(200, text);
      const timer = setInterval(() => response.write("tick"), 3);
      await new Promise((resolve) => response.once("close", resolve));
      clearInterval(timer);
      note(state(request, response));
      note(String(response.write("late")));
      response.end(() => note("ended"));
      await later();
      note(state(request, response));
    },
    { leaveAfter: 1 },
  ],
  "a client that leaves in its body": [
    async (request, response, note) => {
      events(note, request, response);
      response.writeHead(200, text);
      response.write("begun");
      request.on("data", () => {});
      await new Promise((resolve) => request.once("close", resolve));
      note(state(request, response));
    },
    { method: "POST", body: large, half: true },
  ],
  "pipeline() and a client that leaves": [
    async (_request, response, note) => {
      response.writeHead(200, text);
      const endless = new Readable({
        read() {
          setTimeout(() => this.push("x".repeat(1000)), 1);
        },
      });
      await pipeline(endless, response).catch((error) => note(error.code));
      note(String(endless.destroyed));
    },
    { leaveAfter: 1 },
  ],
  "response.destroy() in the middle": [
    async (request, response, note) => {
      events(note, request, response);
      response.writeHead(200, text);
      response.write("part");
      await later();
      response.destroy();
      note(`${response.destroyed}`);
    },
  ],
  "request.destroy() in the middle": [
    async (request, response, note) => {
      events(note, request, response);
      response.writeHead(200, text);
      response.write("part");
      await later();
      request.destroy();
    },
  ],
  "request.socket.destroy() in the middle": [
    async (request, response, note) => {
      events(note, request, response);
      response.writeHead(200, text);
      response.write("part");
      await later();
      request.socket.destroy();
    },
  ],
  "response.destroy(error)": [
    async (request, response, note) => {
      events(note, request, response);
      response.on("error", (error) => note(`response error ${error.message}`));
      response.writeHead(200, { ...text, "Content-Length": "10" });
      response.write("part");
      await later();
      response.destroy(new Error("enough"));
      note(String(response.errored?.message));
    },
  ],
  "setTimeout() of the response": [
    (_request, response, note) => {
      response.writeHead(200, text);
      response.write("a");
      response.setTimeout(20, () => {
        note("timeout");
        response.end("b");
      });
    },
  ],
  "setTimeout() of the socket, which closes when nobody else listens": [
    (request, response, note) => {
      events(note, request, response);
      response.writeHead(200, { ...text, "Content-Length": "10" });
      response.write("part");
      request.socket.setTimeout(20, () => note("timeout"));
    },
  ],
  "detachSocket()": [
    (_request, response, note) => {
      const { socket } = response;
      response.detachSocket(socket);
      note(String(response.socket));
      response.assignSocket(socket);
      response.writeHead(200, text).end("x");
    },
  ],
};
