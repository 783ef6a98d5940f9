import type { FileInPath } from "../../gateway/file-in-path.ts";
import type { Environ } from "../../gateway/types.ts";
import { REQUEST_VARIABLES } from "../../gateway/variables.ts";

/**
 * Not passed: a script would show a password to everybody who can see its process, or takes a proxy from the client
 * (httpoxy).
 */
const WITHHELD: ReadonlySet<string> = new Set([
  "HTTP_AUTHORIZATION",
  "HTTP_PROXY_AUTHORIZATION",
  "HTTP_PROXY",
]);

/** Where programs are looked for when this process itself has no PATH. */
const PATH = "/usr/local/bin:/usr/bin:/bin";

/** The variables of a script's process: nothing of this process but its PATH. */
export function scriptVariables(
  environ: Environ,
  script: FileInPath,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const variables: Record<string, string> = { PATH: process.env["PATH"] ?? PATH };
  const pass = (name: string): void => {
    const value = environ[name];
    // A variable cannot hold a NUL.
    if (typeof value === "string" && !value.includes("\0")) variables[name] = textOf(value);
  };
  for (const name of REQUEST_VARIABLES) pass(name);
  for (const name of Object.keys(environ)) {
    if (name.startsWith("HTTP_") && !WITHHELD.has(name)) pass(name);
  }
  variables["GATEWAY_INTERFACE"] = "CGI/1.1";
  variables["SERVER_SOFTWARE"] = environ.SERVER_SOFTWARE ?? "postern";
  variables["SCRIPT_NAME"] = textOf(environ.SCRIPT_NAME + script.name);
  variables["SCRIPT_FILENAME"] = script.file;
  variables["PATH_INFO"] = textOf(script.pathInfo.replaceAll("\0", ""));
  // php-cgi runs only where it is told that a web server has called it.
  variables["REDIRECT_STATUS"] = "200";
  return { ...variables, ...more };
}

/** Node writes variables as UTF-8: bytes that are UTF-8 have to be text before to stay the same. */
function textOf(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, "latin1").toString();
  return text.includes("\ufffd") ? bytes : text;
}
