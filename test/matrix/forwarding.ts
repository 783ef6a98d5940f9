import { fcgiClient } from "../../lib/clients/fcgi.ts";
import { scgiClient } from "../../lib/clients/scgi.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { serve } from "../../lib/serve.ts";
import { conformanceApplication } from "../../lib/testing/conformance.ts";
import { reachHttp } from "./http.ts";
import type { StartTransport } from "./transport.ts";

/**
 * An HTTP server whose application is a client of another server, which has the conformance application. Over TCP: a
 * response of SCGI that was cut shows there alone.
 */
export function startForwarding(protocol: "fcgi" | "scgi"): StartTransport {
  return async (scriptName) => {
    const bindAddress = { host: "127.0.0.1", port: 0 };
    const behind = serve(conformanceApplication, { protocol, bindAddress, log: () => {}, copyErrors: false });
    const [address] = await behind.listening;
    if (address === undefined || !("port" in address)) throw new Error("the server listens on no port");
    const client = protocol === "fcgi" ? fcgiClient({ address }) : scgiClient({ address });
    const front = serve(validate(client), {
      protocol: "http",
      bindAddress,
      log: () => {},
      ...(scriptName !== "" && { scriptName }),
    });
    const [frontAddress] = await front.listening;
    if (frontAddress === undefined) throw new Error("the server has no address");
    return {
      ...reachHttp(frontAddress, scriptName),
      async close() {
        await front.close();
        await client.close();
        await behind.close();
      },
    };
  };
}
