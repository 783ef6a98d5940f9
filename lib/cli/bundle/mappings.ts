// The mappings of a source map: lines of segments, each of up to five numbers in base 64.
// https://tc39.es/ecma426/#sec-mappings

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Where a piece of a line is from: its column, and where they are known source, line, column and name, all from 0. */
export type Segment = readonly number[];

/** The segments of each line. */
export function readMappings(mappings: string): Segment[][] {
  // Numbers are told as differences to those of the segment before; columns begin anew in each line.
  const before = [0, 0, 0, 0, 0];
  return mappings.split(";").map((line) => {
    before[0] = 0;
    if (line === "") return [];
    return line.split(",").map((segment) =>
      numbersOf(segment).map((difference, index) => {
        const value = (before[index] ?? 0) + difference;
        before[index] = value;
        return value;
      }),
    );
  });
}

export function writeMappings(lines: readonly (readonly Segment[])[]): string {
  const before = [0, 0, 0, 0, 0];
  const written = lines.map((segments) => {
    before[0] = 0;
    return segments.map((segment) => {
      const digits = segment.map((value, index) => digitsOf(value - (before[index] ?? 0)));
      for (const [index, value] of segment.entries()) before[index] = value;
      return digits.join("");
    });
  });
  return written.map((segments) => segments.join(",")).join(";");
}

/** Five bits a digit, the lowest first; the sixth tells that more follow, the lowest of all is the sign. */
function numbersOf(segment: string): number[] {
  const numbers: number[] = [];
  let [bits, shift] = [0, 0];
  for (const character of segment) {
    const digit = DIGITS.indexOf(character);
    bits |= (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    numbers.push((bits & 1) === 0 ? bits >>> 1 : -(bits >>> 1));
    [bits, shift] = [0, 0];
  }
  return numbers;
}

function digitsOf(value: number): string {
  let bits = value < 0 ? (-value << 1) | 1 : value << 1;
  let digits = "";
  do {
    const more = bits > 31 ? 32 : 0;
    digits += DIGITS.charAt((bits & 31) | more);
    bits >>>= 5;
  } while (bits > 0);
  return digits;
}
