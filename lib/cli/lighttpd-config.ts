import { basename } from "node:path";
import { mediaTypes } from "../framework/media-types.ts";

/** What lighttpd is told. */
export interface LighttpdSettings {
  readonly host: string;
  readonly port: number;
  /** A folder of this lighttpd's own: its sockets, uploads on their way, and an empty document root. */
  readonly folder: string;
  /** What starts the application: split at blanks by lighttpd, which knows no quotes there. */
  readonly application: string;
  /** A folder whose files lighttpd sends by itself, at the folder's name. */
  readonly staticFolder?: string | undefined;
}

/** Processes of the application, so that one that computes does not stop the site. */
const processes = 2;

/** Largest request body that lighttpd takes, in KiB: 128 MiB. Applications have smaller limits of their own. */
const maxRequestKib = 131_072;

/** How long lighttpd waits for requests in progress when it is told to stop, in seconds. */
const graceSeconds = 5;

/** A lighttpd.conf for one application at the root of the site, spawned by lighttpd. */
export function lighttpdConfig({ host, port, folder, application, staticFolder }: LighttpdSettings): string {
  return `\
server.modules = ("mod_alias", "mod_fastcgi")
server.bind = ${quoted(host.includes(":") ? `[${host}]` : host)}
server.port = ${port}
server.document-root = ${quoted(`${folder}/empty`)}
server.upload-dirs = (${quoted(folder)})
server.max-request-size = ${maxRequestKib}

# Bodies go through as they come, in both directions, and the application hears when a client has gone. A request
# body without a length (chunked) cannot go through FastCGI so: lighttpd answers 411.
server.stream-request-body = 2
server.stream-response-body = 2

server.feature-flags = ("server.graceful-shutdown-timeout" => ${graceSeconds})

${staticFolder === undefined ? "" : staticFiles(staticFolder)}
# The application finds the listening socket on descriptor 0. Without fix-root-scriptname lighttpd takes the first
# part of a path for the name of a script; check-local would look for files.
fastcgi.server = ("/" => ((
  "bin-path" => ${quoted(application)},
  "socket" => ${quoted(`${folder}/app.sock`)},
  "max-procs" => ${processes},
  "check-local" => "disable",
  "fix-root-scriptname" => "enable"
)))
${staticFolder === undefined ? "" : "}\n"}`;
}

/** What the application's section below it must not answer: files without a dot at the start of a name. */
function staticFiles(folder: string): string {
  const name = basename(folder);
  const types = Object.entries(mediaTypes()).map(([end, type]) => `  ".${end}" => ${quoted(type)},`);
  const pattern = `^/${name.replace(/[^\w-]/g, "\\$&")}(/[^./][^/]*)+$`;
  return `\
mimetype.assign = (
${types.join("\n")}
  "" => "application/octet-stream"
)
$HTTP["url"] =~ ${quoted(pattern)} {
  alias.url = (${quoted(`/${name}/`)} => ${quoted(`${folder}/`)})
} else {
`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
