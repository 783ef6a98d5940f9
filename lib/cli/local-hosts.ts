import { isIP } from "node:net";
import { isLoopbackName, parseHost } from "../gateway/host.ts";
import type { Application } from "../gateway/types.ts";

/**
 * Answers requests for this machine's own names only: another name that leads here is a page elsewhere that lets a
 * browser read what it should not (DNS rebinding).
 *
 * @param listening the hosts that are listened on; on more than the loopback any address in digits will do
 */
export function localHosts(application: Application, listening: readonly string[]): Application {
  return (environ, startResponse) => {
    const host = parseHost(environ.HTTP_HOST ?? "");
    if (host !== undefined && isLocal(host.name, listening)) return application(environ, startResponse);
    startResponse("403 Forbidden", [["Content-Type", "text/plain; charset=utf-8"]]);
    return ["The development server answers to localhost and to loopback addresses only.\n"];
  };
}

function isLocal(name: string, listening: readonly string[]): boolean {
  return isLoopbackName(name) || (!listening.every(isLoopback) && isIP(name.replace(/^\[|\]$/g, "")) !== 0);
}

function isLoopback(address: string): boolean {
  return isLoopbackName(isIP(address) === 6 ? `[${address}]` : address);
}
