import { fromFetch, toFetch } from "../../lib/bridges/fetch.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { call } from "../../lib/testing/call.ts";
import {
  type CaseRequest,
  type CaseResponse,
  conformanceApplication,
} from "../../lib/testing/conformance.ts";
import { hasItsLength, type StartTransport } from "./transport.ts";

const server = { serverName: "localhost", serverPort: "8080", runOnce: false };
const origin = "http://localhost:8080";

/** The application as a fetch handler. */
export const startToFetch: StartTransport = async (scriptName) => {
  const fetch = toFetch(conformanceApplication, { scriptName, writeErrors: () => {} });
  return {
    run: { scriptName, ...server },
    async exchange(request) {
      const response = await fetch(requestOf(request, scriptName));
      const read = await readBody(response);
      const { status, statusText: reason } = response;
      const whole = { status, reason, headers: [...response.headers], ...read };
      return { ...whole, complete: read.complete && hasItsLength(whole, request.method) };
    },
    async close() {},
  };
};

/** The fetch handler that it is made to as a gateway application again. */
export const startThereAndBack: StartTransport = async (scriptName) => {
  const fetch = toFetch(conformanceApplication, { scriptName, writeErrors: () => {} });
  const application: Application = fromFetch(fetch);
  return {
    run: { scriptName, ...server },
    async exchange({ target, method, headers, body, unknownLength }) {
      const response = await call(application, target, {
        method,
        headers,
        scriptName,
        ...(body !== undefined && { body: unknownLength === true ? one(body) : body }),
      });
      return { ...response, complete: !response.cut };
    },
    async close() {},
  };
};

/** As a host makes it of what came over HTTP. */
function requestOf(
  { target, method, headers, body, unknownLength }: CaseRequest,
  scriptName: string,
): Request {
  const length: [string, string][] =
    body === undefined || unknownLength === true ? [] : [["Content-Length", String(body.length)]];
  return new Request(origin + scriptName + target, {
    method,
    headers: [...headers, ...length].map(([...header]) => header),
    ...(body !== undefined && { body: new Blob([Buffer.from(body)]).stream(), duplex: "half" }),
  });
}

async function readBody({ body }: Response): Promise<Pick<CaseResponse, "body" | "complete">> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body ?? []) chunks.push(chunk as Uint8Array);
    return { body: Buffer.concat(chunks), complete: true };
  } catch {
    return { body: Buffer.concat(chunks), complete: false };
  }
}

async function* one(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}
