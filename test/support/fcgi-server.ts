// A FastCGI server on a socket of its own, for tests that speak the protocol to it.

import { join } from "node:path";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type ServeOptions, type Server, serve } from "../../lib/serve.ts";
import { FastCgiClient } from "./fastcgi-client.ts";
import { temporaryFolder } from "./folder.ts";

export interface RunningFcgi {
  readonly path: string;
  readonly server: Server;
  /** Lines of the server's own log. */
  readonly log: string[];
  client(): Promise<FastCgiClient>;
  stop(): Promise<void>;
}

/** Serves an application, under the validator, on a unix socket in a temporary folder. */
export async function startFcgi(
  application: Application,
  options: Partial<ServeOptions> = {},
): Promise<RunningFcgi> {
  const folder = temporaryFolder();
  const path = join(folder.path, "app.sock");
  const log: string[] = [];
  const server = serve(validate(application), {
    protocol: "fcgi",
    bindAddress: path,
    copyErrors: false,
    shutdownGraceMs: 2_000,
    log: (level, line) => {
      if (level === "error") log.push(line);
    },
    ...options,
  });
  await server.listening;
  const clients: FastCgiClient[] = [];
  return {
    path,
    server,
    log,
    async client() {
      const client = await FastCgiClient.connect({ path });
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
