// Servers that listen, in a file of their own beside the script: more than a third of a script's code, which Node would read
// and V8 pass over at every request of a CGI script, and which never answers one.

import { decode, encode, type SourceMapSegment } from "@jridgewell/sourcemap-codec";

/** What runs the code that may be apart: a name that the script gives it, see {@link scriptHead}. */
export const APART = "__apart";

/** Stands behind that code, so that it is found again when all names have been shortened. */
const END = "__apart_end";

/** Around a function that is to stand apart: what goes before it and behind it. */
export const apartHead = `${APART}(`;
export const apartTail = `, "${END}")`;

/**
 * In its place: what is evaluated here sees all that the function saw, and no name but `arguments` is between them.
 */
const EVALUATOR = 'function(){"use strict";return eval(arguments[0])}';

const MARKED = new RegExp(String.raw`\b${APART}\(([^]*),\s*"${END}"\)`);

export interface Parted {
  readonly code: string;
  /** Its source map; the lines of `apart` follow on those of `code`. */
  readonly map: string;
  /** An expression, a function, to be evaluated where it stood; undefined where nothing was marked. */
  readonly apart: string | undefined;
}

/** Takes the function out of finished code that was marked with {@link apartHead} and {@link apartTail}. */
export function parted(code: string, map: string): Parted {
  const found = MARKED.exec(code);
  const apart = found?.[1];
  if (found === null || apart === undefined) return { code, map, apart: undefined };
  const from = found.index + APART.length + 1;
  const to = from + apart.length;
  const end = found.index + found[0].length;
  const facts = JSON.parse(map) as { readonly mappings: string };
  const lines = placedLines(code, decode(facts.mappings));
  const whole = `${code.slice(0, from)}${EVALUATOR}${code.slice(end - 1)}`;
  const mappings = encode([
    ...linesOf(whole, [
      ...lines.filter(([at]) => at < from),
      ...lines
        .filter(([at]) => at >= end - 1)
        .map(([at, segment]): Placed => [at - (end - 1) + from + EVALUATOR.length, segment]),
    ]),
    ...linesOf(
      apart,
      lines.filter(([at]) => at >= from && at < to).map(([at, segment]): Placed => [at - from, segment]),
    ),
  ]);
  return { code: whole, map: JSON.stringify({ ...facts, mappings }), apart };
}

/** A segment of a map, with the place in the code that it is about, counted from the beginning. */
type Placed = readonly [at: number, segment: SourceMapSegment];

function placedLines(code: string, lines: readonly SourceMapSegment[][]): Placed[] {
  const starts = lineStarts(code);
  return lines.flatMap((segments, line) => {
    return segments.map((segment): Placed => [(starts[line] ?? 0) + segment[0], segment]);
  });
}

function linesOf(code: string, placed: readonly Placed[]): SourceMapSegment[][] {
  const starts = lineStarts(code);
  const lines = starts.map((): SourceMapSegment[] => []);
  let line = 0;
  for (const [at, [, ...origin]] of placed) {
    while ((starts[line + 1] ?? Number.POSITIVE_INFINITY) <= at) line++;
    lines[line]?.push([at - (starts[line] ?? 0), ...origin] as SourceMapSegment);
  }
  return lines;
}

function lineStarts(code: string): number[] {
  return [0, ...[...code.matchAll(/\n/g)].map(({ index }) => index + 1)];
}
