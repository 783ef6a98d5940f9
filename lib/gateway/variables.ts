// Variables of one request on their way from a peer into an environ: which names are taken, and what a repeated
// one means. All protocols whose peers send CGI variables add them through here.

import { ProtocolError } from "../errors.ts";
import type { Environ } from "./types.ts";

const PLAIN = 0;
const HEADER = 1;
const COOKIE = 2;
const LENGTH = 3;
const DROPPED = 4;

/** The name of a variable, and what is done with a value of it. */
export interface Variable {
  readonly name: string;
  readonly rule: number;
  /** The bit of its place in {@link EXPECTED}, or 0. */
  readonly expected: number;
  /** The number of the last request that had it, which tells a repeated name without a look into the environ; 0: none. */
  lastRequest: number;
}

let requests = 0;

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
const NONE_EXPECTED = 0;
const ALL_EXPECTED = (1 << EXPECTED.length) - 1;

/**
 * Never taken from a peer. `HTTP_PROXY` would be read as the administrator's proxy (httpoxy); PEP 3333 has the next
 * two without the prefix; the body that we hand on has no transfer coding any more, of which `postern.chunked` still tells.
 */
const NEVER_TAKEN = ["HTTP_PROXY", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING"];

const known = new Map<string, Variable>();
const MAX_KNOWN = 512;
const MAX_KNOWN_NAME = 128;

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
 * Adds one variable. A repeated header is joined to the earlier one; of any other repeated name the last counts.
 *
 * @throws {ProtocolError} `CONTENT_LENGTH` when it comes twice with different values
 */
export function addVariable(environ: Environ, name: string, value: string): void {
  add(environ, known.get(name) ?? remembered(name), value, environ[name]);
}

/** What is done with values of a name. */
export function variableNamed(name: string): Variable {
  const place = EXPECTED.indexOf(name);
  return { name, rule: ruleOf(name), expected: place < 0 ? NONE_EXPECTED : 1 << place, lastRequest: 0 };
}

/**
 * The variables of one request that a web server sent, in an environ with room for what they send. What nearly every
 * request has stands in it already, as `null`: V8 copies such an object whole, where one that grows with each name is made
 * anew, and all its names are entered again, each time that it has doubled.
 */
export class RequestVariables {
  readonly environ = roomyEnviron();
  readonly #request = ++requests;
  #missing = ALL_EXPECTED;

  /** As {@link addVariable}. */
  readonly add = (variable: Variable, value: string): void => {
    // A name that nobody keeps is made anew each time, and so has been in no request.
    const isFirst = variable.lastRequest !== this.#request && variable.lastRequest !== 0;
    variable.lastRequest = this.#request;
    this.#missing &= ~variable.expected;
    add(this.environ, variable, value, isFirst ? undefined : this.environ[variable.name]);
  };

  /** Takes out what the web server has not sent, when all has come. */
  dropMissing(): void {
    for (let place = 0; this.#missing >> place !== 0; place++)
      if ((this.#missing & (1 << place)) !== 0) delete this.environ[EXPECTED[place] as string];
  }
}

function roomyEnviron(): Environ {
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

/** @param before the value that came earlier in the same request */
function add(environ: Environ, { name, rule }: Variable, value: string, before: unknown): void {
  if (rule === DROPPED) {
    if (name === "HTTP_TRANSFER_ENCODING") environ["postern.chunked"] = true;
  } else if (rule === PLAIN || before === undefined) environ[name] = value;
  else if (rule === HEADER) environ[name] = `${String(before)}, ${value}`;
  else if (rule === COOKIE) environ[name] = `${String(before)}; ${value}`;
  else if (before !== value)
    throw new ProtocolError("CONTENT_LENGTH", "CONTENT_LENGTH was sent twice and differs");
}

function remembered(name: string): Variable {
  const variable = variableNamed(name);
  if (known.size < MAX_KNOWN && name.length <= MAX_KNOWN_NAME) known.set(name, variable);
  return variable;
}

// Names with a dot are the gateway's own, so that no peer can set what middleware trusts.
function ruleOf(name: string): number {
  if (name === "" || name.includes(".") || NEVER_TAKEN.includes(name)) return DROPPED;
  if (name === "HTTP_COOKIE") return COOKIE;
  if (name === "CONTENT_LENGTH") return LENGTH;
  return name.startsWith("HTTP_") ? HEADER : PLAIN;
}
