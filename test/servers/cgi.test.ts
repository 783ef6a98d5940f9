import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compiled } from "../support/dist.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";

let folder: TemporaryFolder;

beforeAll(() => {
  folder = temporaryFolder();
});

afterAll(() => folder.remove());

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

let scripts = 0;

/** Writes a script whose application is `body`, a function's body with `environ` and `startResponse`. */
function script(body: string, options = "{}"): string {
  const path = join(folder.path, `script-${scripts++}.mjs`);
  writeFileSync(
    path,
    `import { WSGIServer } from ${JSON.stringify(compiled("faces/cgi.ts"))};
     const TEXT = [["Content-Type", "text/plain"]];
     await new WSGIServer(async (environ, startResponse) => { ${body} }, ${options}).run();`,
  );
  return path;
}

const GET = {
  GATEWAY_INTERFACE: "CGI/1.1",
  REQUEST_METHOD: "GET",
  SERVER_NAME: "localhost",
  SERVER_PORT: "80",
  SERVER_PROTOCOL: "HTTP/1.1",
  SCRIPT_NAME: "/cgi-bin/script",
  PATH_INFO: "/x",
  QUERY_STRING: "",
};

function run(path: string, variables: Record<string, string> = {}, input: string | Buffer = ""): Outcome {
  const { stdout, stderr, status } = spawnSync(process.execPath, [path], {
    env: { ...GET, ...variables },
    input,
    encoding: "latin1",
    maxBuffer: 64 * 1024 * 1024,
  });
  return { stdout, stderr, status };
}

const ECHO = `
  const chunks = [];
  for await (const chunk of environ["wsgi.input"]) chunks.push(chunk);
  startResponse("200 OK", TEXT);
  return [Buffer.concat(chunks)];`;

describe("a CGI script (RFC 3875)", () => {
  test("answers with Status first, the headers, an empty line and the body, and ends with 0", () => {
    const path = script(`startResponse("201 Created", TEXT); return ["made"];`);
    expect(run(path)).toEqual({
      stdout: "Status: 201 Created\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nmade",
      stderr: "",
      status: 0,
    });
  });

  test("says that it serves one request in a process of its own", () => {
    const keys = `["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once", "SCRIPT_NAME", "PATH_INFO"]`;
    const path = script(
      `startResponse("200 OK", TEXT); return [JSON.stringify(${keys}.map((key) => environ[key]))];`,
    );
    expect(run(path).stdout.split("\r\n\r\n")[1]).toBe('[false,true,true,"/cgi-bin/script","/x"]');
  });

  test.each(["wsgi.input", "wsgi.errors"])("has %s as a key like the others, made once", (key) => {
    const name = JSON.stringify(key);
    const path = script(`
      const listed = Object.keys(environ).includes(${name});
      const child = Object.create(environ);
      const inherited = child[${name}];
      const kept = inherited === environ[${name}] && inherited === { ...environ }[${name}];
      environ[${name}] = "another";
      const other = Object.create(environ);
      other[${name}] = "a third";
      startResponse("200 OK", TEXT);
      return [JSON.stringify([listed, kept, environ[${name}], other[${name}]])];`);
    expect(run(path).stdout.split("\r\n\r\n")[1]).toBe('[true,true,"another","a third"]');
    const assigned = script(`
      const child = Object.create(environ);
      child[${name}] = "its own";
      environ[${name}] = "another";
      startResponse("200 OK", TEXT);
      return [JSON.stringify([child[${name}], environ[${name}]])];`);
    expect(run(assigned).stdout.split("\r\n\r\n")[1]).toBe('["its own","another"]');
  });

  test("leaves no header Proxy where packages look for the administrator's proxy", () => {
    const path = script(`startResponse("200 OK", TEXT); return [String(process.env.HTTP_PROXY)];`);
    expect(run(path, { HTTP_PROXY: "http://attacker.example/" }).stdout).toMatch(/\r\n\r\nundefined$/);
  });

  test("reads CONTENT_LENGTH bytes of its input, and no more", () => {
    expect(run(script(ECHO), { REQUEST_METHOD: "POST", CONTENT_LENGTH: "4" }, "bodymore").stdout).toMatch(
      /\r\n\r\nbody$/,
    );
  });

  test("without CONTENT_LENGTH does not read at all, though its input stays open", async () => {
    const child = spawn(process.execPath, [script(ECHO)], { env: { ...GET, CONTENT_LENGTH: "" } });
    let stdout = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    const [status] = await once(child, "close");
    expect(status).toBe(0);
    expect(stdout).toMatch(/Content-Length: 0\r\n\r\n$/);
  });

  test("whose input ends early gets an error, not half of a body", () => {
    const outcome = run(script(ECHO), { REQUEST_METHOD: "POST", CONTENT_LENGTH: "40" }, "body");
    expect(outcome.stdout).toMatch(/^Status: 400 /);
    expect(outcome.status).toBe(1);
  });

  test("does not care for a body that it does not read", () => {
    const outcome = run(
      script(`startResponse("200 OK", TEXT); return ["ok"];`),
      { CONTENT_LENGTH: "5" },
      "hello",
    );
    expect(outcome).toMatchObject({ stdout: expect.stringMatching(/ok$/), status: 0 });
  });

  // As Apache's mod_cgid: one socket is descriptors 0 and 1, and it writes a whole body before it reads anything.
  test("reads a body that it did not read from a socket, so that its response is not cut", async () => {
    const answer = script(`startResponse("413 Content Too Large", TEXT); return ["too large"];`);
    const path = join(folder.path, "body.sock");
    const server = createServer().listen(path);
    await once(server, "listening");
    const starting = spawn(
      process.execPath,
      [
        "-e",
        `const socket = new (require("net").Socket)().pause();
         socket.connect(${JSON.stringify(path)}, () => {
           const { spawn } = require("child_process");
           spawn(process.execPath, [${JSON.stringify(answer)}], { stdio: [socket, socket, "inherit"] });
           socket.destroy();
         });`,
      ],
      {
        env: { ...GET, REQUEST_METHOD: "POST", CONTENT_LENGTH: "4000000" },
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    const [socket] = (await once(server, "connection")) as [Socket];
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      socket.write(Buffer.alloc(4_000_000), () => resolve());
    });
    let stdout = "";
    socket.on("data", (chunk) => {
      stdout += chunk;
    });
    await once(socket, "end");
    socket.destroy();
    server.close();
    if (starting.exitCode === null) await once(starting, "exit");
    expect(stdout).toMatch(/^Status: 413 [\s\S]*too large$/);
  });

  test("sends 8 MB through a pipe, all of it, before it ends", () => {
    const path = script(
      `startResponse("200 OK", TEXT); return (function* () { for (let i = 0; i < 128; i++) yield Buffer.alloc(65536, i); })();`,
    );
    const { stdout, status } = run(path);
    const body = stdout.slice(stdout.indexOf("\r\n\r\n") + 4);
    expect(body).toHaveLength(128 * 65_536);
    expect(body.charCodeAt(body.length - 1)).toBe(127);
    expect(status).toBe(0);
  });

  test("also through one that does not block, as another program may have made it", async () => {
    const path = script(`
      process.stdout.on("error", () => {}); // makes the descriptor non-blocking
      startResponse("200 OK", TEXT);
      return (function* () { for (let i = 0; i < 64; i++) yield Buffer.alloc(65536, 97); })();`);
    const child = spawn(process.execPath, [path], { env: GET, stdio: ["ignore", "pipe", "inherit"] });
    let size = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
    });
    const [status] = await once(child, "close");
    expect(status).toBe(0);
    expect(size).toBeGreaterThan(64 * 65_536);
  });

  test("keeps the bytes of its variables, which need be no UTF-8", () => {
    const path = script(`startResponse("200 OK", TEXT); return [Buffer.from(environ.PATH_INFO, "latin1")];`);
    // A shell, since Node could only pass variables that are UTF-8.
    const { stdout } = spawnSync(
      "/bin/sh",
      ["-c", `PATH_INFO="$(printf '/\\351')" exec ${process.execPath} ${path}`],
      {
        env: GET,
        encoding: "latin1",
      },
    );
    expect(stdout).toMatch(/\r\n\r\n\/\xe9$/);
  });

  test("drops HTTP_PROXY and takes Authorization from where Apache's rewriting puts it", () => {
    const path = script(
      `startResponse("200 OK", TEXT); return [JSON.stringify([environ.HTTP_PROXY ?? null, environ.HTTP_AUTHORIZATION ?? null])];`,
    );
    const variables = { HTTP_PROXY: "http://evil/", REDIRECT_HTTP_AUTHORIZATION: "Basic eA==" };
    expect(run(path, variables).stdout).toMatch(/\[null,"Basic eA=="\]$/);
  });

  test("prints console.log where it does no harm", () => {
    const outcome = run(script(`console.log("note"); startResponse("200 OK", TEXT); return ["ok"];`));
    expect(outcome.stdout).toMatch(/^Status: 200 OK\r\n/);
    expect(outcome.stderr).toBe("note\n");
  });

  test("that fails answers 500, tells its log why and ends with 1", () => {
    const outcome = run(script(`throw new Error("the reason");`));
    expect(outcome.stdout).toMatch(/^Status: 500 Internal Server Error\r\n/);
    expect(outcome.stdout).not.toContain("the reason");
    expect(outcome.stderr).toContain("the reason");
    expect(outcome.status).toBe(1);
  });

  test("that fails in the middle ends with 1", () => {
    const path = script(
      `startResponse("200 OK", TEXT); return (function* () { yield "partial"; throw new Error("broken"); })();`,
    );
    expect(run(path)).toMatchObject({ stdout: expect.stringMatching(/partial$/), status: 1 });
  });

  test.each([
    ["a promise that nobody catches", `Promise.reject(new Error("stray"));`],
    ["an error in a timer", `setImmediate(() => { throw new Error("stray"); });`],
  ])("with %s answers all the same, and ends with 1", (_name, stray) => {
    const path = script(
      `${stray} await new Promise((resolve) => setTimeout(resolve, 20)); startResponse("200 OK", TEXT); return ["ok"];`,
    );
    expect(run(path)).toMatchObject({
      stdout: expect.stringMatching(/ok$/),
      stderr: expect.stringContaining("stray"),
      status: 1,
    });
  });

  test("whose reader goes away cleans up and ends with 1", async () => {
    const note = join(folder.path, "cleaned");
    const path = script(`
      const { writeFileSync } = await import("node:fs");
      startResponse("200 OK", TEXT);
      return (function* () {
        try { for (;;) yield Buffer.alloc(65536); }
        finally { writeFileSync(${JSON.stringify(note)}, String(environ["postern.signal"].aborted)); }
      })();`);
    const child = spawn(process.execPath, [path], { env: GET, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.once("data", () => child.stdout.destroy());
    const [status] = await once(child, "exit");
    expect(status).toBe(1);
    expect(readFileSync(note, "utf8")).toBe("true");
  });

  test.each([
    ["a CONTENT_LENGTH that is no number", { CONTENT_LENGTH: "12x" }, 400],
    ["a body over maxBodyBytes", { CONTENT_LENGTH: "1001" }, 413],
  ])("%s is answered %s", (_name, variables, status) => {
    const outcome = run(script(ECHO, "{ maxBodyBytes: 1000 }"), variables, "x".repeat(1_001));
    expect(outcome.stdout).toMatch(new RegExp(`^Status: ${status} `));
    expect(outcome.stderr).toMatch(/^postern: refused a CGI request: [^\n]*\n$/);
  });

  test("is not cut short in its cleaning up by a server that has the whole response and tells it to end", async () => {
    const path = script(
      `async function* body() { try { yield "whole"; } finally { await text(process.stdin); console.error("cleaned up"); } }
       const { text } = await import("node:stream/consumers");
       startResponse("200 OK", [...TEXT, ["Content-Length", "5"]]);
       return body();`,
    );
    const child = spawn(process.execPath, [path], { env: GET });
    let [stdout, stderr] = ["", ""];
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      if (!stdout.endsWith("whole")) return;
      child.kill("SIGTERM");
      child.stdin.end();
    });
    expect(await once(child, "close")).toEqual([0, null]);
    expect(stderr).toBe("cleaned up\n");
  });

  test("a maxBodyBytes that is none is one error, and no body without a limit", () => {
    const outcome = run(script(ECHO, "{ maxBodyBytes: Number.NaN }"), { CONTENT_LENGTH: "4" }, "body");
    expect(outcome).toMatchObject({ stdout: "", status: 1 });
    expect(outcome.stderr).toContain('option "maxBodyBytes" is NaN; give a number from 0 on, or Infinity');
  });

  test("past requestTimeoutMs is answered 504 and ended, whether it heeds the signal or not", () => {
    const path = script(
      `return new Promise((resolve) => setTimeout(resolve, 60_000));`,
      "{ requestTimeoutMs: 100 }",
    );
    const started = Date.now();
    expect(run(path)).toMatchObject({ stdout: expect.stringMatching(/^Status: 504 /), status: 1 });
    expect(Date.now() - started).toBeLessThan(10_000);
  }, 90_000);

  test("ends although a timer of the application is still running", () => {
    const path = script(`setInterval(() => {}, 1000); startResponse("200 OK", TEXT); return ["ok"];`);
    expect(run(path)).toMatchObject({ status: 0 });
  });

  test("from a shell, without CGI variables, is GET /", () => {
    const path = script(`startResponse("200 OK", TEXT); return [environ.REQUEST_METHOD, environ.PATH_INFO];`);
    const { stdout } = spawnSync(process.execPath, [path], { env: {}, encoding: "latin1" });
    expect(stdout).toMatch(/GET\/$/);
  });
});

describe("run() finds out that it is CGI", () => {
  /** A script that leaves it to run() how it is served. */
  function detecting(): string {
    const path = join(folder.path, `script-${scripts++}.mjs`);
    writeFileSync(
      path,
      `import { run } from ${JSON.stringify(compiled("run.ts"))};
       await run((environ, startResponse) => { startResponse("200 OK", []); return ["via ", environ.GATEWAY_INTERFACE]; });`,
    );
    return path;
  }

  test("by its variables", () => {
    expect(run(detecting()).stdout).toMatch(/via CGI\/1\.1$/);
  });

  // Apache's mod_cgid hands a script a socket as descriptor 0; a library that only asks for a socket takes it for FastCGI.
  test("also where descriptor 0 is a connected socket", async () => {
    const path = join(folder.path, "cgid.sock");
    const server = createServer().listen(path);
    await once(server, "listening");
    const connecting = spawn(
      process.execPath,
      [
        "-e",
        `const socket = require("net").connect(${JSON.stringify(path)}, () => {
         const { spawn } = require("child_process");
         const child = spawn(process.execPath, [${JSON.stringify(detecting())}], { stdio: [socket, "inherit", "inherit"] });
         child.on("exit", (status) => process.exit(status));
       });`,
      ],
      { env: GET, stdio: ["ignore", "pipe", "inherit"] },
    );
    let stdout = "";
    connecting.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    const [status] = await once(connecting, "close");
    server.close();
    expect(stdout).toMatch(/via CGI\/1\.1$/);
    expect(status).toBe(0);
  });
});
