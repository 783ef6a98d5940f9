// A pattern of plain text and whole segments, such as `/things/:id/parts`, matched without its regular expression: most
// routes are such, and cutting the path at its slashes takes less than the expression and its result do.

import type { Expression, Groups } from "./pattern.ts";
import { isPlainText, unescaped } from "./plain-text.ts";

/** Stands for the regular expression that it is made of: the same paths match, with the same groups. */
export class PlainSegments implements Expression {
  readonly #start: string;
  /** What follows each group: nothing, or text that begins with a slash. */
  readonly #texts: readonly string[];
  readonly #isPrefix: boolean;

  /**
   * `undefined`: something else is in the expression.
   *
   * @param source - of a regular expression that can be read, for the whole path or for a prefix of it
   */
  static of(source: string, isPrefix: boolean): PlainSegments | undefined {
    const [start = "", ...texts] = source.split(WHOLE_SEGMENT);
    if (!isPlainText(start) || !texts.every(isPlainText)) return undefined;
    const isSegmentsEnd = (text: string, index: number) =>
      /^\\?\//.test(text) || (text === "" && index === texts.length - 1);
    if (!texts.every(isSegmentsEnd)) return undefined;
    return new PlainSegments(unescaped(start), texts.map(unescaped), isPrefix);
  }

  private constructor(start: string, texts: readonly string[], isPrefix: boolean) {
    this.#start = start;
    this.#texts = texts;
    this.#isPrefix = isPrefix;
  }

  exec(path: string): Groups | null {
    let at = this.#start.length;
    // V8 compares two strings faster than it finds out whether one starts with the other.
    if (path.slice(0, at) !== this.#start) return null;
    let groups: [string, ...string[]] | undefined;
    for (const text of this.#texts) {
      const slash = path.indexOf("/", at);
      const end = slash === -1 ? path.length : slash;
      if (end === at) return null;
      const segment = path.slice(at, end);
      groups = groups === undefined ? [path, segment] : [...groups, segment];
      at = end + text.length;
      if (text !== "" && path.slice(end, at) !== text) return null;
    }
    groups ??= [path];
    if (at === path.length) return groups;
    if (!this.#isPrefix || path[at] !== "/") return null;
    groups[0] = path.slice(0, at);
    return groups;
  }
}

/** `([^/]+)`, with a name or without. */
const WHOLE_SEGMENT = /\((?:\?<[^>]*>)?\[\^\\?\/\]\+\)/;
