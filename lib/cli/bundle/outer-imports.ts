// What a script imports from outside of it while it runs. V8 does not tell Node where code of a code cache came from, and Node refuses
// its import(): the launcher, which Node itself compiles, does it in its place.

import { Script } from "node:vm";

/** What imports a module for the code; of as many letters as `import`, so that the source map holds. */
export const IMPORT = "$load$";

const WORD = "import";

/** Code whose calls of import(), which esbuild has left to Node, go to {@link IMPORT}. Texts may have the same letters in them. */
export function withOuterImports(code: string): string {
  if (code.includes(IMPORT) || !isReadable(code)) return code;
  return code.replace(/\bimport(?=\()/g, (word, at: number) => (isCall(code, at) ? IMPORT : word));
}

/** Nothing can be assigned to the word itself, and `void` cannot stand in front of a method of this name. */
function isCall(code: string, at: number): boolean {
  const [before, after] = [code.slice(0, at), code.slice(at + WORD.length)];
  return !isReadable(`${before}${WORD} =${after}`) && isReadable(`${before}void ${WORD}${after}`);
}

function isReadable(code: string): boolean {
  try {
    new Script(code);
    return true;
  } catch {
    return false;
  }
}
