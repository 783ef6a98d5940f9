import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { headerBlock, netstring } from "../support/scgi-client.ts";
import { scgi, serving } from "../support/wire-protocol.ts";
import { describeServer, echoPath } from "./single-request-cases.ts";

describeServer(scgi);

describe("SCGI", () => {
  // The example of https://python.ca/scgi/protocol.txt, request and answer.
  test("is spoken byte for byte as the specification lays it out", async () => {
    const { path } = await serving(scgi, async (environ, startResponse) => {
      let question = "";
      for await (const chunk of environ["wsgi.input"]) question += chunk;
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [
        question === "What is the answer to life?" && environ.REQUEST_URI === "/deepthought" ? "42" : "?",
      ];
    });
    const socket = connect(path);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.write("70:CONTENT_LENGTH\x0027\0SCGI\x001\0REQUEST_METHOD\0POST\0REQUEST_URI\0/deepthought\0,");
    socket.write("What is the answer to life?");
    await once(socket, "close");
    expect(Buffer.concat(chunks).toString()).toBe(
      "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n42",
    );
  });

  test.each<[string, Buffer | string]>([
    ["a length with a zero in front", "0024:CONTENT_LENGTH\x000\0SCGI\x001\0,"],
    ["a length that is no number", "abc:"],
    ["no comma", "24:CONTENT_LENGTH\x000\0SCGI\x001\0;"],
    ["an odd number of strings", netstring("CONTENT_LENGTH\x000\0SCGI\x001\0A\0")],
    ["no SCGI", netstring(headerBlock([["CONTENT_LENGTH", "0"]]))],
    ["no CONTENT_LENGTH", netstring(headerBlock([["SCGI", "1"]]))],
    [
      "an empty CONTENT_LENGTH",
      netstring(
        headerBlock([
          ["CONTENT_LENGTH", ""],
          ["SCGI", "1"],
        ]),
      ),
    ],
  ])("%s: refused", async (_name, sent) => {
    const running = await serving(scgi, echoPath);
    const client = await running.client();
    await client.send(Buffer.from(sent));
    expect((await client.reply()).toString()).toMatch(/^Status: 400 Bad Request\r\n/);
    expect(running.log).toEqual([expect.stringMatching(/^refused an SCGI request: /)]);
  });

  test("a path that does not fit the mount point is told of once", async () => {
    const lines: string[] = [];
    const running = await serving(scgi, echoPath, { log: (_level, line) => lines.push(line) });
    const rewritten = [["SCRIPT_NAME", "/index.fcgi"] as const, ["REQUEST_URI", "/page"] as const];
    for (let times = 0; times < 2; times++) {
      const client = await running.client();
      await client.send(
        netstring(
          headerBlock([["CONTENT_LENGTH", "0"], ["SCGI", "1"], ["REQUEST_METHOD", "GET"], ...rewritten]),
        ),
      );
      expect((await client.reply()).toString()).toMatch(/^Status: 200 OK\r\n/);
    }
    expect(lines.filter((line) => line.includes("not below SCRIPT_NAME"))).toHaveLength(1);
  });

  test("CONTENT_LENGTH counts wherever it stands", async () => {
    const client = await (await serving(scgi, echoPath)).client();
    const block = headerBlock([
      ["SCGI", "1"],
      ["REQUEST_METHOD", "GET"],
      ["PATH_INFO", "/last"],
      ["CONTENT_LENGTH", "0"],
    ]);
    await client.send(netstring(block));
    expect((await client.reply()).toString()).toMatch(/\r\n\r\n\/last$/);
  });
});
