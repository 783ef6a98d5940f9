// A real lighttpd for tests: started from a piece of configuration, stopped in all cases.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { type Front, runningFront } from "./front.ts";
import { freePort } from "./port.ts";
import { findProgram } from "./programs.ts";

/** Where lighttpd is, or undefined: `describe.skipIf(lighttpd === undefined)`. */
export const lighttpd = findProgram("lighttpd");

/** Where an application is mounted. */
export type Mount = "/" | "/app";

export interface RunningLighttpd extends Front {
  readonly child: Child;
  /** What lighttpd logged, and the application through it. */
  log(): string;
}

/** How lighttpd reaches the application. */
export interface Backend {
  readonly modules: readonly string[];
  readonly config: string;
}

/** An application that listens on a unix socket by itself. */
export function externalSocket(socketPath: string, mount: Mount): Backend {
  return fastcgi(mount, `"socket" => ${quoted(socketPath)}`);
}

/** An application that lighttpd starts, with the listening socket on descriptor 0. */
export function spawned(command: readonly string[], folder: string, mount: Mount, processes = 1): Backend {
  const script = join(folder, "spawned");
  writeFileSync(script, `exec ${command.map(shellQuoted).join(" ")}\n`);
  const socket = `"socket" => ${quoted(join(folder, "spawned.sock"))}`;
  return fastcgi(mount, `"bin-path" => "/bin/sh ${script}", ${socket}, "max-procs" => ${processes}`);
}

/**
 * An executable that lighttpd runs once for every request.
 *
 * @param variables what it gets besides CGI's and PATH: lighttpd keeps its own variables to itself
 */
export function cgi(script: string, mount: Mount, variables: Readonly<Record<string, string>> = {}): Backend {
  const environment = Object.entries({ PATH: process.env["PATH"] ?? "", ...variables });
  const settings = environment.map(([name, value]) => `"${name}" => ${quoted(value)}`);
  const assign = `cgi.assign = ("" => "")`;
  const config = `
    alias.url = (${mount === "/" ? `"/" => ${quoted(`${script}/`)}` : `"${mount}" => ${quoted(script)}`})
    ${mount === "/" ? assign : `$HTTP["url"] =~ "^${mount}(/|$)" { ${assign} }`}
    setenv.set-environment = (${settings.join(", ")})
  `;
  return { modules: ["mod_alias", "mod_cgi", "mod_setenv"], config };
}

function fastcgi(mount: Mount, server: string): Backend {
  const options = `"check-local" => "disable", "fix-root-scriptname" => "enable"`;
  return { modules: ["mod_fastcgi"], config: `fastcgi.server = ("${mount}" => ((${server}, ${options})))` };
}

/**
 * Starts lighttpd in a folder of its own, with bodies streamed in both directions.
 *
 * @param env variables for lighttpd, and so for what it spawns
 */
export async function startLighttpd(backend: Backend, env?: NodeJS.ProcessEnv): Promise<RunningLighttpd> {
  if (lighttpd === undefined) throw new Error("lighttpd is missing");
  const folder = temporaryFolder();
  const port = await freePort();
  const path = join(folder.path, "lighttpd.conf");
  writeFileSync(
    path,
    `
    server.modules = (${backend.modules.map(quoted).join(", ")})
    server.bind = "127.0.0.1"
    server.port = ${port}
    server.document-root = ${quoted(folder.path)}
    server.upload-dirs = (${quoted(folder.path)})
    server.max-keep-alive-requests = 100000
    server.stream-request-body = 2
    server.stream-response-body = 2
    ${backend.config}
  `,
  );
  const child = new Child(lighttpd, ["-D", "-f", path], env === undefined ? {} : { env });
  return { ...(await runningFront(child, port, folder)), child, log: () => child.output };
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
