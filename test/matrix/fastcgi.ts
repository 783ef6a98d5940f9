import { join } from "node:path";
import { serve } from "../../lib/serve.ts";
import {
  type CaseRequest,
  type CaseResponse,
  conformanceApplication,
} from "../../lib/testing/conformance.ts";
import { parseCgiResponse } from "../support/cgi-response.ts";
import { cgiVariables } from "../support/cgi-variables.ts";
import { FastCgiClient, type FastCgiReply, KEEP_CONN, responderRequest } from "../support/fastcgi-client.ts";
import { temporaryFolder } from "../support/folder.ts";
import { hasItsLength, type Reach, type StartTransport } from "./transport.ts";

/** A connection for each request, as lighttpd and mod_fcgid have it. */
export const reachFastCgi: Reach = (address, scriptName) => {
  const run = { scriptName, serverName: "localhost", serverPort: "8080", runOnce: false };
  return {
    run,
    async exchange(request) {
      const client = await FastCgiClient.connect(address);
      const { body } = request;
      void client.send(...responderRequest(1, cgiVariables(request, run), body && { body }));
      const reply = await client.reply(1);
      client.destroy();
      return responseOf(request, reply);
    },
    async close() {},
  };
};

/** One connection that is kept for all requests, several of them at once. */
export const reachKeptFastCgi: Reach = (address, scriptName) => {
  const run = { scriptName, serverName: "localhost", serverPort: "8080", runOnce: false };
  let connecting: Promise<FastCgiClient> | undefined;
  let lastId = 0;
  return {
    run,
    async exchange(request) {
      connecting ??= FastCgiClient.connect(address);
      const client = await connecting;
      lastId = (lastId % 65_535) + 1;
      const id = lastId;
      const options = { flags: KEEP_CONN, body: request.body ?? Buffer.alloc(0) };
      void client.send(...responderRequest(id, cgiVariables(request, run), options));
      const reply = await client.reply(id);
      // A response that was cut takes the connection with it.
      if (reply.end === undefined) connecting = undefined;
      return responseOf(request, reply);
    },
    async close() {
      (await connecting)?.destroy();
    },
  };
};

/** A server in this process. */
export function startFastCgi(reach: Reach): StartTransport {
  return async (scriptName) => {
    const folder = temporaryFolder();
    const path = join(folder.path, "socket");
    const server = serve(conformanceApplication, {
      protocol: "fcgi",
      bindAddress: path,
      log: () => {},
      copyErrors: false,
    });
    await server.listening;
    const transport = reach({ path }, scriptName);
    return {
      ...transport,
      async close() {
        await transport.close();
        await server.close();
        folder.remove();
      },
    };
  };
}

function responseOf({ method }: CaseRequest, { stdout, end }: FastCgiReply): CaseResponse {
  const response = parseCgiResponse(stdout, end !== undefined && end.protocolStatus === 0);
  return { ...response, complete: response.complete && hasItsLength(response, method) };
}
