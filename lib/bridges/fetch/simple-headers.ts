import { HEADER_NAME } from "../../gateway/head.ts";
import type { Header } from "../../gateway/types.ts";

/** Names in small letters, so that one is looked at once and not with each response; "" for what is none. */
const known = new Map<string, string>();
const MAX_KNOWN = 512;
const MAX_KNOWN_NAME = 128;

/** A value that is sent as it is: nothing to take off its ends, and nothing to complain about. */
export const PLAIN_VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/**
 * The headers of a response as they were passed, where nothing has to be thought about; undefined where that is for Node's
 * Headers: names that repeat, values that are no strings, mistakes.
 */
export function simpleHeaders(headers: ResponseInit["headers"]): Header[] | undefined {
  if (headers === undefined) return [];
  if (headers === null) return undefined;
  if (headers instanceof Headers) return [...headers];
  if (Object.getPrototypeOf(headers) !== Object.prototype) return undefined;
  const simple: Header[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const small = known.get(name) ?? readName(name);
    if (small === "" || typeof value !== "string" || !PLAIN_VALUE.test(value)) return undefined;
    if (simple.some(([other]) => other === small)) return undefined;
    simple.push([small, value]);
  }
  return simple;
}

function readName(name: string): string {
  const small = HEADER_NAME.test(name) ? name.toLowerCase() : "";
  if (known.size < MAX_KNOWN && name.length <= MAX_KNOWN_NAME) known.set(name, small);
  return small;
}
