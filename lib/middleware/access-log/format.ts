// Apache's LogFormat (mod_log_config), compiled once: a line costs no more than its parts.

import { GatewayError } from "../../errors.ts";
import { COMMON_TIME, timeFormat } from "./clock.ts";
import { type AccessEntry, responseHeader, variableOf } from "./entry.ts";
import { escapeField } from "./escape.ts";

/** Writes one line without its line break. */
export type LineFormat = (entry: AccessEntry) => string;

type Field = (entry: AccessEntry) => string | number | undefined;

/** NCSA's, which Apache calls common. */
export const COMMON = '%h %l %u %t "%r" %>s %b';
export const COMBINED = `${COMMON} "%{Referer}i" "%{User-Agent}i"`;

const DIRECTIVE = /%(!?\d{3}(?:,\d{3})*)?[<>]?(?:\{([^}]*)\})?(\^FB|[A-Za-z%])/y;

/** @throws {GatewayError} `OPTION` when there is a directive that is not known */
export function compileFormat(format: string): LineFormat {
  const parts: (string | Field)[] = [];
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf("%", at);
    const end = percent < 0 ? format.length : percent;
    if (end > at) parts.push(format.slice(at, end));
    if (end === format.length) break;
    DIRECTIVE.lastIndex = end;
    const match = DIRECTIVE.exec(format);
    const field = match === null ? undefined : fieldOf(match[3] ?? "", match[2]);
    if (match === null || field === undefined)
      throw new GatewayError(
        "OPTION",
        `the log format has no directive ${JSON.stringify(match?.[0] ?? format.slice(end, end + 8))}`,
      );
    parts.push(match[1] === undefined ? field : onlyFor(match[1], field));
    at = DIRECTIVE.lastIndex;
  }
  return (entry) => {
    let line = "";
    for (const part of parts) line += typeof part === "string" ? part : shown(part(entry));
    return line;
  };
}

/** What is not there is a hyphen; what is nothing, such as a query, need not be. */
function shown(value: string | number | undefined): string {
  if (typeof value === "number") return String(value);
  return value ?? "-";
}

/** `%400,501{User-agent}i` writes the field for these statuses alone, `%!200…` for all others. */
function onlyFor(condition: string, field: Field): Field {
  const isNegated = condition.startsWith("!");
  const codes = new Set(condition.replace("!", "").split(",").map(Number));
  return (entry) => (codes.has(entry.status) === isNegated ? undefined : field(entry));
}

function fieldOf(letter: string, name: string | undefined): Field | undefined {
  return name === undefined ? plainField(letter) : namedField(letter, name);
}

function plainField(letter: string): Field | undefined {
  switch (letter) {
    case "%":
      return () => "%";
    // Nobody looks names up.
    case "a":
    case "h":
      return variable("REMOTE_ADDR");
    // identd's name, which nobody asks for any more.
    case "l":
      return () => undefined;
    case "u":
      return ({ environ: { REMOTE_USER: user } }) => (user === "" ? '""' : escaped(user));
    case "t":
      return commonTime();
    case "r":
      return ({ method, target, environ }) => escapeField(`${method} ${target} ${environ.SERVER_PROTOCOL}`);
    case "s":
      return ({ status }) => status;
    case "b":
      return ({ bytes }) => (bytes === 0 ? undefined : bytes);
    case "B":
      return ({ bytes }) => bytes;
    case "T":
      return ({ durationMs }) => Math.floor(durationMs / 1_000);
    case "D":
      return ({ durationMs }) => microseconds(durationMs);
    case "^FB":
      return ({ firstByteMs }) => microseconds(firstByteMs);
    case "v":
      return variable("SERVER_NAME");
    case "V":
      return ({ environ }) => escaped(environ.HTTP_HOST || environ.SERVER_NAME);
    case "p":
      return variable("SERVER_PORT");
    case "P":
      return () => process.pid;
    case "m":
      return ({ method }) => escapeField(method);
    case "U":
      return ({ target }) => escapeField(target.split("?", 1)[0] ?? "");
    case "q":
      // Apache writes nothing where there is no query.
      return ({ target }) => (target.includes("?") ? escapeField(target.slice(target.indexOf("?"))) : "");
    case "H":
      return variable("SERVER_PROTOCOL");
    case "X":
      return ({ aborted }) => (aborted ? "X" : "-");
    default:
      return undefined;
  }
}

function namedField(letter: string, name: string): Field | undefined {
  switch (letter) {
    case "i":
      return variable(variableOf(name));
    case "o":
      return (entry) => escaped(responseHeader(entry, name));
    case "e":
      return variable(name);
    case "t":
      return namedTime(name);
    case "T":
      return unitOf(name);
    default:
      return undefined;
  }
}

function variable(name: string): Field {
  return ({ environ }) => {
    const value = environ[name];
    return typeof value === "string" ? escaped(value) : undefined;
  };
}

/** Web servers send variables empty that have no value. */
function escaped(text: string | undefined): string | undefined {
  return text ? escapeField(text) : undefined;
}

function commonTime(): Field {
  const format = timeFormat(`[${COMMON_TIME}]`);
  return ({ time }) => format?.(time);
}

/** The time of the request, or with `end:` of the end of its response, as strftime or in one of Apache's own words. */
function namedTime(name: string): Field | undefined {
  const [, when, format = ""] = /^(?:(begin|end):)?(.*)$/s.exec(name) ?? [];
  const timeOf = ({ time, durationMs }: AccessEntry): number => (when === "end" ? time + durationMs : time);
  switch (format) {
    case "":
      return undefined;
    case "sec":
      return (entry) => Math.floor(timeOf(entry) / 1_000);
    case "msec":
      return (entry) => Math.floor(timeOf(entry));
    case "usec":
      return (entry) => microseconds(timeOf(entry));
    case "msec_frac":
      return (entry) => String(Math.floor(timeOf(entry)) % 1_000).padStart(3, "0");
    case "usec_frac":
      return (entry) => String(microseconds(timeOf(entry)) % 1_000_000).padStart(6, "0");
    default: {
      const written = timeFormat(format);
      return written && ((entry) => written(timeOf(entry)));
    }
  }
}

function unitOf(name: string): Field | undefined {
  switch (name) {
    case "s":
      return ({ durationMs }) => Math.floor(durationMs / 1_000);
    case "ms":
      return ({ durationMs }) => Math.floor(durationMs);
    case "us":
      return ({ durationMs }) => microseconds(durationMs);
    default:
      return undefined;
  }
}

function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1_000);
}
