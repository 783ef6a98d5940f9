// A real Apache for tests: in a folder of its own, on loopback, stopped in all cases.

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { type Front, runningFront } from "./front.ts";
import { freePort } from "./port.ts";
import { findProgram } from "./programs.ts";

/** Where Apache is, or undefined: `describe.skipIf(apache === undefined)`. */
export const apache = findProgram("apache2");

/** Where Debian keeps its modules. */
const moduleFolder = "/usr/lib/apache2/modules";

export interface RunningApache extends Front {
  /** What Apache logged, and the scripts through it. */
  log(): string;
}

/**
 * Starts Apache. Where this process is root's, Apache and so what it starts run as nobody.
 *
 * @param config what belongs to the one server, such as a ScriptAlias
 * @param modules what has to be there besides the modules that Debian always loads
 */
export async function startApache(config: string, modules: readonly string[]): Promise<RunningApache> {
  if (apache === undefined) throw new Error("Apache is missing");
  const folder = temporaryFolder();
  chmodSync(folder.path, 0o755);
  const port = await freePort();
  const path = join(folder.path, "apache.conf");
  const loaded = ["mpm_event", "authz_core", "alias", "env", ...modules];
  writeFileSync(
    path,
    `
    ${loaded.map((name) => `LoadModule ${name}_module ${moduleFolder}/mod_${name}.so`).join("\n")}
    ${process.getuid?.() === 0 ? "User nobody\nGroup nogroup" : ""}
    ServerRoot ${folder.path}
    ServerName 127.0.0.1
    Listen 127.0.0.1:${port}
    PidFile ${folder.path}/pid
    Mutex pthread
    ${modules.includes("cgid") ? `ScriptSock ${folder.path}/cgid.sock` : ""}
    DocumentRoot ${folder.path}
    ErrorLog ${folder.path}/error.log
    ${config}
  `,
  );
  const log = () => readFileSync(join(folder.path, "error.log"), "utf8");
  const child = new Child(apache, ["-D", "FOREGROUND", "-f", path]);
  return { ...(await runningFront(child, port, folder)), log };
}
