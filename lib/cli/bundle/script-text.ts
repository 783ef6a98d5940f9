// The text of a bundled script: words for the kernel, the code in a comment, the launcher that compiles it.

/** What comes before the code, in three lines. The comment stands in a function, whose text the launcher asks for. */
export function scriptHead(shebang: string, entry: string): string {
  return `${shebang}
// Made by postern bundle of ${entry.replaceAll("*", "?")}: change that, and bundle it again.
function bundled() {/*(function (exports, require, module, __filename, __dirname, __postern) {`;
}

/** What comes behind it, before the launcher. */
export const codeEnd = "})*/}\n";

/** What stands for the end of a comment in the code. */
export const COMMENT_END = "*\u0001/";

/** The code as it may stand in a comment. */
export function commented(code: string): string {
  return code.replaceAll("*/", COMMENT_END);
}

/** FNV-1a, as the launcher computes it: Node's own digests cost a script more than the few files that it looks at. */
export function digest(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
