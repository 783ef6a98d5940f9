// A client with one large body, in a process of its own: sends it, or receives it.

import { once } from "node:events";
import { connect } from "node:net";

const CHUNK = Buffer.alloc(65_536, "x");

process.on("message", (order) => {
  transfer(order).then(
    (seconds) => process.send(seconds),
    (error) => {
      throw error;
    },
  );
});
process.on("disconnect", () => process.exit());

/**
 * @param {{ path: string, direction: "up" | "down", bytes: number }} order
 * @returns how many seconds it took, to the end of the response
 */
async function transfer({ path, direction, bytes }) {
  const up = direction === "up";
  const start = performance.now();
  const socket = connect(path);
  const answer = read(socket, up ? 0 : bytes);
  socket.write(
    `${up ? "POST" : "GET"} /${direction} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
      `${up ? `Content-Type: application/octet-stream\r\nContent-Length: ${bytes}\r\n` : ""}\r\n`,
  );
  for (let left = up ? bytes : 0; left > 0; left -= CHUNK.length)
    if (!socket.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)) await once(socket, "drain");
  const text = await answer;
  const expected = up ? `\r\n\r\n${bytes}` : "HTTP/1.1 200";
  if (!text.includes(expected)) throw new Error(`not the answer that was expected: ${JSON.stringify(text)}`);
  return (performance.now() - start) / 1000;
}

/** Settles at the end of the response with its beginning; a body has to have all of its bytes. */
async function read(socket, bytes) {
  let text = "";
  let length = 0;
  for await (const chunk of socket) {
    if (text.length < 1_000) text += chunk.toString("latin1", 0, 1_000);
    length += chunk.length;
  }
  const head = text.indexOf("\r\n\r\n") + 4;
  if (bytes > 0 && length !== head + bytes) throw new Error(`${length - head} bytes came of ${bytes}`);
  return text;
}
