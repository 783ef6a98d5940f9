// What a server does when an application fails, and that its cleaning up is done on every path.

import type { Application, Environ, Header, StartResponse } from "../../gateway/types.ts";
import type { ConformanceCase } from "./case.ts";
import { claimAnswer, claimCut, claimEqual, claimFailure, valuesOf } from "./claim.ts";
import { claimEvidence, leave } from "./evidence.ts";

const plain: readonly Header[] = [["Content-Type", "text/plain"]];
const secret = "hidden reason";

export const failureCases: readonly ConformanceCase[] = [
  {
    name: "error", // 20, 47
    request: [{}, {}],
    application: () => {
      throw new Error(secret);
    },
    check(_response, { responses }) {
      for (const response of responses) claimFailure(response, secret);
    },
  },
  {
    name: "late-error", // 47
    application: async (_environ, startResponse) => {
      startResponse("200 OK", [...plain, ["X-Foo", "bar"]]);
      await new Promise(setImmediate);
      throw new Error(secret);
    },
    check(response) {
      claimFailure(response, secret);
      claimEqual(valuesOf(response, "X-Foo"), [], "X-Foo");
    },
  },
  {
    name: "error-before-the-first-chunk", // 47
    application: async function* (_environ, startResponse) {
      startResponse("200 OK", plain);
      yield "";
      throw new Error(secret);
    },
    check: (response) => claimFailure(response, secret),
  },
  {
    name: "error-after-the-first-chunk", // 47
    application: async function* (_environ, startResponse) {
      startResponse("200 OK", plain);
      yield "begun";
      throw new Error(secret);
    },
    check: claimCut,
  },
  {
    name: "error-after-the-first-chunk-of-a-known-length", // 47
    application: function* (_environ, startResponse) {
      startResponse("200 OK", [...plain, ["Content-Length", "50"]]);
      yield "begun";
      throw new Error(secret);
    },
    check: claimCut,
  },
  {
    name: "something-else-than-an-error",
    application: () => {
      throw secret;
    },
    check: (response) => claimFailure(response, secret),
  },
  {
    name: "second-head", // 48
    application: function* (_environ, startResponse) {
      startResponse("200 OK", [...plain, ["X-Foo", "bar"]]);
      yield "";
      startResponse("503 Service Unavailable", plain, new Error("changed its mind"));
      yield "sorry";
    },
    check(response) {
      claimAnswer(response, "503 Service Unavailable", "sorry");
      claimEqual(valuesOf(response, "X-Foo"), [], "X-Foo");
    },
  },
  {
    name: "second-head-too-late", // 48
    application: async function* (_environ, startResponse) {
      startResponse("200 OK", plain);
      yield "begun";
      startResponse("503 Service Unavailable", plain, new Error("changed its mind too late"));
      yield "sorry";
    },
    check(response) {
      claimCut(response);
      claimEqual(response.body.includes("sorry"), false, "whether anything came after the error");
    },
  },
  ...breaches({
    // 48
    "second-head-without-reason": (_environ, startResponse) => {
      startResponse("200 OK", plain);
      startResponse("404 Not Found", plain);
      return ["text"];
    },
    // 49
    "line-break-in-a-value": startingWith("200 OK", [["X-Foo", "bar\r\nX-Injected: yes"]]),
    "lone-line-feed-in-a-value": startingWith("200 OK", [["X-Foo", "bar\nX-Injected: yes"]]),
    "nul-in-a-value": startingWith("200 OK", [["X-Foo", "bar\0"]]),
    "line-break-in-a-name": startingWith("200 OK", [["X-Foo: bar\r\nX-Injected", "yes"]]),
    "line-break-in-the-status": startingWith("200 OK\r\nX-Injected: yes", []),
    "wide-character-in-a-value": startingWith("200 OK", [["X-Foo", "\u010d\u010aX-Injected: yes"]]),
    "header-called-status": startingWith("200 OK", [["Status", "404 Not Found"]]),
    "hop-by-hop-header": startingWith("200 OK", [["Transfer-Encoding", "chunked"]]),
    "status-without-reason": startingWith("200", []),
    "no-start-response": () => ["text"],
    "no-body": (_environ, startResponse) => {
      startResponse("200 OK", plain);
      return undefined as unknown as [];
    },
    "number-as-chunk": (_environ, startResponse) => {
      startResponse("200 OK", plain);
      return [42] as unknown as string[];
    },
    // 69
    "array-shorter-than-its-length": startingWith("200 OK", [["Content-Length", "50"]]),
  }),
  {
    name: "body-shorter-than-its-length", // 69
    breach: true,
    application: function* (_environ, startResponse) {
      startResponse("200 OK", [...plain, ["Content-Length", "50"]]);
      yield "short";
    },
    check: claimCut,
  },
  {
    name: "body-longer-than-its-length", // 69
    breach: true,
    application: function* (_environ, startResponse) {
      startResponse("200 OK", [...plain, ["Content-Length", "4"]]);
      yield "te";
      yield "xt and more";
    },
    check: (response) => claimAnswer(response, "200 OK", "text"),
  },
  {
    name: "string-as-body",
    breach: true,
    application: (_environ, startResponse) => {
      startResponse("200 OK", plain);
      return "text";
    },
    check: (response) => claimAnswer(response, "200 OK", "text"),
  },
  {
    name: "cleaning-up-after-the-end", // 17
    application: cleaningUp(() => {}),
    async check(response, { evidence }) {
      claimAnswer(response, "200 OK", "1234");
      await claimEvidence(evidence, ["cleaned"]);
    },
  },
  {
    name: "cleaning-up-after-an-error",
    application: cleaningUp(() => {
      throw new Error(secret);
    }),
    async check(response, { evidence }) {
      claimCut(response);
      await claimEvidence(evidence, ["cleaned"]);
    },
  },
  {
    name: "cleaning-up-after-head",
    request: { method: "HEAD" },
    application: async function* (environ, startResponse) {
      startResponse("200 OK", plain);
      try {
        for (;;) yield "for ever";
      } finally {
        leave(environ, "cleaned");
      }
    },
    async check(response, { evidence }) {
      claimAnswer(response, "200 OK", "");
      await claimEvidence(evidence, ["cleaned"]);
    },
  },
  {
    name: "error-while-cleaning-up",
    request: { method: "HEAD" },
    application: async function* (_environ, startResponse) {
      startResponse("200 OK", plain);
      try {
        yield "text";
      } finally {
        failInCleaningUp();
      }
    },
    check: (response) => claimAnswer(response, "200 OK", ""),
  },
  {
    name: "closing", // 17
    application: (environ, startResponse) => {
      startResponse("200 OK", plain);
      return Object.assign(four(), { close: () => leave(environ, "closed") });
    },
    async check(response, { evidence }) {
      claimAnswer(response, "200 OK", "1234");
      await claimEvidence(evidence, ["closed"]);
    },
  },
];

function failInCleaningUp(): void {
  throw new Error(secret);
}

function* four() {
  yield* ["1", "2", "3", "4"];
}

function cleaningUp(then: () => void) {
  return async function* (environ: Environ, startResponse: StartResponse) {
    startResponse("200 OK", plain);
    try {
      yield* four();
      then();
    } finally {
      await new Promise(setImmediate);
      leave(environ, "cleaned");
    }
  };
}

function startingWith(status: string, headers: readonly Header[]): Application {
  return (_environ, startResponse) => {
    startResponse(status, [...plain, ...headers]);
    return ["text"];
  };
}

/** Breaches that the server must answer with its own 500, with nothing of the application's in it. */
function breaches(applications: Readonly<Record<string, Application>>): ConformanceCase[] {
  return Object.entries(applications).map(([name, application]) => ({
    name,
    breach: true,
    application,
    check(response) {
      claimFailure(response, "text");
      for (const header of ["X-Foo", "X-Injected", "Status"])
        claimEqual(valuesOf(response, header), [], header);
    },
  }));
}
