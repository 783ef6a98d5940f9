export interface Line {
  readonly text: string;
  readonly added: boolean;
  readonly removed: boolean;
}

/** The lines of two texts: those that begin and end both once, what is between as removed and added. */
export function difference(before: string, after: string): Line[] {
  const old = before === "" ? [] : before.split("\n");
  const now = after === "" ? [] : after.split("\n");
  const shorter = Math.min(old.length, now.length);
  let start = 0;
  while (start < shorter && old[start] === now[start]) start++;
  let end = 0;
  while (end < shorter - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const line = (added: boolean, removed: boolean) => (text: string) => ({ text, added, removed });
  return [
    ...now.slice(0, start).map(line(false, false)),
    ...old.slice(start, old.length - end).map(line(false, true)),
    ...now.slice(start, now.length - end).map(line(true, false)),
    ...now.slice(now.length - end).map(line(false, false)),
  ];
}
