// What of a regular expression stands for itself.

// Half a surrogate pair is none: with `u` it matches no half of a whole one.
const CHARACTER = String.raw`(?:[\w/~!@&=:;,%'" \x80-\ud7ff\ue000-\u{10ffff}-]|\\[^\w\s])`;

const WHOLE = new RegExp(`^${CHARACTER}*$`, "u");

// What is repeated may be missing.
const START = new RegExp(`^(?:${CHARACTER}(?![?*+{]))*`, "u");

export function isPlainText(source: string): boolean {
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
