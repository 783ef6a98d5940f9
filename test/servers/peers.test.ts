import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createServer } from "../../lib/servers/fcgi.ts";
import { responderRequest } from "../support/fastcgi-client.ts";

const request = Buffer.concat(
  responderRequest(1, [
    ["REQUEST_METHOD", "GET"],
    ["SCRIPT_NAME", ""],
    ["PATH_INFO", "/"],
  ]),
);

afterEach(() => {
  delete process.env["FCGI_WEB_SERVER_ADDRS"];
});

/** Asks a server from an address of the loopback network; gives how many bytes came and what was logged. */
async function askFrom(
  address: string,
  allowedServers: string[] | undefined,
  webServerAddrs = "",
  host = "127.0.0.1",
): Promise<{ bytes: number; log: string[] }> {
  process.env["FCGI_WEB_SERVER_ADDRS"] = webServerAddrs;
  const log: string[] = [];
  const { server, drain } = createServer(
    (_environ, startResponse) => {
      startResponse("200 OK", []);
      return [];
    },
    {
      ...(allowedServers && { allowedServers }),
      log: (level, line) => {
        if (level === "error") log.push(line);
      },
    },
  );
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const socket = connect({ host: "127.0.0.1", port, localAddress: address });
  let bytes = 0;
  socket.on("data", (chunk) => {
    bytes += chunk.length;
  });
  socket.on("error", () => {});
  socket.write(request);
  await once(socket, "close");
  await drain();
  return { bytes, log };
}

describe("who may connect over TCP", () => {
  test.each<[string, string, string[] | undefined, string]>([
    ["loopback, by default", "127.0.0.1", undefined, ""],
    ["all of loopback", "127.0.0.9", undefined, ""],
    ["an address that is named", "127.0.0.2", ["192.0.2.1", "127.0.0.2"], ""],
    ["an address of a network that is named", "127.1.2.3", ["127.1.0.0/16"], ""],
    ["an address in FCGI_WEB_SERVER_ADDRS", "127.0.0.2", undefined, "192.0.2.1, 127.0.0.2"],
    ["an address that both lists name", "127.0.0.2", ["127.0.0.0/8"], "127.0.0.2"],
  ])("%s", async (_name, address, allowed, addrs) => {
    const { bytes, log } = await askFrom(address, allowed, addrs);
    expect(bytes).toBeGreaterThan(0);
    expect(log).toEqual([]);
  });

  test("an IPv4 address that comes over an IPv6 socket is the same address", async () => {
    expect((await askFrom("127.0.0.2", ["127.0.0.2"], "", "::")).bytes).toBeGreaterThan(0);
  });

  test.each<[string, string, string[] | undefined, string]>([
    ["an address that is not named", "127.0.0.2", ["127.0.0.1"], ""],
    ["nobody, where the list is empty", "127.0.0.1", [], ""],
    ["an address that FCGI_WEB_SERVER_ADDRS leaves out", "127.0.0.1", undefined, "127.0.0.2"],
    ["an address that only one of both lists names", "127.0.0.2", ["127.0.0.2"], "127.0.0.1"],
  ])("not %s: closed without a byte, and logged", async (_name, address, allowed, addrs) => {
    const { bytes, log } = await askFrom(address, allowed, addrs);
    expect(bytes).toBe(0);
    expect(log).toEqual([expect.stringContaining(address)]);
  });

  test.each(["localhost", "127.0.0.1/33", "", "::1/x"])("%j is refused as an entry", (entry) => {
    expect(() => createServer(() => [], { allowedServers: [entry] })).toThrow(
      expect.objectContaining({ code: "ALLOWED_SERVERS" }),
    );
  });
});
