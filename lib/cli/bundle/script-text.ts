// The text of a bundled script: words for the kernel, the code in a comment, the launcher that compiles it. The code is an
// array of two functions: the application's modules, and the runtime that they need.

import { APART } from "./apart.ts";

/** Gives a function back, where esbuild's `__name`, of as many letters, gives it its name. */
export const UNNAMED = "__bare";

/**
 * What comes before the modules, in three lines. The comment stands in a function, whose text the launcher asks for. One letter
 * beyond ASCII would have Node decode all of the script.
 *
 * @param importing what the modules call for import()
 */
export function scriptHead(shebang: string, entry: string, importing: string): string {
  return `${shebang}
// Made by postern bundle of ${entry.replaceAll(/[^ -~]|\*/gu, "?")}: change that, and bundle it again.
function bundled() {/*[(function (exports, require, module, __filename, __dirname, __postern, ${UNNAMED}, ${importing}, ${APART}) {`;
}

/** What comes behind the modules. */
export function runtimePart(runtime: string): string {
  return `}),(function (exports, require, module, __filename, __dirname, application, launch) {${runtime}})]`;
}

/** What comes behind the code, before the launcher. */
export const codeEnd = "*/}\nfunction load(name, options) { return import(name, options); }\n";

/** What stands for the end of a comment in the code. */
export const COMMENT_END = "*\u0001/";

/** The code as it may stand in a comment. */
export function commented(code: string): string {
  return code.replaceAll("*/", COMMENT_END);
}
