// What stock configurations of web servers do to SCRIPT_NAME and PATH_INFO, undone by name. A front end that says
// where the application is mounted is believed, so nothing here touches its requests.

import { GatewayError, ProtocolError } from "../errors.ts";
import type { PathVariables } from "./environ.ts";
import { below, decodePath, hasDotSegments, targetPath } from "./path.ts";

interface Repair {
  readonly name: string;
  readonly reason: string;
  applies(environ: PathVariables): boolean;
  apply(environ: PathVariables): void;
}

const atRoot = (environ: PathVariables): void => mountAt(environ, "");

/** In the first three the front sends the whole path in one variable: the application is at the root. */
const repairs = [
  {
    name: "nginx-fastcgi",
    reason: "nginx's fastcgi_params put the whole path into SCRIPT_NAME",
    applies: (environ) =>
      environ.PATH_INFO === undefined &&
      environ.SCRIPT_NAME !== undefined &&
      environ.SCRIPT_NAME === environ.DOCUMENT_URI &&
      environ.SERVER_SOFTWARE?.startsWith("nginx") === true,
    apply: atRoot,
  },
  {
    name: "apache-proxy",
    reason: "Apache's ProxyPass puts the whole path into SCRIPT_NAME",
    applies: (environ) => environ.PATH_INFO === undefined && isProxied(environ, "proxy:"),
    apply: atRoot,
  },
  {
    name: "nginx-scgi",
    reason: "nginx's scgi_params send neither SCRIPT_NAME nor PATH_INFO",
    applies: (environ) =>
      environ.PATH_INFO === undefined &&
      environ.SCRIPT_NAME === undefined &&
      environ.DOCUMENT_URI !== undefined,
    apply: atRoot,
  },
  {
    name: "apache-uwsgi",
    reason: "Apache's mod_proxy_uwsgi sends PATH_INFO / for the mount point itself, which has no slash",
    applies: (environ) =>
      environ.PATH_INFO === "/" &&
      isProxied(environ, "proxy:uwsgi:") &&
      environ.SCRIPT_NAME !== "" &&
      environ.SCRIPT_NAME === requestPath(environ) &&
      !environ.SCRIPT_NAME.endsWith("/"),
    apply: (environ) => {
      environ.PATH_INFO = "";
    },
  },
] as const satisfies readonly Repair[];

/** What can be undone, by name. */
export type RepairName = (typeof repairs)[number]["name"];

/** Which repairs may be made: all, none, or those that are named. */
export type Repairs = boolean | readonly RepairName[];

const descriptions = new Map(repairs.map(({ name, reason }) => [name, `${name}: ${reason}`]));

/** @throws {GatewayError} `OPTION` when it is no list, or a name is none of a repair, which would go unnoticed */
export function checkRepairs(chosen: Repairs): void {
  if (typeof chosen === "boolean") return;
  const known: readonly string[] = repairs.map(({ name }) => name);
  if (!Array.isArray(chosen)) {
    throw new GatewayError(
      "OPTION",
      `option "repair" is ${JSON.stringify(chosen)}; give true, false, or a list of ${known.join(", ")}`,
    );
  }
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new GatewayError(
    "OPTION",
    `option "repair" names ${JSON.stringify(unknown)}; there are ${known.join(", ")}`,
  );
}

/** @throws {GatewayError} `OPTION` when it is no path, below which no request would ever be */
export function checkMount(scriptName: string): void {
  if (scriptName === "" || (typeof scriptName === "string" && scriptName.startsWith("/"))) return;
  throw new GatewayError(
    "OPTION",
    `option "scriptName" is ${JSON.stringify(scriptName)}; give "" or a path that begins with a slash`,
  );
}

/**
 * Undoes what a known front end did, where one of the chosen repairs fits; gives its name and the reason for it.
 *
 * @throws {ProtocolError} as {@link requestPath} does
 */
export function repairMount(environ: PathVariables, chosen: Repairs): string | undefined {
  const { PATH_INFO: path, SCRIPT_NAME: mount } = environ;
  // Of most requests this is all that is looked at: only one of the repairs is of a path that was sent.
  if (path !== undefined && (path !== "/" || mount === "" || !isProxied(environ, "proxy:uwsgi:")))
    return undefined;
  if (environ.REQUEST_URI === undefined) return undefined;
  const repair = repairs.find((one) => {
    return (chosen === true || (chosen !== false && chosen.includes(one.name))) && one.applies(environ);
  });
  if (repair === undefined) return undefined;
  repair.apply(environ);
  return descriptions.get(repair.name);
}

function isProxied(environ: PathVariables, prefix: string): boolean {
  const file = environ.SCRIPT_FILENAME;
  return typeof file === "string" && file.startsWith(prefix);
}

/**
 * Splits the path of the request at a mount point that the operator named. Does nothing when it is not below it.
 *
 * @throws {ProtocolError} as {@link requestPath} does
 */
export function mountAt(environ: PathVariables, scriptName: string): void {
  const path = requestPath(environ);
  const mount = scriptName.endsWith("/") ? scriptName.slice(0, -1) : scriptName;
  const rest = below(mount, path);
  if (rest === undefined) return;
  environ.SCRIPT_NAME = mount;
  environ.PATH_INFO = rest;
}

/**
 * The path of the request, decoded: that of REQUEST_URI, which has its repeated slashes still. Where it has dot segments
 * it is what the front end made of them, since that is the path that its rules were about: `/admin/../x` is past what
 * it denies for `/admin`.
 *
 * @throws {ProtocolError} `REQUEST_URI` when there are dot segments and the front end does not say what it made of them
 */
export function requestPath(environ: PathVariables): string {
  const target = environ.REQUEST_URI;
  if (target === undefined) return splitPath(environ);
  const path = decodePath(targetPath(target));
  if (!hasDotSegments(path)) return path;
  const documentUri = environ.DOCUMENT_URI;
  const matched = typeof documentUri === "string" && documentUri !== "" ? documentUri : splitPath(environ);
  if (matched !== "") return matched;
  throw new ProtocolError(
    "REQUEST_URI",
    "the path of REQUEST_URI has dot segments; the web server has to send what it made of it as DOCUMENT_URI or PATH_INFO",
  );
}

function splitPath({ SCRIPT_NAME: mount = "", PATH_INFO: rest = "" }: PathVariables): string {
  return mount + rest;
}
