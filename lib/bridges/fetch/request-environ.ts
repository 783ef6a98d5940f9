import { addHeader } from "../../gateway/header-variable.ts";
import { decodePath } from "../../gateway/path.ts";
import type { Environ } from "../../gateway/types.ts";
import { emptyEnviron } from "../../gateway/variables.ts";

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
