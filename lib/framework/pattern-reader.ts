// Reads the patterns that nearly all maps are made of, such as `/things/:id` and `/hello/(.*)`. To look at them by regular
// expressions takes V8 longer, as it has to make those ready first: in a CGI script, at every request.

/** A pattern of plain text and of groups that are known, which is certain to be a regular expression. */
export interface ReadPattern {
  /** With `/:name` written out. */
  readonly source: string;
  /** The plain text in front of the first group, and behind each one. */
  readonly texts: readonly string[];
  /** The names of its groups, in order; those without one are left empty. */
  readonly names: readonly (string | undefined)[];
  /** What each group stands for is anything but a slash. */
  readonly isOfSegments: boolean;
}

/**
 * `undefined`: something else is in the pattern.
 *
 * @param source - without what stands for the beginning and the end of the path
 * @param hasShortNames - `/:name` is short for a named group
 */
export function readPattern(source: string, hasShortNames: boolean): ReadPattern | undefined {
  return new Reader(source, hasShortNames).pattern();
}

const SEGMENT = ["[^/]+", "[^\\/]+"];

const OTHER_GROUPS = [".*", ".+", "\\d+", "\\w+"];

/** Behind what may be missing, or be there more than once. */
const REPEATS = ["?", "*", "+", "{"];

class Reader {
  readonly #source: string;
  readonly #hasShortNames: boolean;
  readonly #texts: string[] = [];
  readonly #names: (string | undefined)[] = [];
  #isOfSegments = true;
  #text = "";
  #written = "";
  #at = 0;

  constructor(source: string, hasShortNames: boolean) {
    this.#source = source;
    this.#hasShortNames = hasShortNames;
  }

  pattern(): ReadPattern | undefined {
    while (this.#at < this.#source.length) {
      if (!this.#piece() || REPEATS.includes(this.#source.charAt(this.#at))) return undefined;
    }
    this.#texts.push(this.#text);
    return {
      source: this.#written,
      texts: this.#texts,
      names: this.#names,
      isOfSegments: this.#isOfSegments,
    };
  }

  #piece(): boolean {
    const first = this.#source[this.#at];
    if (first === "(") return this.#group();
    if (first === "\\") return this.#escape();
    const text = plainText(this.#source, this.#at);
    if (text === "") return false;
    this.#add(text, text);
    return !text.endsWith("/") || this.#shortName();
  }

  #escape(): boolean {
    const character = this.#source.charAt(this.#at + 1);
    if (!ESCAPED.includes(character)) return false;
    this.#add(`\\${character}`, character);
    return true;
  }

  /** Behind a slash. */
  #shortName(): boolean {
    if (!this.#hasShortNames || this.#source[this.#at] !== ":") return true;
    const name = this.#nameAt(this.#at + 1);
    if (name === "") return true;
    this.#at += 1 + name.length;
    return this.#addGroup(`(?<${name}>[^/]+)`, name);
  }

  #group(): boolean {
    const start = this.#at;
    let inside = start + 1;
    let name: string | undefined;
    if (this.#source.startsWith("?<", inside)) {
      name = this.#nameAt(inside + 2);
      inside += 3 + name.length;
      if (name === "" || this.#source[inside - 1] !== ">") return false;
    }
    const end = this.#source.indexOf(")", inside);
    if (end === -1) return false;
    const content = this.#source.slice(inside, end);
    if (OTHER_GROUPS.includes(content)) this.#isOfSegments = false;
    else if (!SEGMENT.includes(content)) return false;
    this.#at = end + 1;
    return this.#addGroup(this.#source.slice(start, end + 1), name);
  }

  #add(written: string, text: string): void {
    this.#at += written.length;
    this.#written += written;
    this.#text += text;
  }

  /** Of two groups with one name the expression cannot be read. */
  #addGroup(written: string, name: string | undefined): boolean {
    if (name !== undefined && this.#names.includes(name)) return false;
    this.#written += written;
    this.#texts.push(this.#text);
    this.#text = "";
    this.#names.push(name);
    return true;
  }

  /** The name that begins there, or `""`. */
  #nameAt(at: number): string {
    let end = at;
    while (isWord(this.#source.charCodeAt(end), end > at)) end++;
    return this.#source.slice(at, end);
  }
}

// What stands for itself behind a `\`, whatever it is without.
const ESCAPED = [..."!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~"];

const PLAIN = "/-~!@&=:;,%'\" ";

/** What stands for itself from an offset on, up to a slash. */
function plainText(source: string, start: number): string {
  let end = start;
  for (;;) {
    const code = source.codePointAt(end);
    if (code === undefined || !isPlain(code)) break;
    end += code > 0xffff ? 2 : 1;
    if (code === SLASH) break;
  }
  return source.slice(start, end);
}

const SLASH = 0x2f;

/** Half a surrogate pair is not: with `u` it matches no half of a whole one. */
function isPlain(code: number): boolean {
  if (code >= 0x80) return code < 0xd800 || code > 0xdfff;
  return isWord(code, true) || PLAIN.includes(String.fromCharCode(code));
}

function isWord(code: number, isDigitToo: boolean): boolean {
  if (code >= 0x30 && code <= 0x39) return isDigitToo;
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}
