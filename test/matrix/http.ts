import { serve } from "../../lib/serve.ts";
import { conformanceApplication } from "../../lib/testing/conformance.ts";
import { exchangeOverHttp } from "../support/raw-http.ts";
import type { Reach, StartTransport } from "./transport.ts";

/** A connection for each request. */
export const reachHttp: Reach = (address, scriptName) => {
  if (!("port" in address)) throw new Error("the server listens on no port");
  return {
    run: { scriptName, serverName: "localhost", serverPort: String(address.port), runOnce: false },
    exchange: (request) =>
      exchangeOverHttp(address, `localhost:${address.port}`, {
        ...request,
        target: scriptName + request.target,
      }),
    async close() {},
  };
};

/** A server in this process. */
export const startHttp: StartTransport = async (scriptName) => {
  const server = serve(conformanceApplication, {
    protocol: "http",
    bindAddress: { host: "127.0.0.1", port: 0 },
    log: () => {},
    ...(scriptName !== "" && { scriptName }),
  });
  const [address] = await server.listening;
  if (address === undefined) throw new Error("the server has no address");
  return { ...reachHttp(address, scriptName), close: () => server.close() };
};
