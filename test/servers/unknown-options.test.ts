// An option that no server has is refused where the server is made: a mistyped limit is none, and a mistyped place is another.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { WSGIServer as AjpServer } from "../../lib/faces/ajp.ts";
import { WSGIServer as AjpForkServer } from "../../lib/faces/ajp-fork.ts";
import { WSGIServer as CgiServer } from "../../lib/faces/cgi.ts";
import { WSGIServer as FcgiServer } from "../../lib/faces/fcgi.ts";
import { WSGIServer as FcgiForkServer } from "../../lib/faces/fcgi-fork.ts";
import { WSGIServer as HttpServer } from "../../lib/faces/http.ts";
import { WSGIServer as HttpForkServer } from "../../lib/faces/http-fork.ts";
import { WSGIServer as ScgiServer } from "../../lib/faces/scgi.ts";
import { WSGIServer as ScgiForkServer } from "../../lib/faces/scgi-fork.ts";
import { WSGIServer as UwsgiServer } from "../../lib/faces/uwsgi.ts";
import { WSGIServer as UwsgiForkServer } from "../../lib/faces/uwsgi-fork.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { run } from "../../lib/run.ts";
import { serve } from "../../lib/serve.ts";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { temporaryFolder } from "../support/folder.ts";

const application: Application = () => [];
const wrong = { prot: "fcgi" } as never;
const refusal = {
  name: "GatewayError",
  code: "UNKNOWN_OPTION",
  message: 'a server has no option "prot"; did you mean protocol?',
};

const servers = [
  ["ajp", AjpServer],
  ["ajp-fork", AjpForkServer],
  ["fcgi", FcgiServer],
  ["fcgi-fork", FcgiForkServer],
  ["http", HttpServer],
  ["http-fork", HttpForkServer],
  ["scgi", ScgiServer],
  ["scgi-fork", ScgiForkServer],
  ["uwsgi", UwsgiServer],
  ["uwsgi-fork", UwsgiForkServer],
] as const;

test.each(servers)("postern/server/%s", (_name, WSGIServer) => {
  expect(() => new WSGIServer(application, wrong)).toThrow(expect.objectContaining(refusal));
});

// What knows all the options is not loaded by a script that has none: so it is found when the script runs.
test("postern/server/cgi", async () => {
  await expect(new CgiServer(application, wrong).run()).rejects.toMatchObject(refusal);
});

test.each(["cgi", "http"] as const)("serve() of protocol %s", (protocol) => {
  const options = { protocol, ...(wrong as object) };
  expect(() => serve(application, options)).toThrow(expect.objectContaining(refusal));
});

test("run()", async () => {
  await expect(run(application, wrong)).rejects.toMatchObject(refusal);
});

test.each(["port", "host", "listen", "socketPath"])('where it listens is no "%s"', (word) => {
  expect(() => serve(application, { [word]: 9000 } as never)).toThrow(
    `a server has no option "${word}"; did you mean bindAddress, such as 9000, "127.0.0.1:9000" or "/run/app.sock"?`,
  );
});

test.each([[undefined], [null]])("options are no %j", (options) => {
  expect(() => serve(application, options as never)).toThrow(
    expect.objectContaining({
      code: "OPTION",
      message: `the options of a server are an object, and this is ${options}`,
    }),
  );
});

describe.each([[9000], ["/run/app.sock"]])("options are no %j, as of listen()", (address) => {
  const place = {
    code: "OPTION",
    message: `the options of a server are an object, and this is ${address}; give { bindAddress: ${JSON.stringify(address)} }`,
  };

  test("of serve()", () => {
    expect(() => serve(application, address as never)).toThrow(expect.objectContaining(place));
  });

  test.each(servers)("of postern/server/%s", (_name, WSGIServer) => {
    expect(() => new WSGIServer(application, address as never)).toThrow(expect.objectContaining(place));
  });

  test("of postern/server/cgi and of run()", async () => {
    await expect(new CgiServer(application, address as never).run()).rejects.toMatchObject(place);
    await expect(run(application, address as never)).rejects.toMatchObject(place);
  });
});

// None of them has a type where programs are JavaScript.
describe("an option's value is of its kind", () => {
  test.each([
    ["backlog", "x", 'option "backlog" is x; give a whole number from 1 to 2147483647'],
    ["backlog", 0, 'option "backlog" is 0; give a whole number from 1 to 2147483647'],
    ["name", 7, 'option "name" is 7; give a text'],
    ["name", "", 'option "name" is ""; give a text'],
    ["environ", "x", 'option "environ" is "x"; give an object of texts, such as { REMOTE_USER: "" }'],
    ["environ", ["x"], 'option "environ" is a list; give an object of texts, such as { REMOTE_USER: "" }'],
    [
      "environ",
      { A: 1 },
      'option "environ" is another object; give an object of texts, such as { REMOTE_USER: "" }',
    ],
    ["log", "x", 'option "log" is "x"; give a function of a level and a line'],
    ["log", console, 'option "log" is another object; give a function of a level and a line'],
    ["logFile", 1, 'option "logFile" is 1; give a path, as a text'],
    ["pidFile", () => "x", 'option "pidFile" is a function; give a path, as a text'],
    ["restartFile", null, 'option "restartFile" is null; give a path, as a text'],
    ["debug", "false", 'option "debug" is "false"; give true or false'],
    ["signals", 0, 'option "signals" is 0; give true or false'],
    ["ajpAttributes", "A", 'option "ajpAttributes" is "A"; give a list of texts'],
    ["scriptName", "app", 'option "scriptName" is "app"; give "" or a path that begins with a slash'],
    [
      "repair",
      "nginx",
      'option "repair" is "nginx"; give true, false, or a list of nginx-fastcgi, apache-proxy, nginx-scgi, apache-uwsgi',
    ],
    [
      "repair",
      ["nginx"],
      'option "repair" names "nginx"; there are nginx-fastcgi, apache-proxy, nginx-scgi, apache-uwsgi',
    ],
  ])("%s: %j", async (option, value, message) => {
    const wrongKind = { code: "OPTION", message };
    const options = { [option]: value } as never;
    expect(() => serve(application, options)).toThrow(expect.objectContaining(wrongKind));
    await expect(new CgiServer(application, options).run()).rejects.toMatchObject(wrongKind);
  });

  test("what is undefined has its default", () => {
    const options = { debug: undefined, name: undefined, environ: undefined, log: undefined };
    expect(() => serve(application, options as never)).not.toThrow();
  });
});

test("an option of another protocol or worker model is none of this one's affairs", () => {
  const all = {
    secret: "x",
    roles: ["responder"],
    maxPacketBytes: 8192,
    maxThreads: 2,
    minSpare: 1,
  } as const;
  for (const protocol of ["fcgi", "scgi", "uwsgi", "ajp", "http", "cgi"] as const)
    expect(() => serve(application, { protocol, ...all })).not.toThrow();
});

test.each([[(app: Application) => app], [[undefined]]])(
  "middleware is a list of functions, and no %j",
  (middleware) => {
    for (const protocol of ["fcgi", "cgi"] as const)
      expect(() => serve(application, { protocol, middleware: middleware as never })).toThrow(
        expect.objectContaining({
          code: "OPTION",
          message: 'option "middleware" is a list of functions, such as [accessLog()]',
        }),
      );
  },
);

test("app.run() says it in one line", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const script = join(folder.path, "app.mjs");
  writeFileSync(
    script,
    `import { application } from ${JSON.stringify(compiled("index.ts"))};
     application([["/", () => "served"]]).run(import.meta, { maxConcurent: 5 });`,
  );
  for (const env of [{}, { GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET" }]) {
    const child = new Child(process.execPath, [script], { env });
    expect(await child.ended).toBe(1);
    expect(child.output).toBe(
      'postern: a server has no option "maxConcurent"; did you mean maxConcurrent?\n',
    );
  }
});
