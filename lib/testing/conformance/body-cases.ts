// Bodies in both directions. The numbers are those of Plack's suite.

import { createReadStream } from "node:fs";
import type { Header } from "../../gateway/types.ts";
import { answer, bodyOf, type CaseResponse, type ConformanceCase } from "./case.ts";
import { claim, claimAnswer, claimEqual, jsonOf, valuesOf } from "./claim.ts";
import { sample, sampleFile } from "./sample.ts";

const plain: readonly Header[] = [["Content-Type", "text/plain"]];
const binary: readonly Header[] = [["Content-Type", "application/octet-stream"]];

function claimSample(response: CaseResponse, length: number): void {
  claimAnswer(response, "200 OK");
  claimEqual(response.body.length, length, "the body's length");
  claim(response.body.equals(sample(length)), "the body's bytes are not those that were sent");
}

export const bodyCases: readonly ConformanceCase[] = [
  {
    name: "big-post", // 4
    request: { method: "POST", headers: binary, body: sample(96_000) },
    application: async (environ, startResponse) => {
      const body = await bodyOf(environ);
      startResponse("200 OK", [...binary, ["Content-Length", String(body.length)]]);
      return [body];
    },
    check: (response) => claimSample(response, 96_000),
  },
  {
    name: "echo-while-it-comes",
    request: { method: "POST", headers: binary, body: sample(2_000_000) },
    application: async function* (environ, startResponse) {
      startResponse("200 OK", binary);
      for await (const chunk of environ["wsgi.input"]) yield chunk as Buffer;
    },
    check: (response) => claimSample(response, 2_000_000),
  },
  {
    name: "body-of-unknown-length",
    request: { method: "POST", headers: binary, body: sample(100_000), unknownLength: true },
    application: async (environ, startResponse) => {
      const body = await bodyOf(environ);
      startResponse("200 OK", [...binary, ["X-Announced", environ.CONTENT_LENGTH ?? "no"]]);
      return [body];
    },
    check(response) {
      claimSample(response, 100_000);
      claimEqual(valuesOf(response, "X-Announced"), ["no"], "CONTENT_LENGTH");
    },
  },
  {
    name: "small-post", // 33
    request: { method: "POST", headers: plain, body: Buffer.from("body\r\n\0\xff", "latin1") },
    application: answer(async (environ) => (await bodyOf(environ)).toString("latin1")),
    check: (response) => claimEqual(jsonOf(response), "body\r\n\0\xff", "the request's body"),
  },
  {
    name: "empty-post",
    request: { method: "POST", headers: plain, body: Buffer.alloc(0) },
    application: answer(async (environ) => (await bodyOf(environ)).length),
    check: (response) => claimEqual(jsonOf(response), 0, "the length of the request's body"),
  },
  {
    name: "body-of-get", // 34
    application: answer(async (environ) => (await bodyOf(environ)).length),
    check: (response) => claimEqual(jsonOf(response), 0, "the length of the request's body"),
  },
  {
    name: "body-unread",
    request: { method: "POST", headers: binary, body: sample(300_000) },
    application: answer(() => "not read", "text/plain"),
    check: (response) => claimAnswer(response, "200 OK", "not read"),
  },
  {
    name: "body-half-read",
    request: { method: "POST", headers: binary, body: sample(300_000) },
    application: answer(async (environ) => {
      for await (const chunk of environ["wsgi.input"]) return (chunk as Buffer)[1];
      return undefined;
    }),
    check: (response) => claimEqual(jsonOf(response), sample(2)[1], "the body's second byte"),
  },
  {
    name: "stream-body", // 6
    application: (environ, startResponse) => {
      startResponse("200 OK", binary);
      return createReadStream(sampleFile(environ, 150_000));
    },
    check: (response) => claimSample(response, 150_000),
  },
  {
    name: "small-file", // 7
    application: (environ, startResponse) => {
      startResponse("200 OK", [
        ["Content-Type", "image/jpeg"],
        ["Content-Length", "2898"],
      ]);
      return environ["postern.file_wrapper"](sampleFile(environ, 2_898));
    },
    check(response) {
      claimSample(response, 2_898);
      claimEqual(valuesOf(response, "Content-Type"), ["image/jpeg"], "Content-Type");
      claimEqual(valuesOf(response, "Content-Length"), ["2898"], "Content-Length");
    },
  },
  {
    name: "bigger-file", // 8, 26
    application: (environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "image/png"]]);
      return environ["postern.file_wrapper"](sampleFile(environ, 214_750));
    },
    check: (response) => claimSample(response, 214_750),
  },
  {
    name: "part-of-a-file",
    application: (environ, startResponse) => {
      startResponse("206 Partial Content", binary);
      return environ["postern.file_wrapper"](sampleFile(environ, 150_000), { start: 70_000, end: 70_009 });
    },
    check(response) {
      claimEqual(response.status, 206, "the status");
      claimEqual(response.body, sample(70_010).subarray(70_000), "the body");
    },
  },
  {
    name: "promise-of-a-body", // 28
    application: (_environ, startResponse) => {
      startResponse("200 OK", plain);
      return new Promise((resolve) => setImmediate(resolve, ["Hello, ", "later"]));
    },
    check: (response) => claimAnswer(response, "200 OK", "Hello, later"),
  },
  {
    name: "write", // 29
    application: async (_environ, startResponse) => {
      const write = startResponse("200 OK", plain);
      await write("written, ");
      await write(Buffer.from("written again, "));
      return ["returned"];
    },
    check: (response) => claimAnswer(response, "200 OK", "written, written again, returned"),
  },
  {
    name: "body-like-headers", // 30
    application: (_environ, startResponse) => {
      startResponse("200 OK", plain);
      return ["Status: 404 Not Found\r\nX-Foo: bar\r\n\r\n", "\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n"];
    },
    check(response) {
      const text = "Status: 404 Not Found\r\nX-Foo: bar\r\n\r\n\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n";
      claimAnswer(response, "200 OK", text);
      claimEqual(valuesOf(response, "X-Foo"), [], "X-Foo");
    },
  },
  {
    name: "newlines", // 31
    application: answer(() => "Bar\nBaz", "text/plain"),
    check: (response) => claimAnswer(response, "200 OK", "Bar\nBaz"),
  },
  {
    name: "every-byte",
    application: (_environ, startResponse) => {
      startResponse("200 OK", binary);
      return [Uint8Array.from({ length: 256 }, (_value, at) => at)];
    },
    check: (response) => claimEqual([...response.body], [...Array(256).keys()], "the body"),
  },
  {
    name: "utf8-text",
    application: (_environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
      return ["gr\u00fc\u00dfe ", "\u{1f6aa}"];
    },
    check: (response) =>
      claimEqual(response.body.toString("hex"), "6772c3bcc39f6520f09f9aaa", "the body's bytes"),
  },
  {
    name: "big-download",
    application: function* (_environ, startResponse) {
      startResponse("200 OK", binary);
      const whole = sample(5_000_000);
      for (let at = 0; at < whole.length; at += 100_000) yield whole.subarray(at, at + 100_000);
    },
    check: (response) => claimSample(response, 5_000_000),
  },
  {
    name: "one-big-chunk",
    application: (_environ, startResponse) => {
      startResponse("200 OK", binary);
      return [sample(1_000_000)];
    },
    check: (response) => claimSample(response, 1_000_000),
  },
  {
    name: "many-small-chunks",
    application: async function* (_environ, startResponse) {
      startResponse("200 OK", binary);
      for (const byte of sample(2_000)) yield Uint8Array.of(byte);
    },
    check: (response) => claimSample(response, 2_000),
  },
  {
    name: "empty-chunks",
    application: async function* (_environ, startResponse) {
      yield "";
      startResponse("200 OK", plain);
      yield Buffer.alloc(0);
      yield "text";
      yield "";
    },
    check: (response) => claimAnswer(response, "200 OK", "text"),
  },
  {
    name: "empty-body",
    application: async function* (_environ, startResponse) {
      startResponse("200 OK", [...plain, ["X-Foo", "bar"]]);
      yield* [];
    },
    check(response) {
      claimAnswer(response, "200 OK", "");
      claimEqual(valuesOf(response, "X-Foo"), ["bar"], "X-Foo");
    },
  },
];
