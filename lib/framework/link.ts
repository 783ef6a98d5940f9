// A pattern read backwards: the path that matches it with the groups that are given.

import { ApplicationError } from "../errors.ts";
import { hasDotSegments } from "../gateway/path.ts";
import type { Pattern } from "./pattern.ts";
import type { QueryFields } from "./query.ts";

/** The value of a group; one that a match can do without may be left undefined. */
export type LinkArgument = string | number | undefined;

/** Groups in their order, or by their names, with fields of the query among them. */
export type LinkFields = readonly LinkArgument[] | QueryFields;

/** A link to a named route, as `web.url()` takes it. */
export type RouteLink = readonly [name: string, fields?: LinkFields, query?: QueryFields];

type Piece = string | { readonly group: number } | { readonly optional: readonly Piece[] };

export class Link {
  readonly #pattern: Pattern;
  readonly #pieces: readonly Piece[];

  /**
   * @param name - of the route, for the message
   * @throws ApplicationError `PATTERN`: something varies in the pattern that is no group of it
   */
  constructor(pattern: Pattern, name: string) {
    this.#pattern = pattern;
    const pieces = new Reader(pattern.source).pieces();
    if (pieces === undefined) {
      throw new ApplicationError(
        "PATTERN",
        `the route "${name}" cannot have a name: no link can be built of its pattern "${pattern.source}", where ` +
          "more varies than its groups",
      );
    }
    this.#pieces = pieces;
  }

  /** The names of its groups, in order; those without one are left empty. */
  get names(): readonly (string | undefined)[] {
    return this.#pattern.names;
  }

  /** The path with these groups, decoded; `undefined` where the pattern does not match with them. */
  path(groups: readonly (string | undefined)[]): string | undefined {
    const path = write(this.#pieces, groups);
    if (path === undefined || hasDotSegments(path)) return undefined;
    // A value can be more, or less, than its group matches: `a/b` is no single segment.
    const match = this.#pattern.expression.exec(path);
    if (match === null || match[0] !== path) return undefined;
    return this.names.every((_name, index) => match[index + 1] === groups[index]) ? path : undefined;
  }
}

/** `undefined`: a group is missing. */
function write(pieces: readonly Piece[], groups: readonly (string | undefined)[]): string | undefined {
  let path = "";
  for (const piece of pieces) {
    if (typeof piece === "string") path += piece;
    else if ("optional" in piece) path += write(piece.optional, groups) ?? "";
    else {
      const value = groups[piece.group];
      if (value === undefined) return undefined;
      path += value;
    }
  }
  return path;
}

/** Reads a regular expression up to what it can write again. */
class Reader {
  readonly #source: string;
  #at = 0;
  #groups = 0;

  constructor(source: string) {
    this.#source = source.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
  }

  /** `undefined`: not all of it can be written again. */
  pieces(): Piece[] | undefined {
    const pieces = this.#sequence();
    return this.#at === this.#source.length ? pieces : undefined;
  }

  /** Up to the end, or to a `)`. */
  #sequence(): Piece[] | undefined {
    const pieces: Piece[] = [];
    while (this.#at < this.#source.length && this.#source[this.#at] !== ")") {
      const piece = this.#piece();
      if (piece === undefined) return undefined;
      pieces.push(...piece);
    }
    return pieces;
  }

  #piece(): readonly Piece[] | undefined {
    if (this.#take(/\(\?(?:=|!|<=|<!)/y) !== undefined) return this.#skipGroup() ? [] : undefined;
    if (this.#take(/\(\?:/y) !== undefined) {
      const inner = this.#sequence();
      if (inner === undefined || this.#take(/\)/y) === undefined) return undefined;
      return this.#quantified(inner);
    }
    if (this.#take(/\((?:\?<[^>]*>)?(?!\?)/y) !== undefined) {
      const group = this.#groups++;
      return this.#skipGroup() ? this.#quantified([{ group }]) : undefined;
    }
    const literal = this.#take(/\\[^\w\s]|[^\\[\](){}.|*+?^$]/uy)?.replace("\\", "");
    if (literal === undefined) return undefined;
    // `/?` and the like are left out.
    if (this.#take(/[?*]\??/y) !== undefined) return [];
    this.#take(/\+\??/y);
    return this.#take(/\{/y) === undefined ? [literal] : undefined;
  }

  #quantified(pieces: readonly Piece[]): readonly Piece[] | undefined {
    if (this.#take(/\?\??/y) !== undefined) return [{ optional: pieces }];
    return this.#take(/[*+{]/y) === undefined ? pieces : undefined;
  }

  /** Up to and with the `)` of a group; whether no group that captures is in it. */
  #skipGroup(): boolean {
    for (let depth = 1; depth > 0; ) {
      const token = this.#take(/\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?!<[^=!]))?|[^\\[(]/suy);
      if (token === undefined || token === "(") return false;
      if (token === "(?") depth++;
      else if (token === ")") depth--;
    }
    return true;
  }

  #take(token: RegExp): string | undefined {
    token.lastIndex = this.#at;
    const taken = token.exec(this.#source)?.[0];
    this.#at += taken?.length ?? 0;
    return taken;
  }
}
