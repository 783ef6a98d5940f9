import { call } from "../../lib/testing/call.ts";
import { conformanceApplication } from "../../lib/testing/conformance.ts";
import type { Transport } from "./transport.ts";

export async function startInProcess(scriptName: string): Promise<Transport> {
  return {
    run: { scriptName, serverName: "localhost", serverPort: "8080", runOnce: false },
    async exchange({ target, method, headers, body, unknownLength }) {
      const response = await call(conformanceApplication, target, {
        method,
        headers,
        scriptName,
        host: "localhost:8080",
        ...(body !== undefined && { body: unknownLength === true ? piecesOf(body) : body }),
      });
      return { ...response, complete: !response.cut };
    },
    async close() {},
  };
}

async function* piecesOf(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += 10_000) yield body.subarray(at, at + 10_000);
}
