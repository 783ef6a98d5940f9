import { isIP } from "node:net";
import type { Application } from "../gateway/types.ts";

/**
 * Answers requests for this machine's own names only: another name that leads here is a page elsewhere that lets a
 * browser read what it should not (DNS rebinding).
 *
 * @param listening the hosts that are listened on; on more than the loopback any address in digits will do
 */
export function localHosts(application: Application, listening: readonly string[]): Application {
  return (environ, startResponse) => {
    const host = hostName(environ.HTTP_HOST ?? "");
    if (isLocal(host, listening)) return application(environ, startResponse);
    startResponse("403 Forbidden", [["Content-Type", "text/plain; charset=utf-8"]]);
    return ["The development server answers to localhost and to loopback addresses only.\n"];
  };
}

function hostName(header: string): string {
  return header
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
}

function isLocal(host: string, listening: readonly string[]): boolean {
  return isLoopback(host) || (!listening.every(isLoopback) && isIP(host) !== 0);
}

function isLoopback(host: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|::1)$/.test(host);
}
