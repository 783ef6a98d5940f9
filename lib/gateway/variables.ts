// Variables of one request on their way from a peer into an environ: which names are taken, and what a repeated
// one means. All protocols whose peers send CGI variables add them through here.

import { ProtocolError } from "../errors.ts";
import type { HeaderVariables } from "./plain-environ.ts";
import type { Environ } from "./types.ts";

const PLAIN = 0;
const HEADER = 1;
const COOKIE = 2;
const LENGTH = 3;
const DROPPED = 4;

/** The name of a variable, and what is done with a value of it. */
export interface RuledName {
  readonly name: string;
  readonly rule: number;
}

/** A name that comes again with later requests. */
export interface Variable extends RuledName {
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
/** So many there is room for from the beginning: lists that grow cost more than all that is put into them. */
const USUAL_VARIABLES = 32;
const NONE_EXPECTED = 0;
const ALL_EXPECTED = (1 << EXPECTED.length) - 1;

/**
 * Never taken from a peer. `HTTP_PROXY` would be read as the administrator's proxy (httpoxy); PEP 3333 has the next
 * two without the prefix; the body that we hand on has no transfer coding any more, of which `postern.chunked` still tells.
 */
const NEVER_TAKEN = ["HTTP_PROXY", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING"];

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
  addNamed(environ, { name, rule: ruleOf(name) }, value);
}

/** The same, of a name that was looked at before. */
export function addNamed(environ: Environ, variable: RuledName, value: string): void {
  add(environ, variable, value, environ[variable.name]);
}

/** What is done with values of a name. */
export function variableNamed(name: string): Variable {
  const place = EXPECTED.indexOf(name);
  const expected = place < 0 ? NONE_EXPECTED : 1 << place;
  return { name: internalized(name), rule: ruleOf(name), expected, lastRequest: 0 };
}

/** The variables of one request, each made when it is asked for. */
export interface DeferredVariables extends HeaderVariables {
  /** @throws {ProtocolError} `CONTENT_LENGTH` when that was sent twice with different values */
  valueOf(name: string): string | undefined;

  /** All of them; throws as {@link valueOf}. */
  toEnviron(): Environ;

  /** The client sent its body chunked. */
  readonly chunked: true | undefined;

  /** Each name was sent once. */
  readonly areSingle: boolean;

  /** To complete their path may throw, which has to be known before an application is called. */
  readonly hasDoubtfulPath: boolean;
}

/** The length of the body that a request announces; undefined when it does not say. It has been found to be a number. */
export function announcedLength(variables: DeferredVariables): number | undefined {
  const length = variables.valueOf("CONTENT_LENGTH");
  return length ? Number(length) : undefined;
}

/**
 * The variables of one request where a web server sent them: the text that they came in, and where in it each value stands.
 * A value becomes a string of its own when it is asked for.
 */
export class RequestVariables implements DeferredVariables {
  readonly #request = ++requests;
  /** The block that they came in, one code point a byte. */
  #text = "";
  readonly #variables: Variable[] = new Array(USUAL_VARIABLES);
  /** Where the value of each begins and ends, in turn. */
  readonly #ends: number[] = new Array(2 * USUAL_VARIABLES);
  #count = 0;
  #missing = ALL_EXPECTED;
  /** A name may stand there twice. */
  #repeated = false;
  /** The client sent its body chunked. */
  #chunked = false;

  /** Adds a variable whose value stands in `text`, which is the same for all of them, from `start` to `end`. */
  add(variable: Variable, text: string, start: number, end: number): void {
    if (variable.rule === DROPPED) {
      if (variable.name === "HTTP_TRANSFER_ENCODING") this.#chunked = true;
      return;
    }
    // A name that nobody keeps is made anew each time, and so has been in no request.
    if (variable.lastRequest === this.#request || variable.lastRequest === 0) this.#repeated = true;
    variable.lastRequest = this.#request;
    this.#missing &= ~variable.expected;
    this.#text = text;
    const place = this.#count++;
    this.#variables[place] = variable;
    this.#ends[2 * place] = start;
    this.#ends[2 * place + 1] = end;
  }

  get chunked(): true | undefined {
    return this.#chunked || undefined;
  }

  /**
   * The value of a name, as {@link addVariable} makes it of all that were sent.
   *
   * @throws {ProtocolError} `CONTENT_LENGTH` when that was sent twice with different values
   */
  valueOf(name: string): string | undefined {
    for (let place = 0; place < this.#count; place++) {
      if (this.#variables[place]?.name !== name) continue;
      return this.#repeated ? this.#joined(name) : this.#valueAt(place);
    }
    return undefined;
  }

  get areSingle(): boolean {
    return !this.#repeated;
  }

  /** REQUEST_URI may have dot segments. */
  get hasDoubtfulPath(): boolean {
    const uri = this.valueOf("REQUEST_URI");
    return uri !== undefined && (uri.includes("/.") || uri.includes("%2"));
  }

  /** Those that may be headers, in the order in which they were sent, where each was sent once. */
  eachHeader(visit: (name: string, value: string) => void): void {
    for (let place = 0; place < this.#count; place++) {
      const { name, rule } = this.#variables[place] as Variable;
      if (rule === PLAIN && name !== "CONTENT_TYPE") continue;
      const value = this.#valueAt(place);
      // Where there is no body these two are sent empty.
      if (value !== "" || (name !== "CONTENT_TYPE" && name !== "CONTENT_LENGTH")) visit(name, value);
    }
  }

  /**
   * An environ of all variables, with room for what the gateway adds. What nearly every request has stands in it already, as
   * `null`: V8 copies such an object whole, where one that grows with each name is made anew, and all its names are entered
   * again, each time that it has doubled.
   *
   * @throws {ProtocolError} `CONTENT_LENGTH` as {@link valueOf}
   */
  toEnviron(): Environ {
    const environ = roomyEnviron();
    for (let place = 0; this.#missing >> place !== 0; place++)
      if ((this.#missing & (1 << place)) !== 0) delete environ[EXPECTED[place] as string];
    for (let place = 0; place < this.#count; place++) {
      const variable = this.#variables[place] as Variable;
      const before = this.#repeated ? (environ[variable.name] ?? undefined) : undefined;
      add(environ, variable, this.#valueAt(place), before);
    }
    if (this.#chunked) environ["postern.chunked"] = true;
    return environ;
  }

  #valueAt(place: number): string {
    return this.#text.substring(this.#ends[2 * place] as number, this.#ends[2 * place + 1] as number);
  }

  #joined(name: string): string {
    const found = emptyEnviron();
    for (let place = 0; place < this.#count; place++) {
      const variable = this.#variables[place] as Variable;
      if (variable.name === name) add(found, variable, this.#valueAt(place), found[name]);
    }
    return found[name] as string;
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
function add(environ: Environ, { name, rule }: RuledName, value: string, before: unknown): void {
  if (rule === DROPPED) {
    if (name === "HTTP_TRANSFER_ENCODING") environ["postern.chunked"] = true;
  } else if (rule === PLAIN || before === undefined) environ[name] = value;
  else if (rule === HEADER) environ[name] = `${String(before)}, ${value}`;
  else if (rule === COOKIE) environ[name] = `${String(before)}; ${value}`;
  else if (before !== value)
    throw new ProtocolError("CONTENT_LENGTH", "CONTENT_LENGTH was sent twice and differs");
}

/** The one string of this content that V8 keeps for names of properties, which is compared with another by its address. */
function internalized(name: string): string {
  return Object.keys({ [name]: true })[0] as string;
}

// Names with a dot are the gateway's own, so that no peer can set what middleware trusts.
function ruleOf(name: string): number {
  if (name === "" || name.includes(".") || NEVER_TAKEN.includes(name)) return DROPPED;
  if (name === "HTTP_COOKIE") return COOKIE;
  if (name === "CONTENT_LENGTH") return LENGTH;
  return name.startsWith("HTTP_") ? HEADER : PLAIN;
}
