import { join } from "node:path";
import { serve } from "../../lib/serve.ts";
import {
  type CaseRequest,
  type CaseResponse,
  conformanceApplication,
} from "../../lib/testing/conformance.ts";
import {
  AjpClient,
  type AjpHead,
  type AjpReply,
  forwardRequest,
  QUERY_STRING,
} from "../support/ajp-client.ts";
import { temporaryFolder } from "../support/folder.ts";
import { hasItsLength, type Reach, type StartTransport } from "./transport.ts";

/** A connection for each request, as a web server has it that is told not to keep them. */
export const reachAjp: Reach = (address, scriptName) => {
  const run = { scriptName, serverName: "localhost", serverPort: "8080", runOnce: false };
  return {
    run,
    async exchange(request) {
      const client = await AjpClient.connect(address);
      const reply = await ask(client, request, run);
      client.destroy();
      return responseOf(request, reply);
    },
    async close() {},
  };
};

/** Connections that are kept, as Apache has it: one for each request that is in progress. */
export const reachKeptAjp: Reach = (address, scriptName) => {
  const run = { scriptName, serverName: "localhost", serverPort: "8080", runOnce: false };
  const idle: AjpClient[] = [];
  return {
    run,
    async exchange(request) {
      const client = idle.pop() ?? (await AjpClient.connect(address));
      const reply = await ask(client, request, run);
      if (reply.reuse === true) idle.push(client);
      else client.destroy();
      return responseOf(request, reply);
    },
    async close() {
      for (const client of idle) client.destroy();
    },
  };
};

/** A server in this process. */
export function startAjp(reach: Reach): StartTransport {
  return async (scriptName) => {
    const folder = temporaryFolder();
    const path = join(folder.path, "socket");
    const server = serve(conformanceApplication, {
      protocol: "ajp",
      bindAddress: path,
      log: () => {},
      ...(scriptName !== "" && { scriptName }),
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

async function ask(
  client: AjpClient,
  request: CaseRequest,
  run: ReturnType<Reach>["run"],
): Promise<AjpReply> {
  const { body = Buffer.alloc(0), unknownLength = false } = request;
  await client.send(forwardRequest(headOf(request, run)));
  void client.feed(body, { unasked: !unknownLength });
  return client.reply();
}

/** As mod_proxy_ajp makes it of a request. */
function headOf(
  { method, target, headers, body, unknownLength }: CaseRequest,
  { scriptName, serverName, serverPort }: ReturnType<Reach>["run"],
): AjpHead {
  const [path = "", ...query] = target.split("?");
  const length: [string, string][] =
    unknownLength === true
      ? [["Transfer-Encoding", "chunked"]]
      : body === undefined
        ? []
        : [["Content-Length", String(body.length)]];
  return {
    method,
    uri: scriptName + path,
    remoteAddress: "127.0.0.1",
    serverName,
    serverPort: Number(serverPort),
    headers: [["Host", `${serverName}:${serverPort}`], ...headers, ...length],
    attributes: target.includes("?") ? [[QUERY_STRING, query.join("?")]] : [],
  };
}

function responseOf(
  { method }: CaseRequest,
  { status, message, headers, body, reuse }: AjpReply,
): CaseResponse {
  const response = { status, reason: message, headers, body, complete: reuse !== undefined };
  return { ...response, complete: response.complete && hasItsLength(response, method) };
}
