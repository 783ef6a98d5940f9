// A real lighttpd for tests: started from a piece of configuration, stopped in all cases.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { type Front, runningFront } from "./front.ts";
import type { Certificate } from "./fronts/certificate.ts";
import { type Backend, fastcgi, quoted, cgi as scripts } from "./fronts/lighttpd.ts";
import type { Mount } from "./fronts/way.ts";
import { freePort } from "./port.ts";
import { findProgram } from "./programs.ts";

export type { Backend } from "./fronts/lighttpd.ts";
export type { Mount } from "./fronts/way.ts";

/** Where lighttpd is, or undefined: `describe.skipIf(lighttpd === undefined)`. */
export const lighttpd = findProgram("lighttpd");

export interface RunningLighttpd extends Front {
  readonly child: Child;
}

/** An application that listens on a unix socket by itself. */
export function externalSocket(socketPath: string, mount: Mount): Backend {
  return fastcgi(mount, `"socket" => ${quoted(socketPath)}`);
}

/** An application that lighttpd starts, with the listening socket on descriptor 0. */
export function spawned(command: readonly string[], folder: string, mount: Mount, processes = 1): Backend {
  const script = join(folder, "spawned");
  writeFileSync(script, `exec ${command.map(shellQuoted).join(" ")}\n`);
  return fastcgi(
    mount,
    `"bin-path" => "/bin/sh ${script}"`,
    `"socket" => ${quoted(join(folder, "spawned.sock"))}`,
    `"max-procs" => ${processes}`,
  );
}

/** An executable that lighttpd runs once for every request, with PATH and some variables of its own. */
export function cgi(script: string, mount: Mount, variables: Readonly<Record<string, string>> = {}): Backend {
  return scripts(script, mount, { PATH: process.env["PATH"] ?? "", ...variables });
}

interface Start {
  /** Variables for lighttpd, and so for what it spawns. */
  readonly env?: NodeJS.ProcessEnv;
  /** For a second port that speaks TLS. */
  readonly certificate?: Certificate;
}

/** Starts lighttpd in a folder of its own, with bodies streamed in both directions unless it is to be plain. */
export async function startLighttpd(backend: Backend, env?: NodeJS.ProcessEnv): Promise<RunningLighttpd> {
  const { modules, config } = backend;
  const streamed = `
    server.max-keep-alive-requests = 100000
    server.stream-request-body = 2
    server.stream-response-body = 2
  `;
  return startLighttpdWith(`server.modules += (${modules.map(quoted).join(", ")})${streamed}${config}`, {
    ...(env !== undefined && { env }),
  });
}

/** Starts lighttpd in a folder of its own, with a file of configuration and nothing else. */
export async function startLighttpdWith(
  config: string,
  { env, certificate }: Start = {},
): Promise<RunningLighttpd> {
  if (lighttpd === undefined) throw new Error("lighttpd is missing");
  const folder = temporaryFolder();
  const port = await freePort();
  const tlsPort = certificate && (await freePort());
  const path = join(folder.path, "lighttpd.conf");
  writeFileSync(
    path,
    `
    server.modules = (${certificate === undefined ? "" : quoted("mod_openssl")})
    server.bind = "127.0.0.1"
    server.port = ${port}
    server.document-root = ${quoted(folder.path)}
    server.upload-dirs = (${quoted(folder.path)})
    ${certificate === undefined ? "" : tlsSocket(tlsPort, certificate)}
    ${config}
  `,
  );
  const child = new Child(lighttpd, ["-D", "-f", path], env === undefined ? {} : { env });
  return { ...(await runningFront(child, port, folder, tlsPort)), child };
}

function tlsSocket(port: number | undefined, { certificatePath, keyPath }: Certificate): string {
  return `
    $SERVER["socket"] == "127.0.0.1:${port}" {
      ssl.engine = "enable"
      ssl.pemfile = ${quoted(certificatePath)}
      ssl.privkey = ${quoted(keyPath)}
    }
  `;
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
