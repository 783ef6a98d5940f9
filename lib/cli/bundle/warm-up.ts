// First requests to a bundled script: they fill its code cache, and show whether it answers at all.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";

export interface WarmUp {
  /** Status and reason, or what happened instead. */
  readonly answer: string;
  readonly isFine: boolean;
  /** What the script wrote to its log. */
  readonly log: string;
}

/** How long a script may take, in milliseconds. */
const TIMEOUT_MS = 20_000;

/**
 * Asks a script for a path, as a web server would.
 *
 * @param cache what becomes of the code cache: `write` adds to it, `anew` makes another one, which has the values that were kept,
 *   and no code that only makes these
 */
export async function warmUp(script: string, target: string, cache: "write" | "anew"): Promise<WarmUp> {
  const [path = "/", query = ""] = target.split(/\?(.*)/s);
  const child = spawn(process.execPath, [script], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
    env: {
      ...process.env,
      GATEWAY_INTERFACE: "CGI/1.1",
      REQUEST_METHOD: "GET",
      REQUEST_URI: target,
      SCRIPT_NAME: "",
      SCRIPT_FILENAME: script,
      PATH_INFO: decodeURIComponent(path),
      QUERY_STRING: query,
      SERVER_NAME: "localhost",
      SERVER_PORT: "80",
      SERVER_PROTOCOL: "HTTP/1.1",
      SERVER_SOFTWARE: "postern bundle",
      REMOTE_ADDR: "127.0.0.1",
      HTTP_HOST: "localhost",
      POSTERN_CODE_CACHE: cache,
      POSTERN_SERVER: "cgi",
    },
  });
  let [head, log] = ["", ""];
  child.stdout.setEncoding("latin1").on("data", (text: string) => {
    if (head.length < 1_000) head += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  const answer = /^Status: (\d{3}[^\r\n]*)/.exec(head)?.[1];
  if (answer !== undefined) return { answer, isFine: answer < "400" && status === 0, log };
  const end = signal === null ? `ended with status ${status}` : `was ended after ${TIMEOUT_MS / 1_000} s`;
  return { answer: `no answer: ${basename(script)} ${end}`, isFine: false, log };
}
