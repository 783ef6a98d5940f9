// Status and headers of the response, and the responses that have no body. The numbers are those of Plack's suite.

import type { Application, Header } from "../../gateway/types.ts";
import { answer, type ConformanceCase } from "./case.ts";
import { claimAnswer, claimEqual, valuesOf } from "./claim.ts";

const plain: readonly Header[] = [["Content-Type", "text/plain"]];

export const headCases: readonly ConformanceCase[] = [
  {
    name: "status-line", // 19
    application: answer(() => "text", "text/plain"),
    check: (response) => claimAnswer(response, "200 OK", "text"),
  },
  {
    name: "not-found", // 32
    application: (_environ, startResponse) => {
      startResponse("404 Not Found", plain);
      return ["Not Found"];
    },
    check: (response) => claimAnswer(response, "404 Not Found", "Not Found"),
  },
  {
    name: "own-reason",
    application: (_environ, startResponse) => {
      startResponse("299 Quite all right, thanks", plain);
      return ["text"];
    },
    check: (response) => claimAnswer(response, "299 Quite all right, thanks", "text"),
  },
  {
    name: "repeated-response-header", // 22
    application: (_environ, startResponse) => {
      startResponse("200 OK", [...plain, ["X-Foo", "foo"], ["X-Foo", "bar, baz"]]);
      return ["text"];
    },
    check: (response) => claimEqual(valuesOf(response, "X-Foo").join(", "), "foo, bar, baz", "X-Foo"),
  },
  {
    name: "several-cookies", // 44
    application: (_environ, startResponse) => {
      startResponse("200 OK", [
        ["Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
        ...plain,
        ["Set-Cookie", "b=2; Path=/"],
      ]);
      return ["text"];
    },
    check: (response) =>
      claimEqual(
        valuesOf(response, "Set-Cookie"),
        ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2; Path=/"],
        "Set-Cookie",
      ),
  },
  {
    name: "latin1-response-header",
    application: (_environ, startResponse) => {
      startResponse("200 OK", [...plain, ["X-Foo", "caf\xe9 \xff"]]);
      return ["text"];
    },
    check(response) {
      claimAnswer(response, "200 OK", "text");
      claimEqual(valuesOf(response, "X-Foo"), ["caf\xe9 \xff"], "X-Foo");
    },
  },
  {
    name: "long-response-header",
    application: (_environ, startResponse) => {
      startResponse("200 OK", [...plain, ["X-Foo", "x".repeat(4_000)], ["X-Empty", ""]]);
      return ["text"];
    },
    check(response) {
      claimEqual(valuesOf(response, "X-Foo"), ["x".repeat(4_000)], "X-Foo");
      claimEqual(valuesOf(response, "X-Empty"), [""], "X-Empty");
    },
  },
  {
    name: "headers-are-copied",
    application: function* (_environ, startResponse) {
      const headers: [string, string][] = [["Content-Type", "text/plain"]];
      startResponse("200 OK", headers);
      headers.push(["X-Late", "1"]);
      yield "text";
    },
    check: (response) => claimEqual(valuesOf(response, "X-Late"), [], "X-Late"),
  },
  {
    name: "not-modified", // 24
    application: (_environ, startResponse) => {
      startResponse("304 Not Modified", [["ETag", '"1"']]);
      return [];
    },
    check(response) {
      claimAnswer(response, "304 Not Modified", "");
      for (const name of ["Content-Type", "Content-Length", "Transfer-Encoding"])
        claimEqual(valuesOf(response, name), [], name);
      claimEqual(valuesOf(response, "ETag"), ['"1"'], "ETag");
    },
  },
  {
    name: "no-content", // 46
    application: async function* (_environ, startResponse) {
      startResponse("204 No Content", [["X-Foo", "bar"]]);
      yield* [];
    },
    check(response) {
      claimAnswer(response, "204 No Content", "");
      for (const name of ["Content-Type", "Content-Length", "Transfer-Encoding"])
        claimEqual(valuesOf(response, name), [], name);
    },
  },
  {
    name: "no-content-with-a-body",
    breach: true,
    application: function* (_environ, startResponse) {
      startResponse("204 No Content", []);
      yield "not to be sent";
    },
    check: (response) => claimAnswer(response, "204 No Content", ""),
  },
  {
    name: "no-content-with-a-written-body",
    breach: true,
    application: written("204 No Content", [["X-Foo", "bar"]]),
    check(response) {
      claimAnswer(response, "204 No Content", "");
      claimEqual(valuesOf(response, "X-Foo"), ["bar"], "X-Foo");
    },
  },
  {
    name: "not-modified-with-a-written-body",
    breach: true,
    application: written("304 Not Modified", [["ETag", '"1"']]),
    check(response) {
      claimAnswer(response, "304 Not Modified", "");
      claimEqual(valuesOf(response, "ETag"), ['"1"'], "ETag");
    },
  },
  {
    name: "head", // 45
    request: { method: "HEAD" },
    application: (_environ, startResponse) => {
      startResponse("200 OK", [...plain, ["Content-Length", "4"], ["X-Foo", "bar"]]);
      return ["text"];
    },
    check(response) {
      claimAnswer(response, "200 OK", "");
      claimEqual(valuesOf(response, "Content-Length"), ["4"], "Content-Length");
      claimEqual(valuesOf(response, "X-Foo"), ["bar"], "X-Foo");
    },
  },
  {
    name: "head-of-a-written-body",
    request: { method: "HEAD" },
    application: written("200 OK", [...plain, ["X-Foo", "bar"]]),
    check(response) {
      claimAnswer(response, "200 OK", "");
      claimEqual(valuesOf(response, "X-Foo"), ["bar"], "X-Foo");
    },
  },
];

/** An application whose `write()` has been called before its body is known, so that a server may have sent the head. */
function written(status: string, headers: readonly Header[]): Application {
  return async (_environ, startResponse) => {
    const write = startResponse(status, headers);
    await write("written, ");
    await new Promise(setImmediate);
    await write("written again");
    return [];
  };
}
