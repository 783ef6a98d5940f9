// A real nginx for tests, in front of a FastCGI socket, with the parameters that Debian ships, or of an HTTP socket.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { type Front, runningFront } from "./front.ts";
import { freePort } from "./port.ts";
import { findProgram } from "./programs.ts";

/** Where nginx is, or undefined: `describe.skipIf(nginx === undefined)`. */
export const nginx = findProgram("nginx");

const passes = {
  fcgi: (kept: boolean) => `
          include /etc/nginx/fastcgi_params;
          fastcgi_pass application;
          fastcgi_keep_conn ${kept ? "on" : "off"};
          fastcgi_read_timeout 10s;`,
  http: (kept: boolean) => `
          proxy_pass http://application;
          proxy_http_version 1.1;
          proxy_set_header Connection "${kept ? "" : "close"}";
          proxy_read_timeout 10s;`,
};

export async function startNginx(
  socketPath: string,
  keptConnections: boolean,
  protocol: keyof typeof passes = "fcgi",
): Promise<Front> {
  if (nginx === undefined) throw new Error("nginx is missing");
  const folder = temporaryFolder();
  const port = await freePort();
  const config = join(folder.path, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    config,
    `
    ${process.getuid?.() === 0 ? "user root;" : ""}
    daemon off;
    worker_processes 1;
    pid ${folder.path}/pid;
    error_log stderr error;
    events {}
    http {
      access_log off;
      client_max_body_size 0;
      ${temporary.map((name) => `${name}_temp_path ${folder.path}/${name};`).join("\n")}
      upstream application {
        server unix:${socketPath};
        ${keptConnections ? "keepalive 4;" : ""}
      }
      server {
        listen 127.0.0.1:${port};
        location / {${passes[protocol](keptConnections)}
        }
      }
    }
  `,
  );
  const child = new Child(nginx, ["-c", config, "-e", "stderr"]);
  return runningFront(child, port, folder);
}
