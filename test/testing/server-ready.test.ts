import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort as anyFreePort } from "../../lib/testing/free-port.ts";
import { serverReady } from "../../lib/testing/server-ready.ts";
import { temporaryFolder } from "../support/folder.ts";
import { freePort, isListening } from "../support/port.ts";

/** Listens, once somebody has found out that nobody does. */
async function late(server: Server, place: number | string): Promise<void> {
  onTestFinished(() => void server.close());
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.listen(typeof place === "number" ? { port: place, host: "127.0.0.1" } : { path: place });
  await once(server, "listening");
}

test("a free port is one that nobody listens on, and another each time", async () => {
  const [one, other] = [await anyFreePort(), await anyFreePort("localhost")];
  expect(one).toBeGreaterThan(1_023);
  expect(await isListening(one)).toBe(false);
  expect(other).not.toBe(one);
  await expect(anyFreePort("192.0.2.1")).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
});

test("an HTTP server is ready when it answers, and its application is there", async () => {
  const port = await freePort();
  const statuses = [502, 503, 504, 404];
  const asked = new Set<string | undefined>();
  const server = createHttpServer(({ method, url }, response) => {
    asked.add(`${method} ${url}`);
    response.writeHead(statuses.shift() ?? 200).end();
  });
  await Promise.all([serverReady(`http://127.0.0.1:${port}/a`), late(server, port)]);
  expect([...statuses, ...asked]).toEqual(["GET /a"]);
  await serverReady(new URL(`http://127.0.0.1:${port}`), { timeoutMs: Number.POSITIVE_INFINITY });
  expect([...asked]).toEqual(["GET /a", "GET /"]);
});

test("another one is ready when it accepts connections", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const path = join(folder.path, "app.sock");
  await Promise.all([serverReady(path), late(createServer(), path)]);
  const port = await freePort();
  await Promise.all([serverReady(port, { timeoutMs: 0 }), late(createServer(), port)]);
  await serverReady(`127.0.0.1:${port}`, { timeoutMs: 1_000.5 });
});

test("is not waited for longer than was said", async () => {
  const port = await freePort();
  await expect(serverReady(`http://127.0.0.1:${port}`, { timeoutMs: 300 })).rejects.toMatchObject({
    code: "NOT_READY",
    message: expect.stringMatching(
      /^http:\S+ does not answer, and 300 ms are over\. At last: .*ECONNREFUSED/,
    ),
  });
  const silent = createHttpServer(() => {});
  await late(silent, port);
  onTestFinished(() => silent.closeAllConnections());
  await expect(serverReady(`http://127.0.0.1:${port}`, { timeoutMs: 300 })).rejects.toThrow(
    /was silent for \d+ ms/,
  );
});

test("is not waited for when its process has ended", async () => {
  const child = spawn(process.execPath, ["-e", "process.exit(3)"]);
  const port = await freePort();
  await expect(serverReady(port, { child })).rejects.toMatchObject({
    code: "NOT_READY",
    message: expect.stringContaining("the process that was to serve ended with status 3"),
  });
});

test.each([-1, Number.NaN])("is not waited for %d milliseconds", async (timeoutMs) => {
  await expect(serverReady(await freePort(), { timeoutMs })).rejects.toMatchObject({ code: "OPTION" });
});

test.each(["", "host", "70000", "http://", "http://a/?b"])("%j is no address", async (address) => {
  await expect(serverReady(address)).rejects.toMatchObject({ code: "ADDRESS" });
});
