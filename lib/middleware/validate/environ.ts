import type { Environ } from "../../gateway/types.ts";
import { serverFault, shown } from "./fault.ts";

/** Takes a sentence about something that is allowed but looks wrong. */
type Warn = (sentence: string) => void;

//: ## The environ
//:
//: One request. The server makes it; a middleware may copy and change it. A breach is the server's, and throws a
//: `GatewayError` of code `GATEWAY_ENVIRON`. Variables in capitals without a dot are those of CGI (RFC 3875 §4.1);
//: what CGI does not define has a dot in its name, so that no header and no web server can forge it.
//:

/** Checks everything but the streams and extensions, and gives the warnings. */
export function checkEnviron(environ: Environ): readonly string[] {
  const warnings: string[] = [];
  const warn: Warn = (sentence) => warnings.push(sentence);
  checkObject(environ);
  checkRequired(environ);
  checkVariables(environ);
  checkRequestLine(environ, warn);
  checkAddress(environ, warn);
  checkGatewayKeys(environ);
  return warnings;
}

function fault(sentence: string) {
  return serverFault("GATEWAY_ENVIRON", sentence);
}

//: ### The object
//:

function checkObject(environ: unknown): asserts environ is Environ {
  //: - **VE-03** It is an ordinary object, without a prototype or with `Object.prototype`, that belongs to this
  //:   request alone and may be changed: it is not frozen, sealed or closed to new keys.
  if (typeof environ !== "object" || environ === null)
    throw fault(`the environ is ${shown(environ)}: pass an object`);
  const prototype: unknown = Object.getPrototypeOf(environ);
  if (prototype !== null && prototype !== Object.prototype)
    throw fault("the environ has a prototype of its own: pass an ordinary object");
  if (!Object.isExtensible(environ)) throw fault("the environ is frozen: pass an object that may be changed");
  //: - **VE-04** All keys are strings.
  if (Object.getOwnPropertySymbols(environ).length > 0)
    throw fault("the environ has a symbol among its keys: name extensions with a string that holds a dot");
  //: - **VE-26** What costs something may be made when it is first read, as a getter. Such a property is
  //:   enumerable and can be assigned to, because middleware copies environs and replaces what is in them.
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(environ))) {
    const assignable = property.get === undefined ? property.writable : property.set !== undefined;
    if (!property.enumerable || !assignable)
      throw fault(`${key} is hidden or read-only: make it enumerable and assignable`);
  }
}

const variables = [
  "REQUEST_METHOD",
  "SCRIPT_NAME",
  "PATH_INFO",
  "QUERY_STRING",
  "SERVER_NAME",
  "SERVER_PORT",
  "SERVER_PROTOCOL",
] as const;

const gatewayKeys = [
  "wsgi.version",
  "wsgi.url_scheme",
  "wsgi.input",
  "wsgi.errors",
  "wsgi.multithread",
  "wsgi.multiprocess",
  "wsgi.run_once",
] as const;

const extensions = ["postern.signal", "postern.file_wrapper"] as const;

function checkRequired(environ: Environ): void {
  //: - **VE-06** `REQUEST_METHOD`, `SCRIPT_NAME`, `PATH_INFO`, `QUERY_STRING`, `SERVER_NAME`, `SERVER_PORT` and
  //:   `SERVER_PROTOCOL` are there in every request. PEP 3333 lets a server leave some out when they are empty.
  //: - **VE-11** `QUERY_STRING` is among them: `""` where the request has none.
  //: - **VE-07** `wsgi.version`, `wsgi.url_scheme`, `wsgi.input`, `wsgi.errors`, `wsgi.multithread`,
  //:   `wsgi.multiprocess` and `wsgi.run_once` are there in every request.
  //: - **VE-27** `postern.signal` and `postern.file_wrapper` are there in every request.
  for (const key of [...variables, ...gatewayKeys, ...extensions])
    if (!Object.hasOwn(environ, key)) throw fault(`${key} is missing: set it in every request`);
}

//: ### CGI variables
//:

function checkVariables(environ: Environ): void {
  for (const [key, { value, get }] of Object.entries(Object.getOwnPropertyDescriptors(environ))) {
    //: - **VE-25** The names of extensions hold a dot. The prefix `wsgi.` belongs to this document: a key with it
    //:   that is not listed here is refused, whether a peer or a middleware sent it.
    if (key.startsWith("wsgi.") && !gatewayKeys.some((known) => known === key))
      throw fault(`${key} is not a key of the gateway interface: give extensions a prefix of their own`);
    if (key.includes(".")) continue;
    //: - **VE-05** A key without a dot has a string as its value. One code point of it is one byte of the request, so
    //:   none is above 255. A variable without a value is left out or `""`; it is never `undefined`.
    const text: unknown = get === undefined ? value : get.call(environ);
    if (typeof text !== "string")
      throw fault(`${key} is ${shown(text)}: a CGI variable is a string; name an extension with a dot`);
    if (/[^\0-\xff]/.test(text))
      throw fault(`${key} holds a code point above 255: put bytes into it as Latin-1, not decoded text`);
  }
  //: - **VE-10** `HTTP_CONTENT_TYPE` and `HTTP_CONTENT_LENGTH` do not exist: these two have no prefix.
  for (const name of ["CONTENT_TYPE", "CONTENT_LENGTH"])
    if (`HTTP_${name}` in environ) throw fault(`HTTP_${name} is there: the variable's name is ${name}`);
  //: - **VE-28** `HTTP_PROXY` does not exist: many programs would take what the client sent in a header `Proxy` for
  //:   the proxy that their own requests must go through.
  if ("HTTP_PROXY" in environ) throw fault("HTTP_PROXY is there: drop the client's header Proxy");
  //: - **VE-29** `HTTP_TRANSFER_ENCODING` does not exist: the body arrives without any transfer coding.
  if ("HTTP_TRANSFER_ENCODING" in environ)
    throw fault("HTTP_TRANSFER_ENCODING is there: the body has no transfer coding any more, drop it");
}

const methods = new Set(
  "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT".split(
    " ",
  ),
);

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function checkRequestLine(environ: Environ, warn: Warn): void {
  const { REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, CONTENT_LENGTH, SERVER_PROTOCOL } = environ;
  //: - **VE-12** `REQUEST_METHOD` is a token (RFC 9110 §5.6.2), in the client's own letters. One that is not
  //:   registered gives a warning.
  if (!token.test(REQUEST_METHOD))
    throw fault(`REQUEST_METHOD is ${shown(REQUEST_METHOD)}: answer 400 instead of calling the application`);
  if (!methods.has(REQUEST_METHOD))
    warn(`REQUEST_METHOD is ${shown(REQUEST_METHOD)}, which nobody registered`);
  //: - **VE-13** `SCRIPT_NAME` is where the application is mounted: `""`, or a path that begins with a slash. It is
  //:   never a slash alone.
  if (!/^(\/.+)?$/s.test(SCRIPT_NAME))
    throw fault(`SCRIPT_NAME is ${shown(SCRIPT_NAME)}: make it "" at the root, else a path such as "/app"`);
  //: - **VE-14** `SCRIPT_NAME` should not end with a slash; one that does gives a warning.
  if (SCRIPT_NAME.endsWith("/"))
    warn(`SCRIPT_NAME is ${shown(SCRIPT_NAME)}: the slash at its end belongs to PATH_INFO`);
  //: - **VE-15** `PATH_INFO` is the rest of the path, percent-decoded once: `""`, or a path that begins with a slash.
  if (!/^(\/|$)/.test(PATH_INFO))
    throw fault(`PATH_INFO is ${shown(PATH_INFO)}: make it "" or a path that begins with "/"`);
  //: - **VE-16** One of the two is set: a request for the root of a server has `""` and `"/"`. Only `OPTIONS *`,
  //:   which asks about the server and not about a path, has neither.
  if (
    SCRIPT_NAME === "" &&
    PATH_INFO === "" &&
    !(REQUEST_METHOD === "OPTIONS" && environ.REQUEST_URI === "*")
  )
    throw fault('SCRIPT_NAME and PATH_INFO are both "": make PATH_INFO "/" for the root');
  //: - **VE-17** `CONTENT_LENGTH`, where it is there, is a number in digits alone. An empty one gives a warning: the
  //:   web server sent it, and the server should have left it out.
  if (CONTENT_LENGTH === "")
    warn(`CONTENT_LENGTH is empty: ${environ.SERVER_SOFTWARE || "the web server"} sent it so; leave it out`);
  else if (CONTENT_LENGTH !== undefined && !isLength(CONTENT_LENGTH))
    throw fault(`CONTENT_LENGTH is ${shown(CONTENT_LENGTH)}: answer 400 unless it is digits alone`);
  //: - **VE-20** `SERVER_PROTOCOL` is `HTTP/` and a version.
  if (!/^HTTP\/[0-9](\.[0-9])?$/.test(SERVER_PROTOCOL))
    throw fault(
      `SERVER_PROTOCOL is ${shown(SERVER_PROTOCOL)}: make it the request's version, such as HTTP/1.1`,
    );
}

/** Whether a header's value is a length: digits alone, and small enough to be counted. */
export function isLength(text: string): boolean {
  return /^[0-9]+$/.test(text) && Number.isSafeInteger(Number(text));
}

// RFC 3986 §3.2.2: a name, an IPv4 address (which has a name's form), or an IPv6 address in brackets.
const host = "(?:\\[[0-9A-Fa-f:.]+\\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)";
const hostAlone = new RegExp(`^${host}$`);
const hostAndPort = new RegExp(`^(?:${host}(?::[0-9]*)?)?$`);

function checkAddress(environ: Environ, warn: Warn): void {
  const { SERVER_NAME, SERVER_PORT, HTTP_HOST, HTTPS } = environ;
  //: - **VE-18** `SERVER_NAME` is a host of RFC 3986 §3.2.2 and not empty; an IPv6 address is in brackets.
  if (!hostAlone.test(SERVER_NAME))
    throw fault(
      `SERVER_NAME is ${shown(SERVER_NAME)}: make it a host name or address, "localhost" at the least`,
    );
  //: - **VE-19** `SERVER_PORT` is digits and not empty.
  if (!/^[0-9]+$/.test(SERVER_PORT))
    throw fault(
      `SERVER_PORT is ${shown(SERVER_PORT)}: make it digits; a unix socket has 80, or 443 with HTTPS`,
    );
  //: - **VE-21** `HTTP_HOST` should be a host with an optional port. The client wrote it, so anything else gives a
  //:   warning.
  if (HTTP_HOST !== undefined && !hostAndPort.test(HTTP_HOST))
    warn(`HTTP_HOST is ${shown(HTTP_HOST)}, which is no host and port: do not make a link of it`);
  //: - **VE-30** Where `HTTPS` is `on` or `1`, `wsgi.url_scheme` is `https`.
  if (HTTPS !== undefined && /^(on|1)$/i.test(HTTPS) && environ["wsgi.url_scheme"] !== "https")
    throw fault(`HTTPS is ${shown(HTTPS)} and wsgi.url_scheme is not "https": make them agree`);
}

//: ### Keys with a dot
//:

function checkGatewayKeys(environ: Environ): void {
  //: - **VE-08** `wsgi.version` is `[1, 0]`: an array of exactly two numbers.
  const version: unknown = environ["wsgi.version"];
  if (!Array.isArray(version) || version.length !== 2 || version[0] !== 1 || version[1] !== 0)
    throw fault(`wsgi.version is ${shown(version)}: make it [1, 0]`);
  //: - **VE-09** `wsgi.url_scheme` is `"http"` or `"https"`.
  const scheme: unknown = environ["wsgi.url_scheme"];
  if (scheme !== "http" && scheme !== "https")
    throw fault(`wsgi.url_scheme is ${shown(scheme)}: make it "http" or "https"`);
  //: - **VE-31** `wsgi.multithread` (the application may be called again in this process before an earlier body has
  //:   ended), `wsgi.multiprocess` (other processes may serve it too) and `wsgi.run_once` (this process serves this
  //:   one request) are `true` or `false`.
  for (const key of ["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"] as const)
    if (typeof environ[key] !== "boolean")
      throw fault(`${key} is ${shown(environ[key])}: make it true or false`);
}
