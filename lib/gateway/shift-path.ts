import { ApplicationError } from "../errors.ts";
import type { Environ } from "./types.ts";

/**
 * Moves segments between `SCRIPT_NAME` and `PATH_INFO`, as whoever hands a request on to an application below a path does.
 * Empty segments (`//`) are dropped from what is moved.
 *
 * @param segments how many go from the beginning of `PATH_INFO` to the end of `SCRIPT_NAME`; a negative number brings as many
 *   back
 * @returns what was moved, such as `/blog`; `undefined` where there are not as many segments, or one of them is `.` or `..`:
 *   then nothing was
 * @example
 * const tenant = shiftPath(environ); // of "/ann/wiki" it is "/ann", and PATH_INFO is "/wiki"
 *
 * @throws {ApplicationError} `PATH_SHIFT`: no whole number
 */
export function shiftPath(environ: Environ, segments = 1): string | undefined {
  if (!Number.isInteger(segments)) {
    throw new ApplicationError("PATH_SHIFT", `${segments} is no number of segments of a path`);
  }
  const { SCRIPT_NAME: mount, PATH_INFO: path } = environ;
  const count = Math.abs(segments);
  const pattern = segments < 0 ? `(?:/+[^/]+){${count}}$` : `^(?:/+[^/]+){${count}}`;
  const [found] = new RegExp(pattern).exec(segments < 0 ? mount : path) ?? [];
  if (found === undefined) return undefined;
  const moved = found.replace(/\/+/g, "/");
  if (/\/\.{1,2}(?:\/|$)/.test(moved)) return undefined;
  environ.SCRIPT_NAME = segments < 0 ? mount.slice(0, mount.length - found.length) : mount + moved;
  environ.PATH_INFO = segments < 0 ? moved + path : path.slice(found.length);
  return moved;
}
