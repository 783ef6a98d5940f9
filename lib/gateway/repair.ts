// What stock configurations of web servers do to SCRIPT_NAME and PATH_INFO, undone by name. A front end that says
// where the application is mounted is believed, so nothing here touches its requests.

import { below, decodePath, targetPath } from "./path.ts";
import type { Environ } from "./types.ts";

interface Repair {
  /** Its name and the reason for it, in words. */
  readonly description: string;
  applies(environ: Environ): boolean;
}

/** Fronts that send the whole path as SCRIPT_NAME and no PATH_INFO: the application is at the root. */
const repairs: readonly Repair[] = [
  {
    description: "nginx-fastcgi: nginx's fastcgi_params put the whole path into SCRIPT_NAME",
    applies: (environ) =>
      environ["DOCUMENT_URI"] !== undefined &&
      environ.SCRIPT_NAME === environ["DOCUMENT_URI"] &&
      environ.SERVER_SOFTWARE?.startsWith("nginx") === true,
  },
  {
    description: "apache-proxy: Apache's ProxyPass puts the whole path into SCRIPT_NAME",
    applies: (environ) => {
      const file = environ["SCRIPT_FILENAME"];
      return typeof file === "string" && file.startsWith("proxy:");
    },
  },
  {
    description: "nginx-scgi: nginx's scgi_params send neither SCRIPT_NAME nor PATH_INFO",
    applies: (environ) => environ.SCRIPT_NAME === undefined && environ["DOCUMENT_URI"] !== undefined,
  },
];

/** Mounts the application at the root where a known front end could not say so; gives the repair's description. */
export function repairMount(environ: Environ): string | undefined {
  if (environ.PATH_INFO !== undefined || environ.REQUEST_URI === undefined) return undefined;
  const repair = repairs.find((candidate) => candidate.applies(environ));
  if (repair === undefined) return undefined;
  mountAt(environ, "");
  return repair.description;
}

/** Splits the path of REQUEST_URI at a mount point that the operator named. Does nothing when it is not below it. */
export function mountAt(environ: Environ, scriptName: string): void {
  const path =
    environ.REQUEST_URI === undefined
      ? (environ.SCRIPT_NAME ?? "") + (environ.PATH_INFO ?? "")
      : decodePath(targetPath(environ.REQUEST_URI));
  const mount = scriptName.endsWith("/") ? scriptName.slice(0, -1) : scriptName;
  const rest = below(mount, path);
  if (rest === undefined) return;
  environ.SCRIPT_NAME = mount;
  environ.PATH_INFO = rest;
}
