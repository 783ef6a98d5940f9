// Names that people write, and those that there are.

import { refuseUnknownOptions } from "../errors.ts";

/**
 * Refuses options that nothing would read, with the nearest name: a mistyped limit is none.
 *
 * @param of - whose options they are, such as `etag()`
 * @param known - every option there is, which the compiler sees to
 * @param words - what other systems call an option, and what to say then
 * @throws {GatewayError} `UNKNOWN_OPTION`; `OPTION` when they are no object
 */
export function checkOptions<T extends object>(
  of: string,
  options: T,
  known: Readonly<Record<keyof NoInfer<T>, unknown>>,
  words: Readonly<Record<string, string>> = {},
): void {
  const names = Object.keys(known);
  refuseUnknownOptions(of, options, known, (name) => {
    const near = Object.hasOwn(words, name) ? words[name] : nearest(name, names).slice(0, 3).join(" or ");
    return near ? `did you mean ${near}?` : `it has ${names.join(", ")}`;
  });
}

/**
 * The names that a mistyped word may have meant, the nearest first: those it begins, and those at a distance of a
 * third of its length, where two neighbours that changed places count once.
 */
export function nearest(word: string, names: readonly string[]): string[] {
  const allowed = Math.max(1, Math.floor(word.length / 3));
  return names
    .map((name) => ({ name, distance: name.startsWith(word) ? 0 : distance(word, name) }))
    .filter((one) => one.distance <= allowed)
    .sort((a, b) => a.distance - b.distance)
    .map((one) => one.name);
}

/** Optimal string alignment: changes, insertions, deletions and swaps of neighbours. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(rows, i - 1, j) + 1,
          (row[j - 1] ?? 0) + 1,
          at(rows, i - 1, j - 1) + (same ? 0 : 1),
          swapped ? at(rows, i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    rows.push(row);
  }
  return at(rows, a.length, b.length);
}

function at(rows: readonly (readonly number[])[], i: number, j: number): number {
  return rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
}
