// A FastCGI server on a socket of its own, for tests that speak the protocol to it.

import { onTestFinished } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import type { ServeOptions } from "../../lib/serve.ts";
import { FastCgiClient, type Pair } from "./fastcgi-client.ts";
import { type RunningServer, startServer } from "./running-server.ts";

export type RunningFcgi = RunningServer<FastCgiClient>;

/** Serves an application, under the validator, on a unix socket in a temporary folder. */
export function startFcgi(
  application: Application,
  options: Partial<ServeOptions> = {},
): Promise<RunningFcgi> {
  return startServer(application, { protocol: "fcgi", copyErrors: false, ...options }, FastCgiClient.connect);
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
