import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { bytes } from "../support/bytes.ts";
import { get } from "../support/fcgi-server.ts";
import { packet, pairBlock } from "../support/uwsgi-client.ts";
import { serving, uwsgi } from "../support/wire-protocol.ts";
import { describeServer, echoPath } from "./single-request-cases.ts";

describeServer(uwsgi);

describe("uwsgi", () => {
  test("is spoken byte for byte as uWSGI's documentation lays it out", async () => {
    const { path } = await serving(uwsgi, async (environ, startResponse) => {
      let body = "";
      for await (const chunk of environ["wsgi.input"]) body += chunk;
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [`${environ.REQUEST_METHOD} ${body}`];
    });
    const socket = connect(path);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    // REQUEST_METHOD=POST, CONTENT_LENGTH=2
    socket.write(bytes("00 2900 00 | 0e00 524551554553545f4d4554484f44 0400 504f5354"));
    socket.write(bytes("0e00 434f4e54454e545f4c454e475448 0100 32 | 6869"));
    await once(socket, "close");
    expect(Buffer.concat(chunks).toString()).toBe(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nPOST hi",
    );
  });

  // Captured: nginx sends CONTENT_LENGTH empty where there is no body, Apache leaves it out.
  test.each<[string, [string, string][]]>([
    ["empty", [["CONTENT_LENGTH", ""]]],
    ["left out", []],
  ])("CONTENT_LENGTH may be %s", async (_name, length) => {
    const client = await (await serving(uwsgi, echoPath)).client();
    await client.send(packet(pairBlock(get("/none", ...length))));
    expect((await client.reply()).toString()).toMatch(/\r\n\r\n\/none$/);
  });

  test.each<[string, Buffer]>([
    ["a request to something else than a gateway application", packet(pairBlock(get("/")), 5)],
    ["a pair past the end of its packet", packet(bytes("0300 4142"))],
    ["an empty name", packet(bytes("0000 0100 78"))],
    ["an empty packet", packet(Buffer.alloc(0))],
  ])("%s: refused", async (_name, sent) => {
    const running = await serving(uwsgi, echoPath);
    const client = await running.client();
    await client.send(sent);
    expect((await client.reply()).toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(running.log).toEqual([expect.stringMatching(/^refused a uwsgi request: /)]);
  });
});
