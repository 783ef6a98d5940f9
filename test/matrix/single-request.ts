import { join } from "node:path";
import { serve } from "../../lib/serve.ts";
import { conformanceApplication } from "../../lib/testing/conformance.ts";
import { cgiVariables } from "../support/cgi-variables.ts";
import { temporaryFolder } from "../support/folder.ts";
import { SingleRequestClient } from "../support/single-request-client.ts";
import type { WireProtocol } from "../support/wire-protocol.ts";
import { hasItsLength, type Reach, type StartTransport } from "./transport.ts";

/** A connection for each request, of which the protocol has no other. */
export function reachSingleRequest(protocol: WireProtocol): Reach {
  return (address, scriptName) => {
    const run = { scriptName, serverName: "localhost", serverPort: "8080", runOnce: false };
    return {
      run,
      async exchange(request) {
        const client = await SingleRequestClient.connect(address);
        void client.send(protocol.request(cgiVariables(request, run), request.body));
        const response = protocol.parse(await client.reply(), !client.failed);
        client.destroy();
        return { ...response, complete: response.complete && hasItsLength(response, request.method) };
      },
      async close() {},
    };
  };
}

/** A server in this process, on a unix socket or a port: a response that was cut shows on a port alone. */
export function startSingleRequest(protocol: WireProtocol, overTcp = false): StartTransport {
  return async (scriptName) => {
    const folder = temporaryFolder();
    const server = serve(conformanceApplication, {
      protocol: protocol.name,
      bindAddress: overTcp ? { host: "127.0.0.1", port: 0 } : join(folder.path, "socket"),
      log: () => {},
    });
    const [address = { path: "" }] = await server.listening;
    return {
      ...reachSingleRequest(protocol)(address, scriptName),
      async close() {
        await server.close();
        folder.remove();
      },
    };
  };
}
