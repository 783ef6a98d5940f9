import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "../../lib/gateway/protocol-server.ts";
import type { ServeOptions } from "../../lib/serve.ts";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { temporaryFolder } from "../support/folder.ts";
import { scgi, uwsgi } from "../support/wire-protocol.ts";
import { reachKeptAjp } from "./ajp.ts";
import { reachFastCgi, reachKeptFastCgi } from "./fastcgi.ts";
import { reachHttp } from "./http.ts";
import { reachSingleRequest } from "./single-request.ts";
import type { Reach, StartTransport } from "./transport.ts";

interface Protocol {
  /** Its name in `serve()`. */
  readonly name: NonNullable<ServeOptions["protocol"]>;
  readonly reach: Reach;
  /** Whether it is reached through a port instead of a unix socket. */
  readonly overTcp?: boolean;
  /** Whether the server has to be told where the application is mounted. */
  readonly toldMount?: boolean;
}

const protocols = {
  fcgi: { name: "fcgi", reach: reachFastCgi },
  "fcgi, kept": { name: "fcgi", reach: reachKeptFastCgi },
  scgi: { name: "scgi", reach: reachSingleRequest(scgi), overTcp: true },
  uwsgi: { name: "uwsgi", reach: reachSingleRequest(uwsgi), overTcp: true },
  ajp: { name: "ajp", reach: reachKeptAjp, toldMount: true },
  http: { name: "http", reach: reachHttp, overTcp: true, toldMount: true },
} as const satisfies Record<string, Protocol>;

/** The conformance application as a program of its own, in one of the worker models. */
export function startProcess(
  protocol: keyof typeof protocols,
  workers: NonNullable<ServeOptions["workers"]>,
): StartTransport {
  const { name, reach, overTcp, toldMount }: Protocol = protocols[protocol];
  return async (scriptName) => {
    const folder = temporaryFolder();
    const options = {
      protocol: name,
      workers,
      bindAddress: overTcp === true ? { host: "127.0.0.1", port: 0 } : join(folder.path, "socket"),
      ...(toldMount === true && scriptName !== "" && { scriptName }),
    };
    const script = join(folder.path, "conformance.mjs");
    writeFileSync(
      script,
      `import { serve } from ${JSON.stringify(compiled("serve.ts"))};
import { conformanceApplication } from ${JSON.stringify(compiled("testing/conformance.ts"))};
const server = serve(conformanceApplication, { ...${JSON.stringify(options)}, log() {}, copyErrors: false });
server.listening.then(([address]) => console.log("address:", JSON.stringify(address)));
await server.run();
`,
    );
    const child = new Child(process.execPath, [script]);
    const stop = async (): Promise<void> => {
      await child.stop();
      folder.remove();
    };
    let transport: ReturnType<Reach>;
    try {
      const [, address = ""] = await child.printed(/^address: (.*)$/m);
      transport = reach(JSON.parse(address) as Address, scriptName);
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      ...transport,
      async close() {
        await transport.close();
        await stop();
      },
    };
  };
}
