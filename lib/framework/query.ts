import { Buffer } from "node:buffer";
import type { FieldDecoder } from "./charset.ts";
import type { InputLimits } from "./limits.ts";
import { uriTooLong } from "./responses.ts";
import type { NamedValues } from "./values.ts";

/**
 * The fields of a query.
 *
 * @throws HttpResponse 414: more than `maxFields`, or a name past `maxNameBytes`
 */
export function readQuery(query: string, limits: Readonly<Required<InputLimits>>): NamedValues {
  const values: NamedValues = new Map();
  if (query === "") return values;
  const fields = parseFields(query, limits);
  if (fields === undefined) throw uriTooLong();
  for (const [name, value] of fields) addValue(values, name, value);
  return values;
}

/**
 * The fields of `a=1&b=2`; `undefined` where there are more than `maxFields`, which is found out before any is made (a
 * field of one byte takes more than a hundred in memory), or where a name is longer than `maxNameBytes`.
 *
 * @param decode - left out, it is UTF-8; else `text` has the bytes as code points
 */
export function parseFields(
  text: string,
  { maxFields, maxNameBytes }: Readonly<Required<InputLimits>>,
  decode?: FieldDecoder,
): [name: string, value: string][] | undefined {
  let separators = 0;
  for (let at = text.indexOf("&"); at !== -1; at = text.indexOf("&", at + 1)) {
    if (++separators > maxFields) return undefined;
  }
  const fields = decode === undefined ? utf8Fields(text) : splitFields(text, decode);
  if (fields.length > maxFields) return undefined;
  return fields.some(([name]) => isLonger(name, maxNameBytes)) ? undefined : fields;
}

/** Node takes ten times as long for a text in which there is nothing to decode, and passes over a question mark in front of it. */
function utf8Fields(text: string): [name: string, value: string][] {
  if (!/[%+\ud800-\udfff]/.test(text)) return splitFields(text, (plain) => plain);
  return [...new URLSearchParams(`?${text}`)];
}

/** A code unit takes three bytes at the most. */
function isLonger(name: string, maxBytes: number): boolean {
  return name.length * 3 > maxBytes && Buffer.byteLength(name) > maxBytes;
}

/** As the URL standard has it ("application/x-www-form-urlencoded parsing"), for other charsets. */
function splitFields(text: string, decode: FieldDecoder): [name: string, value: string][] {
  return text
    .split("&")
    .filter((field) => field !== "")
    .map((field) => {
      const sign = field.indexOf("=");
      const [name, value] = sign < 0 ? [field, ""] : [field.slice(0, sign), field.slice(sign + 1)];
      return [decode(name), decode(value)];
    });
}

export function addValue<T>(values: Map<string, T[]>, name: string, value: T): void {
  const all = values.get(name);
  if (all === undefined) values.set(name, [value]);
  else all.push(value);
}

/** A query as text, without its question mark: lists become several fields, `null` and `undefined` none. */
export function writeQuery(fields: QueryFields): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && item !== undefined) query.append(name, String(item));
    }
  }
  return query.toString();
}

type QueryValue = string | number | boolean | null | undefined;

/** What a query is made of. */
export type QueryFields = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;
