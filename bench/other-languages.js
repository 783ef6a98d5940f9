// FastCGI servers of other languages, those that are there.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { nginxRequestFor } from "./request-bytes.js";
import { fastcgiRequest, program } from "./servers.js";

/** Of servers in which a process serves one connection: one for each of the load's, and some to look at the first response. */
const PROCESSES = 36;

const file = (name) => fileURLToPath(new URL(`backends/${name}`, import.meta.url));

/**
 * @param {import("./peers.js").Peers} peers
 * @param {string} folder for files
 * @returns {import("./side-by-side.js").Definition[]}
 */
export function otherLanguages(peers, folder) {
  const request = fastcgiRequest("kept");
  const { go, libfcgi, phpFpm, plack } = peers;
  const found = [];
  if (go !== undefined) found.push(goServer(go, request));
  if (libfcgi !== undefined)
    found.push(program("libfcgi in C", (path) => [libfcgi, path, `${PROCESSES}`], request));
  if (phpFpm !== undefined) found.push(php(phpFpm, folder));
  if (plack !== undefined) {
    const args = ["-s", "FCGI", "-E", "deployment", "--no-default-middleware", "--nproc", `${PROCESSES}`];
    const command = (path) => [plack, ...args, "--listen", path, file("hello.psgi")];
    found.push(program("Perl Plack", command, request));
  }
  return found;
}

/** @param {string} go path of the program */
export function goServer(go, request) {
  return program("Go net/http/fcgi", (path) => [go, path], request);
}

function php(phpFpm, folder) {
  // A user who is not root may not read everybody's folders, and PHP-FPM's children may be another one.
  const script = `${folder}/hello.php`;
  writeFileSync(script, readFileSync(file("hello.php")));
  const isRoot = process.getuid?.() === 0;
  const command = (path) => {
    const configuration = `${path}.conf`;
    writeFileSync(
      configuration,
      `[global]
error_log = /dev/null
daemonize = no
[bench]
listen = ${path}
listen.mode = 0666
pm = static
pm.max_children = ${PROCESSES}
${isRoot ? "user = root\n" : ""}`,
    );
    return [phpFpm, "-n", "-F", "-y", configuration, ...(isRoot ? ["-R"] : [])];
  };
  return program("PHP-FPM", command, nginxRequestFor(script));
}
