import { HEADER_NAME } from "../../gateway/head.ts";
import { decodePath } from "../../gateway/path.ts";
import type { Environ } from "../../gateway/types.ts";
import { addVariable, emptyEnviron } from "../../gateway/variables.ts";

/** The CGI variables (RFC 3875 §4.1) of a Request, as far as it knows them: not who sent it. */
export function environOf(request: Request): Environ {
  const environ = emptyEnviron();
  const { protocol, hostname, host, port, pathname, search } = new URL(request.url);
  const secure = protocol === "https:";
  environ.REQUEST_METHOD = request.method;
  environ.SCRIPT_NAME = "";
  environ.PATH_INFO = decodePath(pathname);
  environ.QUERY_STRING = search.slice(1);
  environ.REQUEST_URI = pathname + search;
  environ.SERVER_NAME = hostname;
  environ.SERVER_PORT = port || (secure ? "443" : "80");
  environ.SERVER_PROTOCOL = "HTTP/1.1";
  environ.SERVER_SOFTWARE = "postern";
  environ["GATEWAY_INTERFACE"] = "CGI/1.1";
  if (secure) environ.HTTPS = "on";
  for (const [name, value] of request.headers) addHeader(environ, name, value);
  environ.HTTP_HOST ??= host;
  return environ;
}

function addHeader(environ: Environ, name: string, value: string): void {
  // `x-a` and `x_a` would be one variable, and a client could forge the one that a proxy sets.
  if (!HEADER_NAME.test(name) || name.includes("_")) return;
  const variable = name.toUpperCase().replaceAll("-", "_");
  if (variable === "CONTENT_TYPE" || variable === "CONTENT_LENGTH") environ[variable] = value;
  else addVariable(environ, `HTTP_${variable}`, value);
}
