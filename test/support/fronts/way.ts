// A way in which a web server reaches an application: its configuration, which the documentation shows as it is
// tested, and what an application can expect of it.

import type { CheckName } from "./checks.ts";

/** Where an application is mounted. */
export type Mount = "/" | "/app";

/** Where things are: in a test, or in the documentation's example. */
export interface Place {
  /** nginx's lines that say where it listens. */
  readonly listen: string;
  /** The unix socket on which the application listens. */
  readonly socket: string;
  /** The port of 127.0.0.1 on which it listens. */
  readonly port: number;
  /** A folder with programs that the web server starts. */
  readonly programs: string;
  /** Where such a program finds Node. */
  readonly path: string;
  readonly secret: string;
}

/** An application that listens by itself. */
export interface Listening {
  readonly protocol: "fcgi" | "scgi" | "uwsgi" | "ajp" | "http";
  readonly on: "socket" | "port";
  /** The web server cannot say where the application is mounted. */
  readonly namesMount?: boolean;
  readonly secret?: boolean;
}

/** An application that the web server starts. */
export interface Started {
  readonly program: "fcgi.js" | "cgi.js";
}

/** What is added to the smallest configuration, and what for. */
export interface Setting {
  /** Lines of their own, or words at the end of ProxyPass. */
  readonly text: string;
  readonly isParameter?: boolean;
  readonly purpose: string;
}

/** The lines of settings, each with its end. */
export function lines(settings: readonly Setting[]): string {
  return settings
    .filter(({ isParameter }) => !isParameter)
    .map(({ text }) => `${text}\n`)
    .join("");
}

/** What comes of a check: in the smallest configuration, and where that differs with the way's settings. */
export type Outcome = string | readonly [plain: string, withSettings: string];

export interface Way {
  readonly name: string;
  readonly application: Listening | Started;
  /** Modules that have to be switched on. */
  readonly modules: readonly string[];
  /** Entries of programs.json besides the web server. */
  readonly needs?: readonly string[];
  /** The smallest configuration that works, with settings where they belong. */
  config(place: Place, mount: Mount, settings: readonly Setting[]): string;
  readonly settings: readonly Setting[];
  /** Where it differs from the check's own expectation. */
  readonly expected: Readonly<Partial<Record<CheckName, Outcome>>>;
}

export interface WebServer {
  readonly name: "lighttpd" | "nginx" | "Apache";
  /** What an operator should know besides the tables, in sentences. */
  readonly notes: readonly string[];
  readonly ways: readonly Way[];
}
