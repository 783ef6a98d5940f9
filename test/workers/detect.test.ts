import { describe, expect, test } from "vitest";
import { detect, type Start } from "../../lib/detect.ts";
import { detectCgi } from "../../lib/detect-cgi.ts";
import type { Loader } from "../../lib/gateway/loader.ts";
import type { ServeOptions } from "../../lib/serve.ts";

function startedBy(start: Partial<Start>): Start {
  return { environment: {}, words: [], inherited: () => false, loader: undefined, ...start };
}

function loader(kind: Loader["kind"]): Loader {
  return { kind, name: "the loader", startupFiles: [], onExit: () => () => {} };
}

const CGI = { GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET" };
const systemd = { LISTEN_PID: String(process.pid), LISTEN_FDS: "1" };
const named = (...names: string[]) => ({
  ...systemd,
  LISTEN_FDS: String(names.length),
  LISTEN_FDNAMES: names.join(":"),
});

describe("how a process was started", () => {
  test.each<[string, ServeOptions, Partial<Start>, object]>([
    ["nothing", {}, {}, { protocol: "http", bindAddress: { host: "127.0.0.1", port: 8080 } }],
    [
      "HOST and PORT",
      {},
      { environment: { HOST: "0.0.0.0", PORT: "81" } },
      { protocol: "http", bindAddress: { host: "0.0.0.0", port: 81 } },
    ],
    [
      "an empty PORT",
      {},
      { environment: { PORT: "" } },
      { protocol: "http", bindAddress: { host: "127.0.0.1", port: 8080 } },
    ],
    [
      "PORT alone opens no other interface",
      {},
      { environment: { PORT: "81" } },
      { bindAddress: { host: "127.0.0.1", port: 81 } },
    ],
    ["CGI variables", {}, { environment: CGI }, { protocol: "cgi" }],
    [
      "CGI variables, and a socket as descriptor 0 (Apache's CGI daemon)",
      {},
      { environment: CGI, inherited: () => true },
      { protocol: "cgi" },
    ],
    [
      "half of the CGI variables",
      {},
      { environment: { GATEWAY_INTERFACE: "CGI/1.1" } },
      { protocol: "http" },
    ],
    ["a listening socket as descriptor 0", {}, { inherited: () => true }, { protocol: "fcgi" }],
    ["LISTEN_FDS", {}, { environment: systemd }, { protocol: "fcgi" }],
    [
      "LISTEN_FDS of another process",
      {},
      { environment: { ...systemd, LISTEN_PID: "1" } },
      { protocol: "http" },
    ],
    [
      "a listening socket as descriptor 0, and a word for how it is spoken to there",
      {},
      { inherited: () => true, words: ["scgi"] },
      { protocol: "scgi" },
    ],
    ["a socket of systemd named http", {}, { environment: named("http") }, { protocol: "http" }],
    [
      "a socket of systemd with a unit's name",
      {},
      { environment: named("site.socket") },
      { protocol: "fcgi" },
    ],
    ["a socket of systemd named cgi", {}, { environment: named("cgi") }, { protocol: "fcgi" }],
    [
      "a socket of systemd named like a property of every object",
      {},
      { environment: named("constructor") },
      { protocol: "fcgi" },
    ],
    ["two of one protocol", {}, { environment: named("http", "http") }, { protocol: "http" }],
    ["two words of one protocol", {}, { environment: named("fastcgi", "fcgi") }, { protocol: "fcgi" }],
    [
      "POSTERN_SERVER before the names of sockets",
      {},
      { environment: { ...named("fcgi"), POSTERN_SERVER: "http" } },
      { protocol: "http" },
    ],
    [
      "an option before the names of sockets, whatever they say together",
      { protocol: "fcgi" },
      { environment: named("http", "fcgi") },
      { protocol: "fcgi" },
    ],
    [
      "a word before the names of sockets, whatever they say together",
      {},
      { environment: named("http", "fcgi"), words: ["http"] },
      { protocol: "http", reason: "LISTEN_FDS is set, and the command line says http" },
    ],
    [
      "a word says what is spoken on descriptor 0",
      {},
      { inherited: () => true, words: ["http"] },
      { protocol: "http", reason: "descriptor 0 is a listening socket, and the command line says http" },
    ],
    [
      "POSTERN_SERVER says what is spoken on descriptor 0",
      {},
      { inherited: () => true, environment: { POSTERN_SERVER: "http" } },
      { protocol: "http", reason: "POSTERN_SERVER is http" },
    ],
    ["the word fcgi", {}, { words: ["fcgi"] }, { protocol: "fcgi" }],
    ["the word uwsgi", {}, { words: ["uwsgi", "9000"] }, { protocol: "uwsgi", bindAddress: "9000" }],
    [
      "the word fcgi with a path",
      {},
      { words: ["fcgi", "/run/app.sock"] },
      { protocol: "fcgi", bindAddress: "/run/app.sock" },
    ],
    [
      "the word http with an address",
      {},
      { words: ["--quiet", "http", "0.0.0.0:90"] },
      { protocol: "http", bindAddress: "0.0.0.0:90" },
    ],
    [
      "a port, as of web.py",
      {},
      { words: ["9000"] },
      { protocol: "http", bindAddress: { host: "127.0.0.1", port: 9000 } },
    ],
    [
      "a port behind HOST",
      {},
      { words: ["9000"], environment: { HOST: "::1" } },
      { protocol: "http", bindAddress: { host: "::1", port: 9000 } },
    ],
    [
      "a host and a port, as of web.py",
      {},
      { words: ["0.0.0.0:9000", "more"] },
      {
        protocol: "http",
        bindAddress: "0.0.0.0:9000",
        reason: expect.stringMatching(/ the command line says 0\.0\.0\.0:9000$/),
      },
    ],
    ["an IPv6 address and a port", {}, { words: ["[::1]:9000"] }, { bindAddress: "[::1]:9000" }],
    [
      "a path of a unix socket, as of web.py",
      {},
      { words: ["/run/no-such-folder/app.sock"] },
      { protocol: "http", bindAddress: "/run/no-such-folder/app.sock" },
    ],
    ["a path from here", {}, { words: ["./app.sock"] }, { bindAddress: "./app.sock" }],
    [
      "a path of an application's own file",
      {},
      { words: [import.meta.filename] },
      { bindAddress: { host: "127.0.0.1", port: 8080 } },
    ],
    ["a URL", {}, { words: ["https://example.org/"] }, { bindAddress: { host: "127.0.0.1", port: 8080 } }],
    [
      "a port behind POSTERN_SERVER=http",
      {},
      { words: ["9000"], environment: { POSTERN_SERVER: "http" } },
      { protocol: "http", bindAddress: { host: "127.0.0.1", port: 9000 } },
    ],
    [
      "a path behind the option protocol",
      { protocol: "http" },
      { words: ["/run/no-such-folder/app.sock"] },
      { protocol: "http", bindAddress: "/run/no-such-folder/app.sock" },
    ],
    [
      "a port that is not for another protocol",
      {},
      { words: ["9000"], environment: { POSTERN_SERVER: "scgi" }, inherited: () => true },
      { protocol: "scgi", reason: "POSTERN_SERVER is scgi" },
    ],
    [
      "PORT before a port on the command line",
      {},
      { words: ["9000"], environment: { PORT: "9001" } },
      { bindAddress: { host: "127.0.0.1", port: 9001 } },
    ],
    [
      "an option before a port on the command line",
      { bindAddress: "/run/app.sock" },
      { words: ["9000"] },
      { bindAddress: "/run/app.sock" },
    ],
    [
      "an application's own word",
      {},
      { words: ["2024-09"] },
      { bindAddress: { host: "127.0.0.1", port: 8080 } },
    ],
    [
      "a number that the application's own option has",
      {},
      { words: ["--limit", "9000"] },
      { bindAddress: { host: "127.0.0.1", port: 8080 } },
    ],
    [
      "a word that says nothing, as a mistyped one",
      {},
      { words: ["fgci", "9000"] },
      { protocol: "http", unread: "fgci" },
    ],
    [
      "the same, on a socket",
      {},
      { words: ["fgci"], inherited: () => true },
      { protocol: "fcgi", unread: "fgci" },
    ],
    ["a word that is a property of every object", {}, { words: ["constructor"] }, { protocol: "http" }],
    [
      "a loader of no known web server before an inherited socket, and before words",
      {},
      { loader: loader("other"), inherited: () => true, words: ["fcgi"] },
      { protocol: "http", reason: "the loader loaded the script" },
    ],
    [
      "an option before a loader of no known web server",
      { protocol: "fcgi", bindAddress: 9000 },
      { loader: loader("other") },
      { protocol: "fcgi", bindAddress: 9000 },
    ],
    [
      "POSTERN_SERVER before CGI variables",
      {},
      { environment: { ...CGI, POSTERN_SERVER: "http" } },
      { protocol: "http" },
    ],
    [
      "an option before everything",
      { protocol: "fcgi" },
      { environment: { ...CGI, POSTERN_SERVER: "http" } },
      { protocol: "fcgi" },
    ],
    [
      "an address before an inherited socket",
      { bindAddress: "/x/y" },
      { inherited: () => true, words: ["fcgi"] },
      { protocol: "fcgi", bindAddress: "/x/y" },
    ],
    [
      "HTTP on an inherited socket, where that is said",
      { protocol: "http" },
      { inherited: () => true },
      { protocol: "http", reason: 'option "protocol" says so' },
    ],
  ])("%s", (_name, options, start, expected) => {
    const found = detect(options, startedBy(start));
    expect(found).toMatchObject(expected);
    // What a CGI script asks alone says the same, or nothing.
    const { protocol = found.protocol } = detectCgi(options, startedBy(start)) ?? {};
    expect(protocol).toBe(found.protocol);
  });

  test.each<[string, ServeOptions, Partial<Start>, boolean]>([
    ["CGI variables", {}, { environment: CGI }, true],
    ["POSTERN_SERVER says so too", {}, { environment: { ...CGI, POSTERN_SERVER: "cgi" } }, true],
    ["an empty POSTERN_SERVER", {}, { environment: { ...CGI, POSTERN_SERVER: "" } }, true],
    ["a loader that no web server is behind", {}, { environment: CGI, loader: loader("other") }, true],
    ["another POSTERN_SERVER", {}, { environment: { ...CGI, POSTERN_SERVER: "fcgi" } }, false],
    ["an option", { protocol: "http" }, { environment: CGI }, false],
    ["Passenger", {}, { environment: CGI, loader: loader("passenger") }, false],
    ["LiteSpeed", {}, { environment: CGI, loader: loader("litespeed") }, false],
    ["half of the CGI variables", {}, { environment: { GATEWAY_INTERFACE: "CGI/1.1" } }, false],
  ])("a CGI script knows itself, or asks on: %s", (_name, options, start, isKnown) => {
    expect(detectCgi(options, startedBy(start))?.protocol).toBe(isKnown ? "cgi" : undefined);
    if (isKnown) expect(detect(options, startedBy(start)).protocol).toBe("cgi");
  });

  test.each(["passenger", "litespeed"] as const)(
    "%s before everything, on the socket that it has",
    (kind) => {
      const start = startedBy({
        loader: loader(kind),
        inherited: () => true,
        words: ["fcgi", "9000"],
        environment: { ...CGI, ...systemd, PORT: "none" },
      });
      expect(detect({}, start)).toEqual({
        protocol: "http",
        reason: "the loader loaded the script",
        ignored: [],
      });
    },
  );

  test("what a loader's web server overrules is named", () => {
    const start = startedBy({ loader: loader("passenger"), environment: { POSTERN_SERVER: "fcgi" } });
    expect(detect({ protocol: "cgi", bindAddress: [9000, 9001] }, start)).toEqual({
      protocol: "http",
      reason: "the loader loaded the script",
      ignored: ['option "protocol"', 'option "bindAddress"', "POSTERN_SERVER"],
    });
    const same = startedBy({ loader: loader("passenger"), environment: { POSTERN_SERVER: "http" } });
    expect(detect({ protocol: "http" }, same)).toMatchObject({ ignored: [] });
  });

  test("sockets that are named for several protocols are refused by both", () => {
    for (const names of [
      ["http", "fcgi"],
      ["http", "site.socket"],
    ]) {
      const start = startedBy({ environment: named(...names) });
      const message = expect.stringMatching(/http and fcgi.*start a service for each/);
      expect(() => detect({}, start)).toThrow(expect.objectContaining({ code: "LISTEN_FDNAMES", message }));
    }
  });

  test("a socket that was inherited has no other address", () => {
    for (const start of [{ inherited: () => true }, { environment: named("http") }]) {
      expect(detect({}, startedBy({ ...start, words: ["http", "8080"] }))).not.toHaveProperty("bindAddress");
    }
  });

  test.each(["gopher", "constructor"])("an unknown POSTERN_SERVER is refused: %s", (POSTERN_SERVER) => {
    const start = startedBy({ environment: { POSTERN_SERVER } });
    expect(() => detect({}, start)).toThrow(expect.objectContaining({ code: "UNKNOWN_PROTOCOL" }));
  });

  test.each(["http", "65536", "-1", "80 "])("PORT=%s is refused by its name", (PORT) => {
    const start = startedBy({ environment: { PORT } });
    const message = expect.stringContaining(`PORT=${PORT}`);
    expect(() => detect({}, start)).toThrow(expect.objectContaining({ code: "BIND_ADDRESS", message }));
  });
});
