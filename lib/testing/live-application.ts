// The same test against a server: an application that hands each request to it over HTTP.

import { GatewayError } from "../errors.ts";
import { durationOf } from "../gateway/duration.ts";
import type { Application } from "../gateway/types.ts";
import { Browser } from "./browser.ts";
import type { BrowserOptions } from "./browser-transport.ts";
import type { CallResponse, OpenResponse } from "./call.ts";
import { type LiveServer, sendRequest } from "./live-request.ts";
import { request, type TestRequest, type TestStreamRequest } from "./request.ts";
import { mountOf, parseServerUrl } from "./server-address.ts";

/** What a test asks: an application in its own process, or one behind a server. */
export interface TestedApplication {
  /**
   * Asks for one response. With `stream` it does not wait for its end.
   *
   * @param target path and query as they stand in a URL
   */
  request(target: string, request: TestStreamRequest): Promise<OpenResponse>;
  request(target?: string, request?: TestRequest): Promise<CallResponse>;

  /** A browser without a screen and without scripts. */
  browser(options?: BrowserOptions): Promise<Browser>;
}

/** An application that runs elsewhere. */
export interface LiveApplication extends Application, TestedApplication {
  /** Where it is. */
  readonly url: URL;
}

export interface LiveOptions {
  /**
   * How long the server may be silent, in milliseconds; 0 is no limit: until it answers, and between the bytes of its
   * answer. Past it the request fails, and an answer that has begun is cut.
   *
   * @defaultValue `10_000`
   */
  readonly timeoutMs?: number;
  /** The unix socket on which the server listens, in place of the address's host and port. */
  readonly socketPath?: string;
  /** Certificates to trust in place of the well-known ones, as PEM: for a server that signed its own. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
}

/**
 * An application that is asked over HTTP, with the `request()` and the `browser()` of one in this process. So a test
 * can be written once, and be run against the server that will answer.
 *
 * A connection is made for each request and closed behind it. The Host header is the address's own, unless a request says
 * otherwise. What only the server knows is not there: `errors` of a response is empty, and a request cannot set `environ`
 * or `debug`.
 *
 * A request that gets no response rejects, with a GatewayError: `CONNECT_FAILED`, `CONNECTION_LOST`, `RESPONSE_HEAD`,
 * `RESPONSE_TIMEOUT`.
 *
 * @param address of the application: `"http://127.0.0.1:8080"`, or `"http://127.0.0.1:8080/blog"` where it is mounted
 * @example
 * const { TEST_SERVER } = process.env;
 * const tested = TEST_SERVER ? liveApplication(TEST_SERVER) : app;
 * const response = await tested.request("/hello");
 *
 * @throws {GatewayError} `ADDRESS`; `OPTION` when `timeoutMs` is no number of milliseconds
 */
export function liveApplication(address: string | URL, options: LiveOptions = {}): LiveApplication {
  const url = parseServerUrl(address);
  const { timeoutMs = 10_000, ...rest } = options;
  const server: LiveServer = { url, timeoutMs: durationOf("timeoutMs", timeoutMs), ...rest };
  const place = { host: url.host, https: url.protocol === "https:", scriptName: mountOf(url) };
  const gateway: Application = (environ, startResponse) => sendRequest(server, environ, startResponse);
  const application: LiveApplication = Object.assign(gateway, {
    url,
    request: ask,
    async browser(description: BrowserOptions = {}) {
      refuseOthers(description, place);
      return new Browser(application, { ...place, ...description });
    },
  });
  function ask(target: string, description: TestStreamRequest): Promise<OpenResponse>;
  function ask(target?: string, description?: TestRequest): Promise<CallResponse>;
  async function ask(target = "/", description: TestRequest = {}): Promise<CallResponse | OpenResponse> {
    refuseOthers(description, place);
    return request(application, target, { ...place, ...description });
  }
  return application;
}

/** What an application in this process can be told, and a server cannot, would make a test pass that tests nothing. */
function refuseOthers(
  description: Pick<TestRequest, "environ" | "debug" | "https" | "scriptName">,
  place: { readonly https: boolean; readonly scriptName: string },
): void {
  const { environ = {}, debug = false, https = place.https, scriptName = place.scriptName } = description;
  const refuse = (option: string, why: string): never => {
    throw new GatewayError("OPTION", `"${option}" cannot be told to a server: ${why}`);
  };
  if (Object.keys(environ).length > 0) refuse("environ", "it makes the environ itself");
  if (debug) refuse("debug", "it has an option of its own");
  if (https !== place.https) refuse("https", "its address says http or https");
  if (scriptName !== place.scriptName) refuse("scriptName", "its address has the path of the application");
}
