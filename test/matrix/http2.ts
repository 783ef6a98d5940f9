import { once } from "node:events";
import { type RequestListener, STATUS_CODES } from "node:http";
import {
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import type { AddressInfo } from "node:net";
import type { CaseRequest, CaseResponse } from "../../lib/testing/conformance.ts";
import { hasItsLength, type StartTransport } from "./transport.ts";

/** A listener behind the compatibility API of node:http2, without TLS, and one session for all requests. */
export const overHttp2 =
  (listenerFor: (scriptName: string) => RequestListener): StartTransport =>
  async (scriptName) => {
    const listener = listenerFor(scriptName) as never;
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const session = connect(`http://127.0.0.1:${port}`);
    return {
      run: { scriptName, serverName: "localhost", serverPort: String(port), runOnce: false },
      exchange({ method, target, headers, body, unknownLength }) {
        const fields = fieldsOf(headers);
        if (body !== undefined && unknownLength !== true) fields["content-length"] = [String(body.length)];
        const stream = session.request({
          ...fields,
          ":method": method,
          ":path": scriptName + target,
          ":authority": `localhost:${port}`,
        });
        stream.end(body);
        return responseOf(stream, method);
      },
      async close() {
        session.destroy();
        server.close();
      },
    };
  };

/** Names in small letters, as HTTP/2 has them. */
function fieldsOf(headers: CaseRequest["headers"]): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const [name, value] of headers) {
    const field = name.toLowerCase();
    fields[field] = [...(fields[field] ?? []), value];
  }
  return fields;
}

async function responseOf(stream: ClientHttp2Stream, method: string): Promise<CaseResponse> {
  const chunks: Buffer[] = [];
  let head: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
  stream.on("response", (headers) => {
    head = headers;
  });
  stream.on("error", () => {});
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  // Behind an error, too.
  await new Promise((resolve) => stream.once("close", resolve));
  const { ":status": status = 0, ...rest } = head;
  const headers = Object.entries(rest).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  // HTTP/2 has no reason phrases: the one that everybody knows stands for it.
  const whole = { status, reason: STATUS_CODES[status] ?? "", headers, body: Buffer.concat(chunks) };
  const complete = stream.rstCode === constants.NGHTTP2_NO_ERROR && status !== 0;
  return { ...whole, complete: complete && hasItsLength({ ...whole, complete }, method) };
}
