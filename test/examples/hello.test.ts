import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { cgi, lighttpd, spawned, startLighttpd } from "../support/lighttpd.ts";
import { root } from "../support/postern.ts";

describe.skipIf(lighttpd === undefined)("behind lighttpd", () => {
  test("hello, spawned with the listening socket on descriptor 0", async () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const command = [process.execPath, join(root, "examples/hello/hello.js")];
    const front = await startLighttpd(spawned(command, folder.path, "/"));
    onTestFinished(front.stop);
    const response = await fetch(front.url("/some/where"));
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(await response.text()).toBe("Hello World! You asked for /some/where\n");
  });

  test("hello.cgi", async () => {
    const front = await startLighttpd(cgi(join(root, "examples/cgi-bin/hello.cgi"), "/app"));
    onTestFinished(front.stop);
    const response = await fetch(front.url("/app/some/where"));
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(await response.text()).toBe("Hello World! You asked for /some/where\n");
    expect(front.log()).not.toMatch(/warning/i);
  });
});

test("hello.cgi answers on standard output and warns of nothing", () => {
  const variables = { GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET", SCRIPT_NAME: "", PATH_INFO: "/x" };
  const { status, stdout, stderr } = spawnSync(join(root, "examples/cgi-bin/hello.cgi"), {
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      SERVER_NAME: "h",
      SERVER_PORT: "80",
      SERVER_PROTOCOL: "HTTP/1.1",
      ...variables,
    },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const [head, body] = stdout.split("\r\n\r\n");
  expect(head?.split("\r\n").sort()).toEqual(
    expect.arrayContaining(["Content-Type: text/plain", "Status: 200 OK"]),
  );
  expect(body).toBe("Hello World! You asked for /x\n");
});
