// A real Apache for tests: in a folder of its own, on loopback, stopped in all cases.

import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { type Front, runningFront } from "./front.ts";
import type { Certificate } from "./fronts/certificate.ts";
import { freePort } from "./port.ts";
import { findProgram } from "./programs.ts";

/** Where Apache is, or undefined: `describe.skipIf(apache === undefined)`. */
export const apache = findProgram("apache2");

/** Where Debian keeps its modules. */
const moduleFolder = "/usr/lib/apache2/modules";

/**
 * Starts Apache. Where this process is root's, Apache and so what it starts run as nobody. As in Debian's own
 * configuration no folder may be served that is not granted.
 *
 * @param config what belongs to the one server, such as a ScriptAlias
 * @param modules what has to be there besides the modules that Debian always loads
 * @param certificate for a second port that speaks TLS
 */
export async function startApache(
  config: string,
  modules: readonly string[],
  certificate?: Certificate,
): Promise<Front> {
  if (apache === undefined) throw new Error("Apache is missing");
  const folder = temporaryFolder();
  chmodSync(folder.path, 0o755);
  const port = await freePort();
  const tlsPort = certificate && (await freePort());
  const path = join(folder.path, "apache.conf");
  const loaded = ["mpm_event", "authz_core", "alias", "env", ...modules];
  if (certificate !== undefined) loaded.push("ssl");
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
    DefaultRuntimeDir ${folder.path}
    ${modules.includes("cgid") ? `ScriptSock ${folder.path}/cgid.sock` : ""}
    ${modules.includes("fcgid") ? `FcgidIPCDir ${folder.path}/fcgid\nFcgidProcessTableFile ${folder.path}/fcgid.shm` : ""}
    DocumentRoot ${folder.path}
    ErrorLog ${folder.path}/error.log
    <Directory "/">
      AllowOverride None
      Require all denied
    </Directory>
    ${config}
    ${certificate === undefined ? "" : tlsHost(tlsPort, certificate)}
  `,
  );
  const log = (): string => {
    const file = join(folder.path, "error.log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
  const child = new Child(apache, ["-D", "FOREGROUND", "-f", path]);
  return runningFront(child, port, folder, tlsPort, log);
}

/** The same server on a port that speaks TLS: a virtual host inherits what stands outside of it. */
function tlsHost(port: number | undefined, { certificatePath, keyPath }: Certificate): string {
  return `
    Listen 127.0.0.1:${port}
    <VirtualHost 127.0.0.1:${port}>
      SSLEngine on
      SSLCertificateFile ${certificatePath}
      SSLCertificateKeyFile ${keyPath}
    </VirtualHost>
  `;
}
