// A pattern of plain text and whole segments, such as `/things/:id/parts`, matched without its regular expression: most
// routes are such, and cutting the path at its slashes takes less than the expression and its result do.

import type { Expression, Groups } from "./pattern.ts";

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
    const texts = this.#texts;
    for (let place = 0; place < texts.length; place++) {
      const text = texts[place] as string;
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

/** `([^/]+)`, with a name or without. What looks behind, `(?<=a>[^/]+)`, has no name. */
const WHOLE_SEGMENT = /\((?:\?<(?![=!])[^>]*>)?\[\^\\?\/\]\+\)/;

// What stands for itself. Half a surrogate pair is none: with `u` it matches no half of a whole one.
const CHARACTER = String.raw`(?:[\w/~!@&=:;,%'" \x80-\ud7ff\ue000-\u{10ffff}-]|\\[^\w\s])`;

const WHOLE = new RegExp(`^${CHARACTER}*$`, "u");

// What is repeated may be missing.
const START = new RegExp(`^(?:${CHARACTER}(?![?*+{]))*`, "u");

function isPlainText(source: string): boolean {
  return WHOLE.test(source);
}

/** The plain text that an expression without alternatives begins with, as it stands there. */
export function plainStart(source: string): string {
  return START.exec(source)?.[0] ?? "";
}

/** The characters that plain text stands for. */
export function unescaped(plainText: string): string {
  return plainText.replace(/\\(.)/gsu, "$1");
}
