import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CgiBinOptions, cgiBin } from "../../lib/clients/cgi.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { processesWith } from "../support/child.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const temporary = temporaryFolder();
const folder = join(temporary.path, "cgi-bin");
/** In the variables of every script of this file. */
const MARK = `POSTERN_TEST_CGI=${temporary.path}`;

function script(name: string, lines: string, mode = 0o755): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${lines}\n`);
  chmodSync(join(folder, name), mode);
}

beforeAll(() => {
  mkdirSync(join(folder, "deep"), { recursive: true });
  script("hello.cgi", `printf 'Content-Type: text/plain\\n\\nhello'`);
  script(
    "env.cgi",
    `printf 'Content-Type: text/plain\\r\\n\\r\\n'; env; printf 'pwd=%s\\n' "$(pwd)"; printf 'args=%s\\n' "$#"`,
  );
  script(
    "deep/env.cgi",
    `printf 'Content-Type: text/plain\\n\\n'; printf '%s|%s|%s' "$SCRIPT_NAME" "$PATH_INFO" "$(pwd)"`,
  );
  script("echo.cgi", `printf 'Content-Type: application/octet-stream\\n\\n'; cat`);
  script(
    "status.cgi",
    `printf 'Status: 418 Teapot\\nContent-Type: text/plain\\nX-One: 1\\nConnection: close\\n\\nshort'`,
  );
  script("redirect.cgi", `printf 'Location: /elsewhere\\n\\n'`);
  script("empty.cgi", `printf 'Status: 304 Not Modified\\nContent-Type: text/plain\\n\\nnever sent'`);
  script("errors.cgi", `echo 'to the log' >&2; printf 'Content-Type: text/plain\\n\\nok'`);
  script("none.cgi", `exit 3`);
  script("bad.cgi", `echo 'this is no head'; echo`);
  script("long.cgi", `printf 'X-Long: '; head -c 70000 /dev/zero | tr '\\0' x; printf '\\n\\n'`);
  script("length.cgi", `printf 'Content-Type: text/plain\\nContent-Length: many\\n\\nbody'`);
  script("silent.cgi", `sleep 60`);
  script("stalls.cgi", `printf 'Content-Type: text/plain\\n\\nbegun'; sleep 60`);
  script(
    "stubborn.cgi",
    `trap '' TERM; printf 'Content-Type: text/plain\\n\\nbegun'; while :; do sleep 1; done`,
  );
  script("killed.cgi", `printf 'Content-Type: text/plain\\n\\nbegun'; sleep 0.1; kill -KILL $$`);
  script("fails.cgi", `printf 'Content-Type: text/plain\\n\\nwhole'; exit 1`);
  script("long-body.cgi", `printf 'Content-Type: text/plain\\n\\n'; head -c 10485760 /dev/zero`);
  script("unread.cgi", `exec <&-; printf 'Content-Type: text/plain\\n\\nunread'`);
  script(
    "counted.cgi",
    `printf 'Content-Type: text/plain\\nContent-Length: 5\\n\\nhello'; sleep 0.2; touch "$PWD/counted"`,
  );
  script("endless.cgi", `printf 'Content-Type: text/plain\\n\\n'; while :; do echo more; sleep 0.05; done`);
  script("leaves.cgi", `printf 'Content-Type: text/plain\\n\\nbegun'; (trap '' TERM; exec sleep 60) &`);
  script("plain.txt", "not a script", 0o644);
  script("run.sh", `printf 'Content-Type: text/plain\\n\\n%s %s' "$1" "$0"`, 0o644);
  script(".hidden.cgi", `printf 'Content-Type: text/plain\\n\\nhidden'`);
  writeFileSync(join(folder, "nothing.cgi"), "#!/nowhere/interpreter\n", { mode: 0o755 });
  script("../outside.cgi", `printf 'Content-Type: text/plain\\n\\noutside'`);
  symlinkSync("../outside.cgi", join(folder, "link-out.cgi"));
  symlinkSync("hello.cgi", join(folder, "link-in.cgi"));
  symlinkSync("..", join(folder, "up"));
});

afterAll(async () => {
  await until("all scripts have ended", () => processesWith(MARK).length === 0);
  temporary.remove();
  expect(openBodies()).toEqual([]);
});

function ask(target: string, request: CallRequest = {}, options: Partial<CgiBinOptions> = {}) {
  const [name = "", value = ""] = MARK.split("=");
  const scripts = cgiBin({ folder, ...options, environ: { [name]: value, ...options.environ } });
  return call(validate(scripts), target, request);
}

describe("a script", () => {
  test("answers", async () => {
    const response = await ask("/hello.cgi");
    expect(response).toMatchObject({ status: 200, text: "hello", errors: "", cut: false });
    expect(response.headers).toEqual([["Content-Type", "text/plain"]]);
    expect((await ask("/hello.cgi", {}, { folder: pathToFileURL(folder) })).text).toBe("hello");
  });

  test("has a status, and no headers of the connection", async () => {
    const response = await ask("/status.cgi");
    expect([response.status, response.reason, response.text]).toEqual([418, "Teapot", "short"]);
    expect(response.headers).toEqual([
      ["Content-Type", "text/plain"],
      ["X-One", "1"],
    ]);
  });

  test("redirects", async () => {
    const response = await ask("/redirect.cgi");
    expect([response.status, response.header("Location")]).toEqual([302, "/elsewhere"]);
  });

  test("may have no body", async () => {
    expect(await ask("/empty.cgi")).toMatchObject({ status: 304, text: "", errors: "" });
  });

  test("logs to wsgi.errors", async () => {
    const response = await ask("/errors.cgi");
    expect([response.text, response.errors]).toEqual(["ok", "to the log\n"]);
  });

  test("that fails behind its output has answered", async () => {
    expect(await ask("/fails.cgi")).toMatchObject({ status: 200, text: "whole", cut: false });
  });

  test("sends more than fits into a pipe", async () => {
    expect((await ask("/long-body.cgi")).body.length).toBe(10_485_760);
  });
});

describe("the request", () => {
  test("is in RFC 3875's variables, with nothing of this process but its PATH", async () => {
    process.env["POSTERN_TEST_SECRET"] = "secret";
    const response = await ask("/env.cgi/rest/ü%20x?a=b+c", {
      method: "POST",
      scriptName: "/app",
      host: "here.example:8080",
      https: true,
      headers: {
        "Content-Type": "text/plain",
        "X-One": "gr\xc3\xbc\xdf",
        Authorization: "Basic secret",
        Proxy: "http://evil.example",
      },
      body: "data",
      environ: { REMOTE_USER: "ada", AUTH_TYPE: "Basic" },
    });
    delete process.env["POSTERN_TEST_SECRET"];
    const variables = new Map(
      response.text
        .trimEnd()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const),
    );
    // The shell's own.
    for (const name of ["PWD", "_", "SHLVL", "OLDPWD", "POSTERN_TEST_CGI"]) variables.delete(name);
    expect(Object.fromEntries(variables)).toEqual({
      AUTH_TYPE: "Basic",
      CONTENT_LENGTH: "4",
      CONTENT_TYPE: "text/plain",
      GATEWAY_INTERFACE: "CGI/1.1",
      HTTPS: "on",
      HTTP_HOST: "here.example:8080",
      // A byte that is no UTF-8 makes all of a value Latin-1.
      HTTP_X_ONE: "gr\u00c3\u00bc\u00df",
      PATH: process.env["PATH"],
      PATH_INFO: "/rest/ü x",
      QUERY_STRING: "a=b+c",
      REDIRECT_STATUS: "200",
      REMOTE_ADDR: "127.0.0.1",
      REMOTE_USER: "ada",
      REQUEST_METHOD: "POST",
      REQUEST_URI: "/app/env.cgi/rest/ü%20x?a=b+c",
      SCRIPT_FILENAME: join(folder, "env.cgi"),
      SCRIPT_NAME: "/app/env.cgi",
      SERVER_NAME: "here.example",
      SERVER_PORT: "8080",
      SERVER_PROTOCOL: "HTTP/1.1",
      SERVER_SOFTWARE: "postern",
      pwd: folder,
      args: "0",
    });
  });

  test("names a script in a folder below, which is where it runs", async () => {
    const response = await ask("/deep/env.cgi//a/../b");
    expect(response.text).toBe(`/deep/env.cgi|//a/../b|${join(folder, "deep")}`);
  });

  test("has a body of any length, known or not", async () => {
    const body = Buffer.alloc(3_000_000, "0123456789");
    expect((await ask("/echo.cgi", { method: "POST", body })).body.equals(body)).toBe(true);
    const pieces = async function* () {
      for (let at = 0; at < body.length; at += 300_000) yield body.subarray(at, at + 300_000);
    };
    expect((await ask("/echo.cgi", { method: "POST", body: pieces() })).body.equals(body)).toBe(true);
  });

  test("may have a body that the script does not read", async () => {
    const body = Buffer.alloc(1_000_000);
    expect(await ask("/unread.cgi", { method: "POST", body })).toMatchObject({ text: "unread", errors: "" });
  });

  test("that breaks off ends the script", async () => {
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("beginning");
      throw new ProtocolError("BODY_TRUNCATED", "the request body ended too early");
    };
    // The head of this one waits for its input's end.
    const response = await ask("/silent.cgi", { method: "POST", body: pieces() });
    expect([response.status, response.errors]).toEqual([400, ""]);
  });
});

describe("what is no script", () => {
  test.each([
    ["/", 404],
    ["/missing.cgi", 404],
    ["/deep", 404],
    ["/deep/", 404],
    ["//hello.cgi", 404],
    ["/./hello.cgi", 404],
    ["/../outside.cgi", 404],
    ["/deep/../hello.cgi", 404],
    ["/%2e%2e/outside.cgi", 404],
    ["/deep%2f..%2f..%2foutside.cgi", 404],
    ["/.hidden.cgi", 404],
    ["/link-out.cgi", 404],
    ["/up/outside.cgi", 404],
    ["/hello.cgi%00.txt", 404],
    ["/hello.cgi%ff", 404],
    ["/plain.txt", 403],
    ["/run.sh", 403],
    ["/link-in.cgi", 200],
    ["/deep%2fenv.cgi", 200],
  ])("%s is %d", async (target, status) => {
    expect((await ask(target)).status).toBe(status);
  });
});

test("an interpreter runs what is not executable itself", async () => {
  const file = join(folder, "run.sh");
  expect((await ask("/run.sh", {}, { interpreters: { ".sh": "sh" } })).text).toBe(` ${file}`);
  const options = { interpreters: { ".sh": ["sh", "-c", 'exec sh "$0" given'] as const } };
  expect((await ask("/run.sh", {}, options)).text).toBe(`given ${file}`);
});

describe("what goes wrong", () => {
  test.each([
    ["/none.cgi", /^the script \/none.cgi sent no head: it ended\n$/],
    ["/bad.cgi", /^the script \/bad.cgi sent a bad head: .*a line is no header\n$/],
    ["/long.cgi", /^the script \/long.cgi sent a bad head: .*longer than 65536 bytes\n$/],
    ["/length.cgi", /^the script \/length.cgi sent a bad head: .*Content-Length.*\n$/],
    ["/nothing.cgi", /^the script \/nothing.cgi sent no head: .*ENOENT\n$/],
  ])("%s: 502, and a line in the log", async (target, line) => {
    const response = await ask(target);
    expect([response.status, response.text]).toEqual([502, "Bad Gateway\n"]);
    expect(response.errors).toMatch(line);
  });

  test("an interpreter that is not there: 502", async () => {
    const response = await ask("/run.sh", {}, { interpreters: { ".sh": "/nowhere/sh" } });
    expect([response.status, response.errors.includes("ENOENT")]).toEqual([502, true]);
  });

  test("silence before the head: 504, and the script is ended with what it started", async () => {
    const response = await ask("/silent.cgi", {}, { timeoutMs: 100 });
    expect([response.status, response.text]).toEqual([504, "Gateway Timeout\n"]);
    expect(response.errors).toBe("the script /silent.cgi is silent for too long\n");
    await until("it has ended", () => processesWith(MARK).length === 0);
  });

  test("silence in the body: cut, and ended", async () => {
    const response = await ask("/stalls.cgi", {}, { timeoutMs: 1_000 });
    expect(response).toMatchObject({ status: 200, text: "begun", cut: true });
    await until("it has ended", () => processesWith(MARK).length === 0);
  });

  test("a signal in the middle of the body: cut", async () => {
    const response = await ask("/killed.cgi");
    expect(response).toMatchObject({ status: 200, text: "begun", cut: true });
    expect(response.errors).toContain("the script /killed.cgi was ended by SIGKILL");
  });

  test("one that the system does not start: 502, and another may run", async () => {
    const scripts = validate(cgiBin({ folder, maxProcesses: 1 }));
    // Linux takes no variable of more than 128 KiB.
    const response = await call(scripts, "/hello.cgi", { headers: { "X-Long": "x".repeat(131_072) } });
    expect([response.status, response.text]).toEqual([502, "Bad Gateway\n"]);
    expect(response.errors).toBe("the script /hello.cgi could not be started: spawn E2BIG\n");
    expect((await call(scripts, "/hello.cgi")).text).toBe("hello");
  });

  test("more than may run: 503", async () => {
    const scripts = validate(
      cgiBin({ folder, maxProcesses: 1, environ: { POSTERN_TEST_CGI: temporary.path } }),
    );
    const gone = new AbortController();
    const first = call(scripts, "/stalls.cgi", { signal: gone.signal });
    await until("it runs", () => processesWith(MARK).length > 0);
    const second = await call(scripts, "/hello.cgi");
    expect([second.status, second.header("Retry-After")]).toEqual([503, "1"]);
    gone.abort();
    await first;
    await until("it has ended", () => processesWith(MARK).length === 0);
    expect((await call(scripts, "/hello.cgi")).text).toBe("hello");
  });
});

describe("a client that goes away ends the script", () => {
  test.each(["/silent.cgi", "/stalls.cgi", "/stubborn.cgi"])("%s", async (target) => {
    const gone = new AbortController();
    const asked = ask(target, { signal: gone.signal });
    await until("it runs", () => processesWith(MARK).length > 0);
    gone.abort();
    expect((await asked).errors).toBe("");
    await until("it has ended", () => processesWith(MARK).length === 0);
  });

  test("and what it has started, when it has ended itself", async () => {
    const gone = new AbortController();
    const asked = ask("/leaves.cgi", { signal: gone.signal }, { timeoutMs: 0 });
    // The child has its parent's command until it is a program of its own.
    await until("only its child runs", () => {
      const commands = processesWith(MARK).map(({ command }) => command);
      return commands.length === 1 && commands[0] === "sleep 60 ";
    });
    gone.abort();
    expect((await asked).errors).toBe("");
    await until("it has ended", () => processesWith(MARK).length === 0);
  });

  test("one that has gone already starts none", async () => {
    const response = await ask("/hello.cgi", { signal: AbortSignal.abort() });
    expect([response.status, response.errors]).toEqual([0, ""]);
  });
});

describe("a client that has all it wants lets the script finish", () => {
  test.each(["HEAD", "GET"])("%s", async (method) => {
    const response = await ask("/counted.cgi", { method });
    expect([response.status, response.text]).toEqual([200, method === "HEAD" ? "" : "hello"]);
    await until("it has finished", () => existsSync(join(folder, "counted")));
    rmSync(join(folder, "counted"));
  });

  test("but not for ever, however much it writes", async () => {
    expect((await ask("/endless.cgi", { method: "HEAD" }, { timeoutMs: 1_000 })).status).toBe(200);
    await until("it has ended", () => processesWith(MARK).length === 0);
  });
});

test.each<unknown>([
  { folder: "/nowhere" },
  { folder: "/tmp", timeoutMs: -1 },
  { folder: "/tmp", maxProcesses: 0 },
  { folder: "/tmp", maxHeadBytes: Number.NaN },
  { folder: "/tmp", interpreters: { ".sh": [] } },
  { folder: "/tmp", interpreters: { ".sh": "" } },
  { folder: "/tmp", interpreters: { ".sh": ["sh", 1] } },
])("%j is refused", (options) => {
  expect(() => cgiBin(options as CgiBinOptions)).toThrow(expect.objectContaining({ code: "OPTION" }));
});
