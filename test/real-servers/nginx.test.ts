import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { type RunningFcgi, startFcgi } from "../support/fcgi-server.ts";
import type { Front } from "../support/front.ts";
import { nginx, startNginx } from "../support/nginx.ts";

const TEXT = [["Content-Type", "text/plain"]] as const;

const application: Application = async (environ, startResponse) => {
  switch (environ.PATH_INFO) {
    case "/digest": {
      const hash = createHash("sha256");
      for await (const chunk of environ["wsgi.input"]) hash.update(chunk);
      startResponse("200 OK", TEXT);
      return [hash.digest("hex")];
    }
    case "/large":
      startResponse("200 OK", TEXT);
      return (function* () {
        for (let count = 0; count < 320; count++) yield Buffer.alloc(65_536, count);
      })();
    case "/cut":
      startResponse("200 OK", [...TEXT, ["Content-Length", "50"]]);
      return (function* () {
        yield "partial";
        throw new Error("broken");
      })();
    case "/cookies":
      startResponse("200 OK", [...TEXT, ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]);
      return [environ.HTTP_COOKIE ?? ""];
    case "/missing":
      startResponse("404 Not Found", TEXT);
      return ["not here"];
    default:
      startResponse("200 OK", TEXT);
      return [
        `${environ.SCRIPT_NAME}|${environ.PATH_INFO}|${environ.QUERY_STRING}|${environ.CONTENT_LENGTH ?? "-"}`,
      ];
  }
};

describe.skipIf(nginx === undefined).each([
  ["a connection for each request", false],
  ["kept connections", true],
])("nginx with Debian's fastcgi_params and %s", (_name, kept) => {
  let fcgi: RunningFcgi;
  let front: Front;

  beforeAll(async () => {
    fcgi = await startFcgi(application);
    front = await startNginx(fcgi.path, kept);
  });

  afterAll(async () => {
    await front?.stop();
    await fcgi?.stop();
  });

  test("the path that nginx puts into SCRIPT_NAME arrives as PATH_INFO", async () => {
    const response = await fetch(front.url("/a%20b//%252c?x=%20"));
    expect(await response.text()).toBe("|/a b//%2c|x=%20|-");
  });

  test("a status of the application's is the client's", async () => {
    const response = await fetch(front.url("/missing"));
    expect([response.status, response.statusText, await response.text()]).toEqual([
      404,
      "Not Found",
      "not here",
    ]);
  });

  test("20 MB arrive whole, in both directions", async () => {
    const body = Buffer.alloc(20_000_000, "abcdefg");
    const up = await fetch(front.url("/digest"), { method: "POST", body });
    expect(await up.text()).toBe(createHash("sha256").update(body).digest("hex"));
    const down = await fetch(front.url("/large"));
    expect((await down.arrayBuffer()).byteLength).toBe(320 * 65_536);
  });

  test("a body of unknown length arrives whole", async () => {
    const body = new ReadableStream({
      start(controller) {
        for (const piece of ["one", "two"]) controller.enqueue(Buffer.from(piece));
        controller.close();
      },
    });
    const response = await fetch(front.url("/digest"), {
      method: "POST",
      body,
      duplex: "half",
    } as RequestInit);
    expect(await response.text()).toBe(createHash("sha256").update("onetwo").digest("hex"));
  });

  test("several cookies stay several", async () => {
    const response = await fetch(front.url("/cookies"), { headers: { Cookie: "c=3; d=4" } });
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await response.text()).toBe("c=3; d=4");
  });

  test("a response that is cut is seen to be cut, at once", async () => {
    const response = await fetch(front.url("/cut"));
    await expect(response.text()).rejects.toThrow();
  });

  test("300 requests are answered one after the other", async () => {
    for (let count = 0; count < 300; count++) {
      expect(await (await fetch(front.url(`/${count}`))).text()).toBe(`|/${count}||-`);
    }
  });
});
