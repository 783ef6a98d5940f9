// nginx in front of one unix socket, with connections that it keeps or opens anew for each request.

import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import type { Front } from "./front.ts";
import { startNginx } from "./nginx.ts";

const passes = {
  fcgi: (kept: boolean) => `
          include fastcgi_params;
          fastcgi_pass application;
          fastcgi_keep_conn ${kept ? "on" : "off"};
          fastcgi_read_timeout 10s;`,
  http: (kept: boolean) => `
          proxy_pass http://application;
          proxy_http_version 1.1;
          proxy_set_header Connection "${kept ? "" : "close"}";
          proxy_read_timeout 10s;`,
};

export function startNginxBefore(
  socketPath: string,
  keptConnections: boolean,
  protocol: keyof typeof passes,
): Promise<Front> {
  // Its worker may be another user's.
  chmodSync(dirname(socketPath), 0o755);
  chmodSync(socketPath, 0o666);
  return startNginx(
    (listen) => `
      upstream application {
        server unix:${socketPath};
        ${keptConnections ? "keepalive 4;" : ""}
      }
      server {
        ${listen}
        location / {${passes[protocol](keptConnections)}
        }
      }`,
  );
}
