// Web servers in front of a backend: each started with a configuration of its own, on a unix socket.

import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Program } from "./program.js";

/**
 * @typedef {object} Front
 * @property {"lighttpd" | "nginx"} program
 * @property {"fastcgi" | "http"} protocol how it speaks to the backend
 */

/** Debian's folders of servers are not in everybody's PATH. */
const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin"];

/** Where a program is; undefined where it is missing. */
export function findProgram(name) {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * @param {Front} front
 * @param {string} backend path of the backend's socket
 * @param {string} path of the front's own
 * @param {string} folder for its files
 */
export async function startFront({ program, protocol }, backend, path, folder) {
  const configuration = `${path}.conf`;
  const write = { lighttpd: lighttpdConfiguration, nginx: nginxConfiguration }[program];
  writeFileSync(configuration, write(protocol, backend, path, folder));
  // Where this process is root's, nginx's worker is nobody's.
  chmodSync(folder, 0o755);
  chmodSync(backend, 0o666);
  const args = { lighttpd: ["-D", "-f", configuration], nginx: ["-c", configuration, "-e", "stderr"] };
  const front = new Program([findProgram(program), ...args[program]], path);
  try {
    await front.answer();
  } catch (error) {
    await front.stop();
    throw error;
  }
  return { path, pid: front.pid, stop: () => front.stop() };
}

/**
 * lighttpd writes a body that it passes on to a file first, and what a FastCGI server sends as well, although it is told to stream
 * them. On a disk that would be most of what is measured, of what the next transfers do too.
 */
const memoryFolder = "/dev/shm";

/** Otherwise it offers ranges of some responses and not of others, by how they come. */
const sameLengths = `server.range-requests = "disable"`;

function lighttpdConfiguration(protocol, backend, path, folder) {
  const passOn =
    protocol === "fastcgi"
      ? `server.modules += ("mod_fastcgi")
fastcgi.server = ("/" => (("socket" => "${backend}", "check-local" => "disable", "fix-root-scriptname" => "enable")))`
      : `server.modules += ("mod_proxy")
proxy.server = ("" => (("host" => "${backend}")))`;
  return `server.document-root = "${folder}"
server.bind = "${path}"
server.upload-dirs = ("${existsSync(memoryFolder) ? memoryFolder : folder}")
server.max-keep-alive-requests = 65535
${sameLengths}
server.stream-request-body = 2
server.stream-response-body = 2
${passOn}
`;
}

function nginxConfiguration(protocol, backend, path, folder) {
  const passOn =
    protocol === "fastcgi"
      ? `include /etc/nginx/fastcgi_params;
      fastcgi_pass unix:${backend};
      fastcgi_request_buffering off;
      fastcgi_max_temp_file_size 0;`
      : `proxy_pass http://unix:${backend}:;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;`;
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `${process.getuid?.() === 0 ? "user nobody nogroup;" : ""}
daemon off;
worker_processes 1;
pid ${path}.pid;
error_log stderr error;
events {}
http {
  access_log off;
  keepalive_requests 1000000;
  client_max_body_size 0;
  ${kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n  ")}
  server {
    listen unix:${path};
    location / {
      ${passOn}
    }
  }
}
`;
}
