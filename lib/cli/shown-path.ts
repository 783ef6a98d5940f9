import { relative } from "node:path";

/** A path as a person standing in `cwd` would write it. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === "" || short.startsWith("..") ? path : short;
}
