// What Phusion Passenger 6.0.17 sends to an application, as it was captured, and what LiteSpeed sends, as its source has it
// (src/extensions/proxy/proxyconn.cpp).

import { describe, expect, test } from "vitest";
import { emptyEnviron } from "../../lib/gateway/variables.ts";
import { addLiteSpeedVariables, addPassengerVariables } from "../../lib/servers/loader-environ.ts";

const client = ["user-agent", "curl/7.88.1", "host", "127.0.0.1:8099"];
const forged = ["x-forwarded-proto", "https", "x-forwarded-for", "192.0.2.6"];

function variables(add: typeof addPassengerVariables, headers: readonly string[]): object {
  const environ = emptyEnviron();
  environ.REQUEST_METHOD = "GET";
  add(environ, headers);
  return { ...environ };
}

describe("Phusion Passenger", () => {
  const address = ["X-Forwarded-For", "198.51.100.7", "!~Passenger-Client-Address", "198.51.100.7"];

  test.each<[string, string[], object]>([
    ["a plain request", address, { REMOTE_ADDR: "198.51.100.7" }],
    ["one whose client forges", [...forged, ...address], { REMOTE_ADDR: "198.51.100.7" }],
    [
      "https",
      ["X-Forwarded-Proto", "https", "!~Passenger-Proto", "https", ...address],
      { REMOTE_ADDR: "198.51.100.7", HTTPS: "on" },
    ],
    ["no address is no address", forged, {}],
    [
      "SetEnv FOO bar, HTTPS on, EMPTY",
      ["!~Passenger-Envvars", "Rk9PAGJhcgBIVFRQUwBvbgBFTVBUWQAA"],
      { FOO: "bar", HTTPS: "on", EMPTY: "" },
    ],
    [
      "SetEnv REQUEST_METHOD PUT, wsgi.input x",
      ["!~Passenger-Envvars", Buffer.from("REQUEST_METHOD\0PUT\0wsgi.input\0x\0").toString("base64")],
      {},
    ],
    ["no variables", ["!~Passenger-Envvars", ""], {}],
    ["headers that nobody knows", ["!~Passenger-New", "x", "!~", "x"], {}],
  ])("%s", (_, headers, expected) => {
    expect(variables(addPassengerVariables, [...client, ...headers])).toEqual({
      REQUEST_METHOD: "GET",
      ...expected,
    });
  });
});

describe("LiteSpeed", () => {
  test.each<[string, string[], object]>([
    ["a plain request", ["X-Forwarded-For", "198.51.100.7"], { REMOTE_ADDR: "198.51.100.7" }],
    [
      "one whose client forges",
      ["X-Forwarded-For", "192.0.2.6", "X-Forwarded-For", "192.0.2.6,198.51.100.7"],
      { REMOTE_ADDR: "198.51.100.7" },
    ],
    [
      "a client of a socket of both kinds",
      ["X-Forwarded-For", "::ffff:198.51.100.7"],
      { REMOTE_ADDR: "198.51.100.7" },
    ],
    ["IPv6", ["X-Forwarded-For", "2001:db8::7"], { REMOTE_ADDR: "2001:db8::7" }],
    [
      "https",
      ["X-Forwarded-Proto", "https", "X-Forwarded-For", "198.51.100.7"],
      { REMOTE_ADDR: "198.51.100.7", HTTPS: "on" },
    ],
    ["what is no address", ["X-Forwarded-For", "unknown"], {}],
    ["neither", [], {}],
  ])("%s", (_, headers, expected) => {
    expect(variables(addLiteSpeedVariables, [...client, ...headers])).toEqual({
      REQUEST_METHOD: "GET",
      ...expected,
    });
  });
});
