// A real nginx for tests: started from a piece of configuration, with the parameter files that Debian ships.

import { chmodSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { type Front, runningFront } from "./front.ts";
import type { Certificate } from "./fronts/certificate.ts";
import { freePort } from "./port.ts";
import { findProgram } from "./programs.ts";

/** Where nginx is, or undefined: `describe.skipIf(nginx === undefined)`. */
export const nginx = findProgram("nginx");

/**
 * Starts nginx in a folder of its own. Where this process is root's, its worker runs as nobody.
 *
 * @param config what belongs into `http`, given the `listen` lines of its server
 * @param certificate for a second port that speaks TLS
 */
export async function startNginx(
  config: (listen: string) => string,
  certificate?: Certificate,
): Promise<Front> {
  if (nginx === undefined) throw new Error("nginx is missing");
  const folder = temporaryFolder();
  chmodSync(folder.path, 0o755);
  for (const name of readdirSync("/etc/nginx").filter((name) => name.endsWith("_params"))) {
    symlinkSync(join("/etc/nginx", name), join(folder.path, name));
  }
  const port = await freePort();
  const listen = [`listen 127.0.0.1:${port};`];
  const tlsPort = certificate && (await freePort());
  if (certificate !== undefined) {
    listen.push(`listen 127.0.0.1:${tlsPort} ssl;`);
    listen.push(`ssl_certificate ${certificate.certificatePath};`);
    listen.push(`ssl_certificate_key ${certificate.keyPath};`);
  }
  const path = join(folder.path, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    path,
    `
    ${process.getuid?.() === 0 ? "user nobody nogroup;" : ""}
    daemon off;
    worker_processes 1;
    pid ${folder.path}/pid;
    error_log stderr error;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder.path}/${name};`).join("\n")}
      ${config(listen.join("\n"))}
    }
  `,
  );
  const child = new Child(nginx, ["-c", path, "-e", "stderr"]);
  return runningFront(child, port, folder, tlsPort);
}
