// What a script imports from outside of it while it runs. V8 does not tell Node where code of a code cache came from, and Node refuses
// its import(): the launcher, which Node itself compiles, does it in its place.

import { Script } from "node:vm";

const WORD = "import";

/**
 * What imports a module for the code: a name that stands nowhere in it, of as many letters as `import`, so that the source map
 * holds.
 */
export function nameOfImport(code: string): string {
  let name: string;
  let number = 0;
  do name = `$${(number++).toString(36).padStart(WORD.length - 1, "_")}`;
  while (code.includes(name));
  return name;
}

/**
 * Code whose calls of import(), which esbuild has left to Node, go to a function. Texts may have the same letters in them.
 *
 * @param name the function's, as {@link nameOfImport} has found it for this code
 */
export function withOuterImports(code: string, name: string): string {
  if (!isReadable(code)) return code;
  return code.replace(/\bimport(?=\()/g, (word, at: number) => (isCall(code, at) ? name : word));
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
