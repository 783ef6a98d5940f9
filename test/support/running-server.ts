// A server on a socket of its own, for tests that speak its protocol to it.

import { join } from "node:path";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type ServeOptions, type Server, serve } from "../../lib/serve.ts";
import { temporaryFolder } from "./folder.ts";

export interface RunningServer<Client> {
  readonly path: string;
  readonly server: Server;
  /** Lines of the server's own log. */
  readonly log: string[];
  client(): Promise<Client>;
  stop(): Promise<void>;
}

/** Serves an application, under the validator, on a unix socket in a temporary folder. */
export async function startServer<Client extends { destroy(): void }>(
  application: Application,
  options: ServeOptions,
  connect: (address: { path: string }) => Promise<Client>,
): Promise<RunningServer<Client>> {
  const folder = temporaryFolder();
  const path = join(folder.path, "app.sock");
  const log: string[] = [];
  const server = serve(validate(application), {
    bindAddress: path,
    shutdownGraceMs: 2_000,
    log: (level, line) => {
      if (level === "error") log.push(line);
    },
    ...options,
  });
  try {
    await server.listening;
  } catch (error) {
    folder.remove();
    throw error;
  }
  const clients: Client[] = [];
  return {
    path,
    server,
    log,
    async client() {
      const client = await connect({ path });
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.destroy();
      await server.close();
      folder.remove();
    },
  };
}
