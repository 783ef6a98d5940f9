// One GET to a server of each protocol that listens. A new protocol needs one more line here, and its servers are held to
// all that these tests say of a server's life.

import type { NetConnectOpts } from "node:net";
import { FastCgiClient, OVERLOADED, responderRequest } from "./fastcgi-client.ts";
import { exchangeOverHttp } from "./raw-http.ts";

export interface Answer {
  /** A number, or what the protocol says in the place of one. */
  readonly status: string;
  readonly body: string;
  readonly head: string;
}

type Ask = (address: NetConnectOpts, target: string) => Promise<Answer>;

const asking = {
  async fcgi(address, target) {
    const [path = "", query = ""] = target.split("?");
    const client = await FastCgiClient.connect(address);
    const variables = [
      ["REQUEST_METHOD", "GET"],
      ["SCRIPT_NAME", ""],
      ["PATH_INFO", path],
      ["QUERY_STRING", query],
    ] as const;
    await client.send(...responderRequest(1, variables));
    const { stdout, end } = await client.reply(1);
    client.destroy();
    if (end?.protocolStatus === OVERLOADED) return { status: "OVERLOADED", body: "", head: "" };
    const [head = "", body = ""] = stdout.toString().split("\r\n\r\n");
    return { status: /^Status: (\d+)/.exec(head)?.[1] ?? "", body, head };
  },
  async http(address, target) {
    const request = { method: "GET", target, headers: [] };
    const { status, body, headers } = await exchangeOverHttp(address, "localhost", request);
    const head = headers.map(([name, value]) => `${name}: ${value}`).join("\n");
    return { status: String(status), body: String(body), head };
  },
} as const satisfies Record<string, Ask>;

export type ListeningProtocol = keyof typeof asking;

export const listeningProtocols = Object.keys(asking) as readonly ListeningProtocol[];

/** What each answers past `maxConcurrent`. */
export const refusals: Readonly<Record<ListeningProtocol, string>> = { fcgi: "OVERLOADED", http: "503" };

export function ask(protocol: ListeningProtocol, address: NetConnectOpts, target: string): Promise<Answer> {
  return asking[protocol](address, target);
}
