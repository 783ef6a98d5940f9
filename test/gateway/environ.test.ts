import { describe, expect, test } from "vitest";
import { deferredEnviron } from "../../lib/gateway/deferred-environ.ts";
import { completeEnviron, type EnvironOptions } from "../../lib/gateway/environ.ts";
import type { Environ } from "../../lib/gateway/types.ts";
import { addVariable, emptyEnviron } from "../../lib/gateway/variables.ts";
import { gatewayValues, received } from "../support/received-variables.ts";

type Variables = readonly (readonly [string, string])[];

const GET: Variables = [["REQUEST_METHOD", "GET"]];

function madeAtOnce(variables: Variables, options: EnvironOptions = {}): Environ {
  const environ = emptyEnviron();
  for (const [name, value] of [...GET, ...variables]) addVariable(environ, name, value);
  completeEnviron(environ, gatewayValues(), options);
  return environ;
}

function madeWhenRead(variables: Variables, options: EnvironOptions = {}): Environ {
  return deferredEnviron(received([...GET, ...variables]), gatewayValues(), options);
}

const paths = (environ: Environ): [string, string] => [environ.SCRIPT_NAME, environ.PATH_INFO];

describe.each([
  ["at once", madeAtOnce],
  ["when it is read", madeWhenRead],
])("an environ that is made %s", (_when, environOf) => {
  describe("SCRIPT_NAME and PATH_INFO, as the web servers send them", () => {
    // What each server sent for this path was captured; the right-hand side is what a mounted application needs.
    test.each<[string, Variables, [string, string]]>([
      [
        "lighttpd, prefix /app",
        [
          ["SCRIPT_NAME", "/app"],
          ["PATH_INFO", "/a b/c"],
          ["REQUEST_URI", "/app/a%20b/c?x=1"],
        ],
        ["/app", "/a b/c"],
      ],
      [
        "lighttpd, prefix /app, the mount point itself",
        [
          ["SCRIPT_NAME", "/app"],
          ["REQUEST_URI", "/app"],
        ],
        ["/app", ""],
      ],
      [
        "lighttpd, / with fix-root-scriptname",
        [
          ["SCRIPT_NAME", ""],
          ["PATH_INFO", "/blog/x"],
          ["REQUEST_URI", "/blog/x"],
        ],
        ["", "/blog/x"],
      ],
      [
        "nginx, stock fastcgi_params",
        [
          ["SERVER_SOFTWARE", "nginx/1.22.1"],
          ["SCRIPT_NAME", "/app/a b/c"],
          ["DOCUMENT_URI", "/app/a b/c"],
          ["REQUEST_URI", "/app/a%20b/c?x=1"],
        ],
        ["", "/app/a b/c"],
      ],
      [
        "nginx with fastcgi_split_path_info",
        [
          ["SERVER_SOFTWARE", "nginx/1.22.1"],
          ["SCRIPT_NAME", "/php"],
          ["DOCUMENT_URI", "/php/x/y"],
          ["PATH_INFO", "/x/y"],
          ["REQUEST_URI", "/php/x/y"],
        ],
        ["/php", "/x/y"],
      ],
      [
        "nginx, stock scgi_params",
        [
          ["SERVER_SOFTWARE", "nginx/1.22.1"],
          ["DOCUMENT_URI", "/a b"],
          ["REQUEST_URI", "/a%20b"],
        ],
        ["", "/a b"],
      ],
      [
        "Apache ProxyPass /app",
        [
          ["SCRIPT_NAME", "/app/a b/c"],
          ["SCRIPT_FILENAME", "proxy:fcgi://127.0.0.1:9301//a%20b/c"],
          ["REQUEST_URI", "/app/a%20b/c?x=1"],
        ],
        ["", "/app/a b/c"],
      ],
      [
        "Apache ProxyPass /app to SCGI",
        [
          ["SCRIPT_NAME", "/app/a b/c"],
          ["SCRIPT_FILENAME", "proxy:scgi://127.0.0.1:9752/a%20b/c"],
          ["REQUEST_URI", "/app/a%20b/c?x=1"],
        ],
        ["", "/app/a b/c"],
      ],
      [
        "Apache ProxyPass /app to uwsgi",
        [
          ["PATH_INFO", "/a b/c"],
          ["SCRIPT_FILENAME", "proxy:uwsgi://127.0.0.1:9753/a b/c"],
          ["REQUEST_URI", "/app/a%20b/c?x=1"],
          ["SCRIPT_NAME", "/app"],
        ],
        ["/app", "/a b/c"],
      ],
      [
        "the same, the mount point itself",
        [
          ["PATH_INFO", "/"],
          ["SCRIPT_FILENAME", "proxy:uwsgi://127.0.0.1:9753/"],
          ["REQUEST_URI", "/a%20pp?x=1"],
          ["SCRIPT_NAME", "/a pp"],
        ],
        ["/a pp", ""],
      ],
      [
        "the same, the mount point with a slash",
        [
          ["PATH_INFO", "/"],
          ["SCRIPT_FILENAME", "proxy:uwsgi://127.0.0.1:9753/"],
          ["REQUEST_URI", "/app/"],
          ["SCRIPT_NAME", "/app/"],
        ],
        ["/app", "/"],
      ],
      [
        "the same, at the root",
        [
          ["PATH_INFO", "/"],
          ["SCRIPT_FILENAME", "proxy:uwsgi://127.0.0.1:9753/"],
          ["REQUEST_URI", "/"],
          ["SCRIPT_NAME", ""],
        ],
        ["", "/"],
      ],
      [
        "nginx, stock uwsgi_params",
        [
          ["REQUEST_URI", "/app/a%20b/c?x=1"],
          ["PATH_INFO", "/app/a b/c"],
        ],
        ["", "/app/a b/c"],
      ],
      [
        "Apache mod_fcgid",
        [
          ["SCRIPT_NAME", "/fcgid"],
          ["PATH_INFO", "/pi"],
          ["REQUEST_URI", "/fcgid/pi"],
        ],
        ["/fcgid", "/pi"],
      ],
      [
        "a mount point with a slash at its end",
        [
          ["SCRIPT_NAME", "/app/"],
          ["PATH_INFO", "x"],
          ["REQUEST_URI", "/app/x"],
        ],
        ["/app", "/x"],
      ],
      [
        "a lone slash",
        [
          ["SCRIPT_NAME", "/"],
          ["PATH_INFO", "/x"],
        ],
        ["", "/x"],
      ],
      ["nothing at all", [], ["", "/"]],
      [
        "repeated slashes",
        [
          ["SCRIPT_NAME", ""],
          ["PATH_INFO", "//foo///bar/baz"],
        ],
        ["", "//foo///bar/baz"],
      ],
      [
        "dot segments: lighttpd, prefix /app, the mount point itself",
        [
          ["SCRIPT_NAME", "/app"],
          ["REQUEST_URI", "/app/../app"],
        ],
        ["/app", ""],
      ],
      [
        "dot segments: nginx, stock fastcgi_params",
        [
          ["SERVER_SOFTWARE", "nginx/1.22.1"],
          ["SCRIPT_NAME", "/hello"],
          ["DOCUMENT_URI", "/hello"],
          ["REQUEST_URI", "/admin/%2e%2E/hello?x=1"],
        ],
        ["", "/hello"],
      ],
      [
        "dot segments: nginx, stock fastcgi_params, nothing is left",
        [
          ["SERVER_SOFTWARE", "nginx/1.22.1"],
          ["SCRIPT_NAME", "/"],
          ["DOCUMENT_URI", "/"],
          ["REQUEST_URI", "/admin/.."],
        ],
        ["", "/"],
      ],
      [
        "dot segments: nginx, stock scgi_params",
        [
          ["DOCUMENT_URI", "/hello"],
          ["REQUEST_URI", "/admin%2f..//hello"],
        ],
        ["", "/hello"],
      ],
      [
        "dot segments: nginx, stock scgi_params, behind what would be a fragment",
        [
          ["DOCUMENT_URI", "/hello"],
          ["REQUEST_URI", "/hello#/../admin/x"],
        ],
        ["", "/hello"],
      ],
      [
        "dot segments: Apache ProxyPass",
        [
          ["SCRIPT_NAME", "/hello"],
          ["SCRIPT_FILENAME", "proxy:fcgi://127.0.0.1:9301//hello"],
          ["REQUEST_URI", "http://example.org/admin/../hello"],
        ],
        ["", "/hello"],
      ],
      [
        "dot segments: Apache ProxyPass, AllowEncodedSlashes NoDecode, which leaves them",
        [
          ["SCRIPT_NAME", "/x/..%2fadmin"],
          ["SCRIPT_FILENAME", "proxy:scgi://127.0.0.1:9752/x/..%2fadmin"],
          ["REQUEST_URI", "/x/..%2fadmin"],
        ],
        ["", "/x/..%2fadmin"],
      ],
      [
        "names that only begin or end with dots, and an escape that is decoded once",
        [
          ["DOCUMENT_URI", "/.well-known/..a/a../.../%2e%2e/b"],
          ["REQUEST_URI", "//.well-known/..a/a../.../%252e%252e/b"],
        ],
        ["", "//.well-known/..a/a../.../%2e%2e/b"],
      ],
      ["an address as request target", [["REQUEST_URI", "http://example.org/x%2cy?z"]], ["", "/x,y"]],
    ])("%s", (_name, variables, expected) => {
      expect(paths(environOf(variables))).toEqual(expected);
    });

    const nginx: Variables = [
      ["SERVER_SOFTWARE", "nginx"],
      ["SCRIPT_NAME", "/app/x"],
      ["DOCUMENT_URI", "/app/x"],
      ["REQUEST_URI", "/app/x"],
    ];

    test("a repair has a name and can be switched off", () => {
      const told: string[] = [];
      paths(environOf(nginx, { onRepair: (repair) => told.push(repair) }));
      expect(told).toEqual([expect.stringMatching(/^nginx-fastcgi: /)]);
      expect(paths(environOf(nginx, { repair: false }))).toEqual(["/app/x", ""]);
      expect(paths(environOf(nginx, { repair: ["apache-proxy"] }))).toEqual(["/app/x", ""]);
      expect(paths(environOf(nginx, { repair: ["apache-proxy", "nginx-fastcgi"] }))).toEqual(["", "/app/x"]);
    });

    test.each<[string, Variables, number]>([
      ["a path that was rewritten", [["REQUEST_URI", "/page"]], 1],
      ["a path below the mount point", [["REQUEST_URI", "/index.fcgi/page"]], 0],
      [
        "a PATH_INFO",
        [
          ["PATH_INFO", "/page"],
          ["REQUEST_URI", "/page"],
        ],
        0,
      ],
      ["no REQUEST_URI", [], 0],
    ])("%s fits the mount point or is told of", (_name, variables, times) => {
      let told = 0;
      paths(environOf([["SCRIPT_NAME", "/index.fcgi"], ...variables], { onMismatch: () => told++ }));
      expect(told).toBe(times);
    });

    test("scriptName says where the application is mounted, whatever the front sent", () => {
      expect(paths(environOf(nginx, { scriptName: "/app" }))).toEqual(["/app", "/x"]);
      expect(paths(environOf(nginx, { scriptName: "" }))).toEqual(["", "/app/x"]);
      expect(paths(environOf([["REQUEST_URI", "/application/x"]], { scriptName: "/app" }))).toEqual([
        "",
        "/application/x",
      ]);
    });

    test.each<[string, Variables, string, [string, string]]>([
      [
        "nginx, stock fastcgi_params",
        [
          ["SERVER_SOFTWARE", "nginx"],
          ["SCRIPT_NAME", "/app/x"],
          ["DOCUMENT_URI", "/app/x"],
          ["REQUEST_URI", "/app/admin/../x"],
        ],
        "/app",
        ["/app", "/x"],
      ],
      [
        "nginx, a path that is not below it in the end",
        [
          ["DOCUMENT_URI", "/x"],
          ["REQUEST_URI", "/app/../x"],
        ],
        "/app",
        ["", "/x"],
      ],
      [
        "lighttpd",
        [
          ["SCRIPT_NAME", ""],
          ["PATH_INFO", "/app/x"],
          ["REQUEST_URI", "/app/admin/%2e./x"],
        ],
        "/app",
        ["/app", "/x"],
      ],
    ])(
      "scriptName holds for what the front made of dot segments: %s",
      (_name, variables, scriptName, expected) => {
        expect(paths(environOf(variables, { scriptName }))).toEqual(expected);
      },
    );

    // What the front's rules were about is not known, so neither is whether they let the request through.
    test.each(["/a/../b", "/a/.", "/a%2f.%2e%2fb", "/../b", "http://example.org/a/./b"])(
      "dot segments in %j are refused where nothing says what the front made of them",
      (target) => {
        const refusal = expect.objectContaining({ name: "ProtocolError", code: "REQUEST_URI" });
        const alone: Variables = [["REQUEST_URI", target]];
        expect(() => environOf(alone)).toThrow(refusal);
        expect(() => environOf(alone, { repair: false })).toThrow(refusal);
        expect(() => environOf(alone, { scriptName: "/a" })).toThrow(refusal);
        expect(() => environOf([...alone, ["SCRIPT_NAME", ""]])).toThrow(refusal);
      },
    );

    test.each(["/app/", "/"])("scriptName may end with a slash: %j", (scriptName) => {
      expect(paths(environOf(nginx, { scriptName }))).toEqual(
        scriptName === "/" ? ["", "/app/x"] : ["/app", "/x"],
      );
    });

    test("escapes are decoded once, to bytes, and what is no escape stays", () => {
      expect(environOf([["REQUEST_URI", "/%252c/%c3%a9/%zz/%"]]).PATH_INFO).toBe("/%2c/\u00c3\u00a9/%zz/%");
    });
  });

  describe("variables of a peer", () => {
    test.each<[string, Variables, string, string | true | undefined]>([
      [
        "a repeated header is joined",
        [
          ["HTTP_X_DUP", "1"],
          ["HTTP_X_DUP", "2"],
        ],
        "HTTP_X_DUP",
        "1, 2",
      ],
      [
        "cookies are joined with a semicolon",
        [
          ["HTTP_COOKIE", "a=1"],
          ["HTTP_COOKIE", "b=2"],
        ],
        "HTTP_COOKIE",
        "a=1; b=2",
      ],
      [
        "of another repeated name the last counts",
        [
          ["REMOTE_USER", "a"],
          ["REMOTE_USER", "b"],
        ],
        "REMOTE_USER",
        "b",
      ],
      ["HTTP_PROXY is dropped (httpoxy)", [["HTTP_PROXY", "http://evil/"]], "HTTP_PROXY", undefined],
      ["HTTP_CONTENT_LENGTH is dropped", [["HTTP_CONTENT_LENGTH", "5"]], "HTTP_CONTENT_LENGTH", undefined],
      ["HTTP_CONTENT_TYPE is dropped", [["HTTP_CONTENT_TYPE", "a/b"]], "HTTP_CONTENT_TYPE", undefined],
      [
        "HTTP_TRANSFER_ENCODING is dropped",
        [["HTTP_TRANSFER_ENCODING", "chunked"]],
        "HTTP_TRANSFER_ENCODING",
        undefined,
      ],
      ["what it says is known nonetheless", [["HTTP_TRANSFER_ENCODING", "chunked"]], "postern.chunked", true],
      ["an empty CONTENT_LENGTH is none", [["CONTENT_LENGTH", ""]], "CONTENT_LENGTH", undefined],
      ["an empty CONTENT_TYPE is none", [["CONTENT_TYPE", ""]], "CONTENT_TYPE", undefined],
      ["an empty REMOTE_USER is none", [["REMOTE_USER", ""]], "REMOTE_USER", undefined],
      ["a dotted name cannot be set", [["postern.session", "x"]], "postern.session", undefined],
      ["nor can wsgi.url_scheme", [["wsgi.url_scheme", "https"]], "wsgi.url_scheme", "http"],
      ["a name of Object's prototype is a name like any other", [["__proto__", "x"]], "__proto__", "x"],
      ["another one is not there by itself", [], "constructor", undefined],
      [
        "QUERY_STRING comes from the request target where it is missing",
        [["REQUEST_URI", "/x?a=b?c"]],
        "QUERY_STRING",
        "a=b?c",
      ],
      [
        "an empty SERVER_NAME is the Host header's",
        [
          ["SERVER_NAME", ""],
          ["HTTP_HOST", "example.org:81"],
        ],
        "SERVER_NAME",
        "example.org",
      ],
      ["or localhost", [], "SERVER_NAME", "localhost"],
      ["SERVER_PORT follows the scheme", [["HTTPS", "on"]], "SERVER_PORT", "443"],
      ["SERVER_PROTOCOL is the oldest when missing", [], "SERVER_PROTOCOL", "HTTP/1.0"],
    ])("%s", (_name, variables, key, expected) => {
      expect(environOf(variables)[key]).toBe(expected);
    });

    test.each<[string, Variables]>([
      ["+5", [["CONTENT_LENGTH", "+5"]]],
      ["-1", [["CONTENT_LENGTH", "-1"]]],
      [" 5", [["CONTENT_LENGTH", " 5"]]],
      ["0x5", [["CONTENT_LENGTH", "0x5"]]],
      ["1e3", [["CONTENT_LENGTH", "1e3"]]],
      ["5,5", [["CONTENT_LENGTH", "5,5"]]],
      ["2^53", [["CONTENT_LENGTH", "9007199254740992"]]],
      [
        "two that differ",
        [
          ["CONTENT_LENGTH", "5"],
          ["CONTENT_LENGTH", "6"],
        ],
      ],
    ])("CONTENT_LENGTH %s is refused", (_name, variables) => {
      expect(() => environOf(variables)).toThrow(
        expect.objectContaining({ name: "ProtocolError", code: "CONTENT_LENGTH" }),
      );
    });

    test("a request without a method is refused", () => {
      expect(() => environOf([["REQUEST_METHOD", ""]])).toThrow(
        expect.objectContaining({ code: "REQUEST_METHOD" }),
      );
    });

    test("an operator's variables win", () => {
      expect(
        environOf([["REMOTE_USER", "forged"]], { environ: { REMOTE_USER: "" } }).REMOTE_USER,
      ).toBeUndefined();
    });

    test.each<[string, Variables, string]>([
      ["HTTPS=on", [["HTTPS", "on"]], "https"],
      ["HTTPS=ON", [["HTTPS", "ON"]], "https"],
      ["HTTPS=1", [["HTTPS", "1"]], "https"],
      ["HTTPS=off", [["HTTPS", "off"]], "http"],
      [
        "HTTPS=off beside REQUEST_SCHEME=https",
        [
          ["HTTPS", "off"],
          ["REQUEST_SCHEME", "https"],
        ],
        "http",
      ],
      ["REQUEST_SCHEME=https", [["REQUEST_SCHEME", "https"]], "https"],
      ["X-Forwarded-Proto: https", [["HTTP_X_FORWARDED_PROTO", "https"]], "http"],
      ["nothing", [], "http"],
    ])("with %s the scheme is right", (_name, variables, scheme) => {
      expect(environOf(variables)["wsgi.url_scheme"]).toBe(scheme);
    });
  });

  describe("postern.signal", () => {
    test("is an own, enumerable, assignable property, so that an environ can be copied", () => {
      const environ = environOf([]);
      const copy = { ...environ };
      expect(copy["postern.signal"]).toBe(environ["postern.signal"]);
      expect(Object.create(environ)["postern.signal"]).toBe(environ["postern.signal"]);
      const other = new AbortController().signal;
      environ["postern.signal"] = other;
      expect(environ["postern.signal"]).toBe(other);
    });
  });
});
