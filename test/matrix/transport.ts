import type { Address } from "../../lib/gateway/protocol-server.ts";
import type { CaseResponse, ConformanceRun, Exchange } from "../../lib/testing/conformance.ts";

/** One way to reach the conformance application. */
export interface Transport {
  readonly exchange: Exchange;
  readonly run: ConformanceRun;
  close(): Promise<void>;
}

/** Starts a server with the conformance application mounted there. */
export type StartTransport = (scriptName: string) => Promise<Transport>;

/** Speaks a protocol to a server at an address, whoever started it; `close` closes the connections to it. */
export type Reach = (address: Address, scriptName: string) => Transport;

/** Whether a body is as long as its head says, for those that can have one. */
export function hasItsLength({ headers, body }: CaseResponse, method: string): boolean {
  const length = headers.find(([name]) => name.toLowerCase() === "content-length")?.[1];
  return method === "HEAD" || length === undefined || Number(length) === body.length;
}
