import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/**
 * A TCP port that nobody listens on, for a server that is told its port. Another process could take it before that server
 * does: one in your own process should listen on port 0 instead, and say which it got.
 *
 * @param host of this machine. Default `"127.0.0.1"`
 * @throws {Error} of Node, `EADDRNOTAVAIL`: the host is not this machine's
 */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
