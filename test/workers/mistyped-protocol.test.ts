// HTTP must not be served where a mistyped word meant another protocol; an application's own words are its own affair.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nearProtocol } from "../../lib/protocol-word.ts";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { temporaryFolder } from "../support/folder.ts";

test.each([
  ["fgci", "fcgi"],
  ["FCGI", "fcgi"],
  ["fcg", "fcgi"],
  ["fastgci", "fastcgi"],
  ["htpp", "http"],
  ["https", "http"],
  ["wsgi", "uwsgi"],
  ["scig", "scgi"],
  ["apj", "ajp"],
  ["AJP", "ajp"],
  ["gci", "cgi"],
])("%s means %s", (word, meant) => {
  expect(nearProtocol(word)).toBe(meant);
});

test.each([
  "app",
  "api",
  "cli",
  "f",
  "ht",
  "fast",
  "seed",
  "import",
  "2024-09",
  "serve",
  "constructor",
  "--fcgi",
])("%s is an application's own word", (word) => {
  expect(nearProtocol(word)).toBeUndefined();
});

function start(words: readonly string[], env: NodeJS.ProcessEnv = {}): { child: Child; folder: string } {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const script = join(folder.path, "app.mjs");
  writeFileSync(
    script,
    `import { run } from ${JSON.stringify(compiled("server.ts"))};
     await run((environ, startResponse) => (startResponse("200 OK", []), ["served"]));`,
  );
  const child = new Child(process.execPath, [script, ...words], {
    cwd: folder.path,
    env: { PATH: process.env["PATH"], ...env },
  });
  onTestFinished(() => child.signal("SIGKILL"));
  return { child, folder: folder.path };
}

test("node app.js fgci is one sentence and status 1", async () => {
  const { child } = start(["fgci", "9000"]);
  expect(await child.ended).toBe(1);
  expect(child.output).toBe(
    "postern: the command line says fgci, which names no protocol; did you mean fcgi? (Where it is a word of the " +
      'application\'s own, option "protocol" or the variable POSTERN_SERVER says what to serve.)\n',
  );
});

test("POSTERN_SERVER=fgci is too", async () => {
  const { child } = start([], { POSTERN_SERVER: "fgci" });
  expect(await child.ended).toBe(1);
  expect(child.output).toBe("postern: POSTERN_SERVER=fgci names no protocol; did you mean fcgi?\n");
});

test("POSTERN_SERVER=gopher is near to none, and they are listed", async () => {
  const { child } = start([], { POSTERN_SERVER: "gopher" });
  expect(await child.ended).toBe(1);
  expect(child.output).toBe(
    "postern: POSTERN_SERVER=gopher names no protocol; known are fcgi, fastcgi, scgi, uwsgi, ajp, ajp13, http, cgi\n",
  );
});

test.each([
  [["./fgci.sock"], {}, /listening on \.\/fgci\.sock/],
  [["seed"], { PORT: "0" }, /listening on http:\/\/127\.0\.0\.1:/],
  [["fgci"], { POSTERN_SERVER: "http", PORT: "0" }, /listening on http:\/\/127\.0\.0\.1:/],
])("%j with %j is served", async (words, env, line) => {
  const { child } = start(words, env);
  await child.printed(line);
});

// Apache's CGI daemon hands the words of a query without "=" to a script as arguments (RFC 3875 §4.4).
test("a CGI script's arguments are its client's", async () => {
  const { child } = start(["fgci"], { GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET" });
  expect(await child.ended).toBe(0);
  expect(child.stdout).toMatch(/served$/);
});
