// Files that the web server sends itself, at the application's word.

import { resolve, sep } from "node:path";
import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Body, FileBody, Middleware } from "../gateway/types.ts";
import { isFileBody } from "./response-filter/body-kinds.ts";
import { filterResponse, type ResponseHead } from "./response-filter.ts";

/** What the web server understands, and which files it may be told of. */
export type SendfileOptions =
  | {
      /**
       * `"X-Sendfile"` for lighttpd with `"x-sendfile" => "enable"` and Apache with mod_xsendfile; `"X-LIGHTTPD-send-file"` is
       * lighttpd's alone, and there serves for files that Apache would spoil.
       */
      readonly header: "X-Sendfile" | "X-LIGHTTPD-send-file";

      /**
       * The folders that the web server sends from, as its own configuration has them (`x-sendfile-docroot`, `XSendFilePath`). Files
       * elsewhere are sent by the application.
       *
       * @defaultValue all
       */
      readonly folders?: readonly string[] | undefined;
    }
  | {
      /** For nginx. */
      readonly header: "X-Accel-Redirect";

      /**
       * Folders, and the `internal` location that nginx has each of them at: `{ "/srv/site/files": "/files" }` for
       * `location /files/ { internal; alias /srv/site/files/; }`. Files elsewhere are sent by the application.
       */
      readonly folders: Readonly<Record<string, string>>;
    };

/**
 * Replaces a body that is a file by a header with its path, so that the web server opens and sends it and the application is free
 * for the next request. The file is not opened here. A part of a file that the client asked for (206) becomes the whole one: the web
 * server does ranges by the same `Range`.
 *
 * Only for status 200 and 206. Unless it is with `X-LIGHTTPD-send-file`, not for files with a `Content-Encoding`, since nginx and
 * Apache drop that header; with `X-Sendfile` not for those whose path is written otherwise in a URL, which lighttpd decodes and
 * Apache does not. nginx also sets its own `ETag`, `Last-Modified` and `Content-Length`.
 *
 * Which header is sent is fixed here and never follows from the request, as it did in Rack before CVE-2025-61780: a client that
 * chooses it, or the mapping, reads other files. Danger: a web server that does not know the header sends an empty body, and the path
 * with it to the client. It also follows symbolic links by its own rules, such as nginx's `disable_symlinks`.
 *
 * @example
 * pipeline([sendfile({ header: "X-Sendfile" }), staticFiles("public", { prefix: "/static" })], app)
 *
 * @throws {GatewayError} `OPTION` when the header is none of these, or a location does not begin with a slash
 */
export function sendfile(options: SendfileOptions): Middleware {
  checkOptions("sendfile()", options, { header: true, folders: true });
  const { header } = options;
  const address = addresses(options);
  const replace = (head: ResponseHead, body: Body): Body => {
    const { headers } = head;
    if (!isFileBody(body) || !isWhole(head, body)) return body;
    if (header !== "X-LIGHTTPD-send-file" && headers.has("Content-Encoding")) return body;
    const path = address(resolve(body.path));
    if (path === undefined) return body;
    const encoded = encodeURI(path).replace(/[?#]/g, encodeURIComponent);
    if (header === "X-Sendfile" && encoded !== path) return body;
    if (head.code === 206) head.status = "200 OK";
    headers.remove("Content-Range");
    headers.remove("Content-Length");
    headers.set(header, encoded);
    return [];
  };
  return (application) => (environ, startResponse) =>
    filterResponse(application, environ, startResponse, replace);
}

/** A part that is sent with a 200 is something of its own, which the web server cannot know. */
function isWhole({ code }: ResponseHead, { range }: FileBody): boolean {
  return code === 206 || (code === 200 && (range.start ?? 0) === 0 && range.end === undefined);
}

/** What the web server calls the file at an absolute path; undefined where it has no name for it. */
function addresses(options: SendfileOptions): (path: string) => string | undefined {
  switch (options.header) {
    case "X-Sendfile":
    case "X-LIGHTTPD-send-file": {
      const folders = options.folders?.map(folderPrefix);
      return (path) =>
        folders === undefined || folders.some((folder) => path.startsWith(folder)) ? path : undefined;
    }
    case "X-Accel-Redirect": {
      const locations = Object.entries(options.folders).map(([folder, location]) => {
        if (!location.startsWith("/"))
          throw new GatewayError(
            "OPTION",
            `the location ${JSON.stringify(location)} does not begin with "/"`,
          );
        return { folder: folderPrefix(folder), location: location.replace(/\/*$/, "/") };
      });
      // The innermost folder that a file is in.
      locations.sort((one, other) => other.folder.length - one.folder.length);
      return (path) => {
        const found = locations.find(({ folder }) => path.startsWith(folder));
        return found && found.location + path.slice(found.folder.length);
      };
    }
    default:
      throw new GatewayError(
        "OPTION",
        `there is no header ${JSON.stringify((options as { header: unknown }).header)}; ` +
          'give "X-Sendfile" or "X-Accel-Redirect"',
      );
  }
}

/** With its separator, so that a folder does not stand for another whose name begins alike. */
function folderPrefix(folder: string): string {
  const path = resolve(folder);
  return path.endsWith(sep) ? path : path + sep;
}
