// A FastCGI server on a socket of its own, for tests that speak the protocol to it.

import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type ServeOptions, type Server, serve } from "../../lib/serve.ts";
import { FastCgiClient, type Pair } from "./fastcgi-client.ts";
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
  try {
    await server.listening;
  } catch (error) {
    folder.remove();
    throw error;
  }
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

/** The same, stopped when the test that called this has finished. */
export async function serving(...parameters: Parameters<typeof startFcgi>): Promise<RunningFcgi> {
  const running = await startFcgi(...parameters);
  onTestFinished(() => running.stop());
  return running;
}

export const TEXT = [["Content-Type", "text/plain"]] as const;

/** What a web server sends at the least for GET. */
export function get(path: string, ...more: Pair[]): Pair[] {
  return [
    ["REQUEST_METHOD", "GET"],
    ["SCRIPT_NAME", ""],
    ["PATH_INFO", path],
    ["QUERY_STRING", ""],
    ["SERVER_NAME", "localhost"],
    ["SERVER_PORT", "80"],
    ["SERVER_PROTOCOL", "HTTP/1.1"],
    ...more,
  ];
}

export function post(path: string, length: number): Pair[] {
  return [...get(path).slice(1), ["REQUEST_METHOD", "POST"], ["CONTENT_LENGTH", String(length)]];
}

export const echoBody: Application = async (environ, startResponse) => {
  const chunks: Buffer[] = [];
  for await (const chunk of environ["wsgi.input"]) chunks.push(chunk as Buffer);
  startResponse("200 OK", TEXT);
  return [Buffer.concat(chunks)];
};
