// Variables of one request on their way from a peer into an environ: which names are taken, and what a repeated
// one means. All protocols whose peers send CGI variables add them through here.

import { ProtocolError } from "../errors.ts";
import type { Environ } from "./types.ts";

const PLAIN = 0;
const HEADER = 1;
const COOKIE = 2;
const LENGTH = 3;
const DROPPED = 4;

/**
 * Never taken from a peer. `HTTP_PROXY` would be read as the administrator's proxy (httpoxy); PEP 3333 has the next
 * two without the prefix; the body that we hand on has no transfer coding any more, of which `postern.chunked` still tells.
 */
const rules = new Map<string, number>([
  ["HTTP_PROXY", DROPPED],
  ["HTTP_CONTENT_LENGTH", DROPPED],
  ["HTTP_CONTENT_TYPE", DROPPED],
  ["HTTP_TRANSFER_ENCODING", DROPPED],
  ["HTTP_COOKIE", COOKIE],
  ["CONTENT_LENGTH", LENGTH],
]);
/** What nearly every web server sends with nearly every request. */
const EXPECTED = [
  "REQUEST_METHOD",
  "SCRIPT_NAME",
  "PATH_INFO",
  "QUERY_STRING",
  "REQUEST_URI",
  "SERVER_NAME",
  "SERVER_PORT",
  "SERVER_PROTOCOL",
  "SERVER_SOFTWARE",
  "GATEWAY_INTERFACE",
  "DOCUMENT_ROOT",
  "REMOTE_ADDR",
  "REMOTE_PORT",
];
const MAX_RULES = 512;
const MAX_RULE_NAME = 128;

/**
 * Beside headers, what says what a request is, who sent it and how it came (RFC 3875 §4.1, and what web servers add),
 * wherever the application is and whatever file it may be.
 */
export const REQUEST_VARIABLES: readonly string[] = [
  "AUTH_TYPE",
  "CONTENT_LENGTH",
  "CONTENT_TYPE",
  "DOCUMENT_ROOT",
  "HTTPS",
  "QUERY_STRING",
  "REMOTE_ADDR",
  "REMOTE_HOST",
  "REMOTE_IDENT",
  "REMOTE_PORT",
  "REMOTE_USER",
  "REQUEST_METHOD",
  "REQUEST_SCHEME",
  "REQUEST_URI",
  "SERVER_ADDR",
  "SERVER_NAME",
  "SERVER_PORT",
  "SERVER_PROTOCOL",
];

/** An environ without any key. It has no prototype, since `__proto__` is a name that a peer can send. */
export function emptyEnviron(): Environ {
  return Object.create(null) as Environ;
}

/**
 * An environ with room for what a web server sends. What nearly every request has stands in it already, as `null`: V8
 * copies such an object whole, where one that grows with each name is made anew, and all its names are entered again, each
 * time that it has doubled. {@link dropMissing} is to follow.
 */
export function roomyEnviron(): Environ {
  const environ: object = {
    __proto__: null,
    REQUEST_METHOD: null,
    SCRIPT_NAME: null,
    PATH_INFO: null,
    QUERY_STRING: null,
    REQUEST_URI: null,
    SERVER_NAME: null,
    SERVER_PORT: null,
    SERVER_PROTOCOL: null,
    SERVER_SOFTWARE: null,
    GATEWAY_INTERFACE: null,
    DOCUMENT_ROOT: null,
    REMOTE_ADDR: null,
    REMOTE_PORT: null,
    "wsgi.version": null,
    "wsgi.url_scheme": null,
    "wsgi.input": null,
    "wsgi.errors": null,
    "wsgi.multithread": null,
    "wsgi.multiprocess": null,
    "wsgi.run_once": null,
    "postern.file_wrapper": null,
    "postern.signal": null,
  };
  return environ as Environ;
}

/** Takes out what the peer has not sent. */
export function dropMissing(environ: Environ): void {
  for (const name of EXPECTED) if (environ[name] === null) delete environ[name];
}

/**
 * Adds one variable. A repeated header is joined to the earlier one; of any other repeated name the last counts.
 *
 * @throws {ProtocolError} `CONTENT_LENGTH` when it comes twice with different values
 */
export function addVariable(environ: Environ, name: string, value: string): void {
  const rule = rules.get(name) ?? ruleOf(name);
  if (rule === PLAIN) {
    environ[name] = value;
    return;
  }
  if (rule === DROPPED) {
    if (name === "HTTP_TRANSFER_ENCODING") environ["postern.chunked"] = true;
    return;
  }
  const before = environ[name];
  if (before === undefined) environ[name] = value;
  else if (rule === HEADER) environ[name] = `${String(before)}, ${value}`;
  else if (rule === COOKIE) environ[name] = `${String(before)}; ${value}`;
  else if (before !== value)
    throw new ProtocolError("CONTENT_LENGTH", "CONTENT_LENGTH was sent twice and differs");
}

// Names with a dot are the gateway's own, so that no peer can set what middleware trusts.
function ruleOf(name: string): number {
  const rule = name === "" || name.includes(".") ? DROPPED : name.startsWith("HTTP_") ? HEADER : PLAIN;
  if (rules.size < MAX_RULES && name.length <= MAX_RULE_NAME) rules.set(name, rule);
  return rule;
}
