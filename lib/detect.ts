// How was this process started? Tests in a fixed order; the first that fires decides.

import { statSync } from "node:fs";
import { detectCgi } from "./detect-cgi.ts";
import { GatewayError } from "./errors.ts";
import { findLoader, type Loader } from "./gateway/loader.ts";
import type { ServeOptions } from "./serve.ts";
import { isListening } from "./workers/inherited-socket.ts";
import { type SystemdSocket, systemdSockets } from "./workers/systemd-sockets.ts";

type Protocol = NonNullable<ServeOptions["protocol"]>;

export interface Detected {
  readonly protocol: Protocol;
  readonly bindAddress?: NonNullable<ServeOptions["bindAddress"]>;
  /** The test that fired, in words. */
  readonly reason: string;
  /** What was asked for, in words, and cannot be had. */
  readonly ignored?: readonly string[];
  /** The first word of the command line, where it said nothing and no option or variable spoke in its place. */
  readonly unread?: string;
}

/** What is known of how a process was started. */
export interface Start {
  readonly environment: NodeJS.ProcessEnv;
  /** The words behind the script's name on the command line. */
  readonly words: readonly string[];
  /** Whether descriptor 0 is a listening socket. */
  readonly inherited: () => boolean;
  /** What loaded the script in Node's place, if anything did. */
  readonly loader: Loader | undefined;
}

/** Words that name a protocol: in POSTERN_SERVER, as a name of systemd's sockets, and on the command line as in web.py. */
const PROTOCOL_WORDS: Readonly<Record<string, Protocol>> = {
  fcgi: "fcgi",
  fastcgi: "fcgi",
  scgi: "scgi",
  uwsgi: "uwsgi",
  ajp: "ajp",
  ajp13: "ajp",
  http: "http",
  cgi: "cgi",
};

/** A port, alone or behind a host: how a command line says where HTTP is to be, without a word for it. */
const PLACE = /^(?:(?:[\w.-]+|\*|\[[\d.:a-f]+\]):)?\d{1,5}$/i;

/** A path with a slash, and no URL: a unix socket's, likewise. */
const PATH = /^(?!-|\w+:\/\/).*\//;

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 8080;

/**
 * 1. Phusion Passenger or LiteSpeed loaded the script: HTTP, on the socket that it provides. Before options, since
 *    nothing else would ever get a request
 * 2. an explicit option, or the variable POSTERN_SERVER
 * 3. CGI variables: GATEWAY_INTERFACE and REQUEST_METHOD. Before the next ones, since Apache's CGI daemon gives a script
 *    a socket as descriptor 0
 * 4. another loader: HTTP, since http.Server's listen() is what it may have replaced
 * 5. a listening socket on descriptor 0: the protocol that a word on the command line names, else FastCGI
 * 6. LISTEN_FDS of systemd: the same, or the protocol that the sockets are named for
 * 7. a word on the command line, with an optional address behind it
 * 8. else the embedded HTTP server
 *
 * HTTP listens on HOST and PORT, on the port, address or path of a unix socket that the command line begins with, as in
 * web.py, or by default on `http://127.0.0.1:8080`. (A path of a file that is there and is no socket is the application's own
 * affair.)
 *
 * @throws {GatewayError} `UNKNOWN_PROTOCOL` when POSTERN_SERVER names none, `LISTEN_FDS` when systemd's variables make no
 *   sense, `LISTEN_FDNAMES` when its sockets are named for several protocols
 */
export function detect(options: ServeOptions, start: Start = thisProcess): Detected {
  const { environment, words, loader } = start;
  if (loader !== undefined && loader.kind !== "other") return provided(options, environment, loader);
  if (options.protocol !== undefined) {
    return explicit(options.protocol, options, start, 'option "protocol" says so');
  }
  const named = namedProtocol(environment);
  if (named !== undefined) {
    return explicit(named, options, start, `POSTERN_SERVER is ${environment["POSTERN_SERVER"]}`);
  }
  const cgi = detectCgi(options, start);
  if (cgi !== undefined) return cgi;
  if (loader !== undefined) return explicit("http", options, start, `${loader.name} loaded the script`);
  const at = words.findIndex((word) => protocolOf(word) !== undefined);
  const word = words[at] ?? "";
  const said = protocolOf(word);
  const [first] = words;
  const unread = said !== undefined || first === undefined || isPlace(first) ? {} : { unread: first };
  if (options.bindAddress === undefined) {
    const how = said === undefined ? "" : `, and the command line says ${word}`;
    if (start.inherited()) {
      return { protocol: said ?? "fcgi", reason: `descriptor 0 is a listening socket${how}`, ...unread };
    }
    const sockets = systemdSockets(environment);
    if (sockets.length > 0) {
      return { protocol: said ?? protocolOfSockets(sockets), reason: `LISTEN_FDS is set${how}`, ...unread };
    }
  }
  if (said !== undefined) {
    const address = words[at + 1];
    const place = address === undefined || options.bindAddress !== undefined ? {} : { bindAddress: address };
    return explicit(said, { ...options, ...place }, start, `the command line says ${word}`);
  }
  return { ...explicit("http", options, start, "no test for another protocol fired"), ...unread };
}

/**
 * What the variable POSTERN_SERVER says.
 *
 * @throws {GatewayError} `UNKNOWN_PROTOCOL` when it names none
 */
export function namedProtocol({ POSTERN_SERVER: word }: NodeJS.ProcessEnv): Protocol | undefined {
  if (!word) return undefined;
  const protocol = protocolOf(word);
  if (protocol !== undefined) return protocol;
  const known = Object.keys(PROTOCOL_WORDS).join(", ");
  throw new GatewayError("UNKNOWN_PROTOCOL", `POSTERN_SERVER=${word} names no protocol; known are ${known}`);
}

/** HTTP on a socket that a loader provides, whatever else was asked for. */
function provided(options: ServeOptions, environment: NodeJS.ProcessEnv, { name }: Loader): Detected {
  const ignored: string[] = [];
  if (options.protocol !== undefined && options.protocol !== "http") ignored.push('option "protocol"');
  if (options.bindAddress !== undefined) ignored.push('option "bindAddress"');
  if (environment["POSTERN_SERVER"] && environment["POSTERN_SERVER"] !== "http") {
    ignored.push("POSTERN_SERVER");
  }
  return { protocol: "http", reason: `${name} loaded the script`, ignored };
}

function protocolOf(word: string): Protocol | undefined {
  return Object.hasOwn(PROTOCOL_WORDS, word) ? PROTOCOL_WORDS[word] : undefined;
}

/**
 * What systemd's sockets are for: FastCGI where their names name no protocol, since they are free to be anything.
 *
 * @throws {GatewayError} `LISTEN_FDNAMES` when they are named for several protocols
 */
function protocolOfSockets(sockets: readonly SystemdSocket[]): Protocol {
  const protocols = new Set(
    sockets.map(({ name }) => (name === "cgi" ? undefined : protocolOf(name)) ?? "fcgi"),
  );
  const [protocol = "fcgi", ...more] = protocols;
  if (more.length === 0) return protocol;
  throw new GatewayError(
    "LISTEN_FDNAMES",
    `the names of systemd's sockets say ${[...protocols].join(" and ")}, and a server speaks one protocol; start a ` +
      "service for each, or give all of them one name with FileDescriptorName= (a socket whose name says nothing is fcgi)",
  );
}

/** HTTP listens somewhere by itself; what a web server speaks to needs an address, or a socket that it left us. */
function explicit(protocol: Protocol, options: ServeOptions, start: Start, reason: string): Detected {
  if (options.bindAddress !== undefined) return { protocol, bindAddress: options.bindAddress, reason };
  if (protocol !== "http" || start.inherited() || systemdSockets(start.environment).length > 0) {
    return { protocol, reason };
  }
  const { HOST: host, PORT: port } = start.environment;
  const [first = ""] = start.words;
  if (!port && isPlace(first)) {
    const bindAddress = /^\d+$/.test(first) ? { host: host || DEFAULT_HOST, port: Number(first) } : first;
    return { protocol, bindAddress, reason: `${reason}, and the command line says ${first}` };
  }
  if (port && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    throw new GatewayError("BIND_ADDRESS", `PORT=${port} is no port; give a number from 0 to 65535`);
  }
  return {
    protocol,
    bindAddress: { host: host || DEFAULT_HOST, port: Number(port || DEFAULT_PORT) },
    reason,
  };
}

function isPlace(word: string): boolean {
  return PLACE.test(word) || (PATH.test(word) && isFree(word));
}

/** Nothing is there, or a socket, which may be an old one. */
function isFree(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return true;
  }
}

/** How this process was started. */
export const thisProcess: Start = {
  environment: process.env,
  words: process.argv.slice(2),
  inherited: () => isListening(0),
  loader: findLoader(),
};
