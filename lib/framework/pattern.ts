// A pattern of a URL map, compiled: a regular expression for the whole path (or for a prefix of it that ends at
// a `/`), and the plain text it begins with.

import { ApplicationError } from "../errors.ts";
import { readPattern } from "./pattern-reader.ts";
import { PlainSegments } from "./plain-segments.ts";

/** What a pattern's groups matched; at 0 what the pattern matched. */
export interface Groups extends ReadonlyArray<string | undefined> {
  readonly 0: string;
}

/** A regular expression, or what stands for one. */
export interface Expression {
  exec(path: string): Groups | null;
}

export interface Pattern {
  /** Of a pattern given as text its groups have no names: V8 takes twice as long for those that have. */
  readonly expression: Expression;
  /** The names of its groups, in order; those without one are left empty. */
  readonly names: readonly (string | undefined)[];
  /** What the expression was made of, with `/:name` written out. */
  readonly source: string;
  /** The text that every matching path begins with, for the router's index. */
  readonly start: string;
  /** No other path than `start` matches. */
  readonly isStartAll: boolean;
}

// Escapes and character classes are passed over, so that `[/:a]` stays itself.
const NAMED_SEGMENT = /\\.|\[(?:\\.|[^\]\\])*\]|\/:([A-Za-z_]\w*)/gs;

/** @throws ApplicationError `PATTERN`: no regular expression, or one that no path matches */
export function compilePattern(pattern: string | RegExp): Pattern {
  return compile(pattern, false);
}

/** @throws ApplicationError `PATTERN`: no regular expression, or one that no path matches */
export function compilePrefix(pattern: string | RegExp): Pattern {
  return compile(withoutEnd(pattern), true);
}

// A prefix ends at a slash, which is not its own. In the source of a RegExp each one is escaped.
function withoutEnd(pattern: string | RegExp): string | RegExp {
  if (typeof pattern === "string") return pattern.replace(/\/+$/, "");
  return new RegExp(pattern.source.replace(/(?:\\\/)+$/, ""), pattern.flags);
}

/**
 * A pattern for a host's name without its port. Capitals and small letters are the same in it (RFC 9110 §4.2.3).
 *
 * @throws ApplicationError `PATTERN`: no regular expression
 */
export function compileHost(pattern: string | RegExp): Pattern {
  const source = typeof pattern === "string" ? pattern : pattern.source;
  const { flags } = parse(source, source);
  return {
    expression: new RegExp(`^(?:${source})$`, `${flags}i`),
    names: groupNames(source),
    source,
    start: "",
    isStartAll: false,
  };
}

function compile(pattern: string | RegExp, isPrefix: boolean): Pattern {
  return readCompiled(pattern, isPrefix) ?? parseCompiled(pattern, isPrefix);
}

/** Most patterns can be read without the regular expression, which is only made where a path is to be matched by it. */
function readCompiled(pattern: string | RegExp, isPrefix: boolean): Pattern | undefined {
  const isText = typeof pattern === "string";
  if (isText ? !hasSlash(pattern) : pattern.ignoreCase) return undefined;
  const read = readPattern(withoutEnds(isText ? pattern : pattern.source, isPrefix), isText);
  if (read === undefined) return undefined;
  const { source, names, texts } = read;
  return {
    expression: PlainSegments.of(read, isPrefix) ?? new LateExpression(pattern, isPrefix),
    names,
    source,
    start: texts[0] ?? "",
    isStartAll: !isPrefix && names.length === 0,
  };
}

/** A path begins with a slash, and a prefix is without its last. */
function hasSlash(pattern: string): boolean {
  return pattern === "" || pattern.startsWith("/") || pattern.startsWith("^/");
}

// A pattern is for the whole path without these too.
function withoutEnds(source: string, isPrefix: boolean): string {
  const start = source.startsWith("^") ? 1 : 0;
  const isEnded = !isPrefix && source.endsWith("$") && !source.endsWith("\\$");
  return source.slice(start, isEnded ? -1 : undefined);
}

/** A regular expression that is made for the first path. */
class LateExpression implements Expression {
  readonly #pattern: string | RegExp;
  readonly #isPrefix: boolean;
  #expression: RegExp | undefined;

  constructor(pattern: string | RegExp, isPrefix: boolean) {
    this.#pattern = pattern;
    this.#isPrefix = isPrefix;
  }

  exec(path: string): Groups | null {
    this.#expression ??= parsePattern(this.#pattern, this.#isPrefix).expression;
    return this.#expression.exec(path) as Groups | null;
  }
}

function parseCompiled(pattern: string | RegExp, isPrefix: boolean): Pattern {
  // Most who leave the slash out know it from another framework.
  if (
    typeof pattern === "string" &&
    /^[\w-]+(?:[/(.[\\]|$)/.test(pattern) &&
    !hasTopLevelAlternatives(pattern)
  ) {
    throw new ApplicationError("PATTERN", `the pattern "${pattern}" matches no path: begin it with a slash`);
  }
  const { source, expression } = parsePattern(pattern, isPrefix);
  const names = groupNames(source);
  if (expression.ignoreCase || hasTopLevelAlternatives(source)) {
    return { expression, names, source, start: "", isStartAll: false };
  }
  const inner = withoutEnds(source, isPrefix);
  const start = plainStart(inner);
  return { expression, names, source, start: unescaped(start), isStartAll: !isPrefix && start === inner };
}

function parsePattern(pattern: string | RegExp, isPrefix: boolean): { source: string; expression: RegExp } {
  const end = isPrefix ? "(?=/|$)" : "$";
  if (pattern instanceof RegExp) {
    // `m` would make `$` match at a line break; `g` and `y` would remember the last request.
    const flags = pattern.flags.replace(/[gym]/g, "");
    const { source } = pattern;
    return { source, expression: new RegExp(`^(?:${source})${end}`, flags) };
  }
  const source = pattern.replace(NAMED_SEGMENT, (text, name) => (name ? `/(?<${name}>[^/]+)` : text));
  const named = parse(`^(?:${source})${end}`, pattern);
  const expression = source.includes("\\k<") ? named : new RegExp(withoutNames(named.source), named.flags);
  return { source, expression };
}

// What begins a group that captures, with its name; all else that a parenthesis can be part of is passed over.
const GROUP = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:(?!\?)|\?<(?![=!])([^>]*)>)/gs;

function groupNames(source: string): (string | undefined)[] {
  return [...source.matchAll(GROUP)].filter(([token]) => token[0] === "(").map(([, name]) => name);
}

function withoutNames(source: string): string {
  return source.replace(GROUP, (token, name) => (name === undefined ? token : "("));
}

// With `u`, `.` is a whole character; without, escapes that mean nothing (`\-`) are allowed.
function parse(source: string, pattern: string): RegExp {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(source, flags);
    } catch (error) {
      if (flags === "") {
        const reason = error instanceof Error ? error.message : String(error);
        throw new ApplicationError("PATTERN", `the pattern "${pattern}" cannot be read: ${reason}`);
      }
    }
  }
  throw new ApplicationError("PATTERN", `the pattern "${pattern}" cannot be read`);
}

function hasTopLevelAlternatives(source: string): boolean {
  let depth = 0;
  for (const [token] of source.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|[()|]/gs)) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    else if (token === "|" && depth === 0) return true;
  }
  return false;
}

// What stands for itself, and is not repeated, so that it cannot be missing. Half a surrogate pair is none: with `u` it matches no
// half of a whole one.
const START = /^(?:(?:[\w/~!@&=:;,%'" \x80-\ud7ff\ue000-\u{10ffff}-]|\\[^\w\s])(?![?*+{]))*/u;

/** The plain text that an expression without alternatives begins with, as it stands there. */
function plainStart(source: string): string {
  return START.exec(source)?.[0] ?? "";
}

/** The characters that plain text stands for. */
function unescaped(plainText: string): string {
  return plainText.replace(/\\(.)/gsu, "$1");
}
