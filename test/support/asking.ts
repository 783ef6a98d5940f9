// One GET to a server of each protocol that listens. A new protocol needs one more line in each table, and its servers are
// held to all that these tests say of a server's life.

import type { NetConnectOpts } from "node:net";
import type { CaseResponse } from "../../lib/testing/conformance.ts";
import { AjpClient, forwardRequest, QUERY_STRING } from "./ajp-client.ts";
import { parseCgiResponse } from "./cgi-response.ts";
import { FastCgiClient, OVERLOADED, responderRequest } from "./fastcgi-client.ts";
import { exchangeOverHttp } from "./raw-http.ts";
import { SingleRequestClient } from "./single-request-client.ts";
import { scgi, uwsgi, type WireProtocol } from "./wire-protocol.ts";

export interface Answer {
  /** A number, or what the protocol says in the place of one. */
  readonly status: string;
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

type Ask = (address: NetConnectOpts, target: string) => Promise<Answer>;

const asking = {
  fcgi: askFastCgi,
  scgi: (address, target) => askOnce(scgi, address, target),
  uwsgi: (address, target) => askOnce(uwsgi, address, target),
  ajp: askAjp,
  http: askHttp,
} as const satisfies Record<string, Ask>;

export type ListeningProtocol = keyof typeof asking;

export const listeningProtocols = Object.keys(asking) as readonly ListeningProtocol[];

/** What each answers past `maxConcurrent`. */
export const refusals: Readonly<Record<ListeningProtocol, string>> = {
  fcgi: "OVERLOADED",
  scgi: "503",
  uwsgi: "503",
  ajp: "503",
  http: "503",
};

export function ask(protocol: ListeningProtocol, address: NetConnectOpts, target: string): Promise<Answer> {
  return asking[protocol](address, target);
}

function variables(target: string): [name: string, value: string][] {
  const [path = "", query = ""] = target.split("?");
  return [
    ["REQUEST_METHOD", "GET"],
    ["SCRIPT_NAME", ""],
    ["PATH_INFO", path],
    ["QUERY_STRING", query],
  ];
}

async function askFastCgi(address: NetConnectOpts, target: string): Promise<Answer> {
  const client = await FastCgiClient.connect(address);
  await client.send(...responderRequest(1, variables(target)));
  const { stdout, end } = await client.reply(1);
  client.destroy();
  if (end?.protocolStatus === OVERLOADED) return { status: "OVERLOADED", body: "", headers: [] };
  return answerOf(parseCgiResponse(stdout, end !== undefined));
}

async function askOnce(protocol: WireProtocol, address: NetConnectOpts, target: string): Promise<Answer> {
  const client = await SingleRequestClient.connect(address);
  await client.send(protocol.request(variables(target)));
  const reply = await client.reply();
  client.destroy();
  return answerOf(protocol.parse(reply, !client.failed));
}

async function askAjp(address: NetConnectOpts, target: string): Promise<Answer> {
  const [uri = "", query = ""] = target.split("?");
  const client = await AjpClient.connect(address);
  await client.send(forwardRequest({ method: "GET", uri, attributes: [[QUERY_STRING, query]] }));
  const { status, body, headers } = await client.reply();
  client.destroy();
  return { status: String(status), body: String(body), headers };
}

async function askHttp(address: NetConnectOpts, target: string): Promise<Answer> {
  return answerOf(await exchangeOverHttp(address, "localhost", { method: "GET", target, headers: [] }));
}

function answerOf({ status, body, headers }: CaseResponse): Answer {
  return { status: String(status), body: String(body), headers };
}
