// The protocols in which a connection carries one request, for tests that are the same for all of them.

import { onTestFinished } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import type { ServeOptions } from "../../lib/serve.ts";
import type { CaseResponse } from "../../lib/testing/conformance.ts";
import { parseCgiResponse } from "./cgi-response.ts";
import type { Variable } from "./cgi-variables.ts";
import { type RunningServer, startServer } from "./running-server.ts";
import { scgiRequest } from "./scgi-client.ts";
import { SingleRequestClient } from "./single-request-client.ts";
import { parseUwsgiResponse, uwsgiRequest } from "./uwsgi-client.ts";

export interface WireProtocol {
  readonly name: "scgi" | "uwsgi";
  /** A whole request: variables, and a body as long as CONTENT_LENGTH unless they say otherwise. */
  request(variables: Iterable<Variable>, body?: Uint8Array): Buffer;
  /** All that came on a connection. */
  parse(response: Buffer, complete: boolean): CaseResponse;
}

export const scgi: WireProtocol = { name: "scgi", request: scgiRequest, parse: parseCgiResponse };
export const uwsgi: WireProtocol = { name: "uwsgi", request: uwsgiRequest, parse: parseUwsgiResponse };

/** Serves an application, under the validator, until the test that called this has finished. */
export async function serving(
  { name }: WireProtocol,
  application: Application,
  options: Partial<ServeOptions> = {},
): Promise<RunningServer<SingleRequestClient>> {
  const running = await startServer(application, { protocol: name, ...options }, SingleRequestClient.connect);
  onTestFinished(() => running.stop());
  return running;
}
