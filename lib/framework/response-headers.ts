import { ApplicationError } from "../errors.ts";
import { HEADER_NAME, HEADER_VALUE } from "../gateway/head.ts";
import type { Header } from "../gateway/types.ts";

/** Headers that a response has once: the last one set is the one that is sent. */
const SINGLE: ReadonlySet<string> = new Set([
  "content-type",
  "content-length",
  "content-disposition",
  "content-encoding",
  "content-range",
  "etag",
  "last-modified",
  "location",
]);

/** Names that passed, each with whether a response has it once, so that a name is looked at once and not at each response. */
const known = new Map<string, boolean>();
const MAX_KNOWN = 512;
const MAX_KNOWN_NAME = 128;

/** A value of `Content-Type` as a handler writes it: text is UTF-8 where it says nothing else. */
export function withCharset(name: string, value: string | number): string | number {
  if (name.length !== 12 || name.toLowerCase() !== "content-type") return value;
  return /^text\/(?!event-stream)[^;\s]+$/i.test(String(value)) ? `${value}; charset=utf-8` : value;
}

/** The headers of one response. What could break out of a header is refused where it is set. */
export class ResponseHeaders {
  list: Header[] = [];

  /** @throws ApplicationError `HEADER`: no header name, or a value with a line break or other control character */
  add(name: string, value: string | number): void {
    const text = String(value);
    const isSingle = known.get(name) ?? classify(name);
    if (!HEADER_VALUE.test(text)) {
      throw new ApplicationError(
        "HEADER",
        `the value of the header ${name} has a line break, a control character or a character past U+00FF: ` +
          `encode it first (${JSON.stringify(text)})`,
      );
    }
    if (isSingle) this.remove(name);
    this.list.push([name, text]);
  }

  /** @throws ApplicationError `HEADER`: as `add()` */
  set(name: string, value: string | number): void {
    this.remove(name);
    this.add(name, value);
  }

  /** Adds to a header that is a list, such as `Vary`, what it does not have yet. */
  append(name: string, value: string): void {
    const wanted = value.toLowerCase();
    const has = this.list.some(
      ([other, values]) =>
        isSameName(other, name) &&
        values.split(",").some((one) => one.trim() === "*" || one.trim().toLowerCase() === wanted),
    );
    if (!has) this.add(name, value);
  }

  /** Sets the type of a response that has none yet; `type` is one of ours and needs no check. */
  defaultType(type: string): void {
    if (this.list.length === 0 || !this.has("Content-Type")) this.list.push(["Content-Type", type]);
  }

  has(name: string): boolean {
    return this.list.some(([other]) => isSameName(other, name));
  }

  remove(name: string): void {
    if (this.has(name)) this.list = this.list.filter(([other]) => !isSameName(other, name));
  }

  /** Takes out what describes content (RFC 9110 §8.3 to §8.6), for a response that has none. */
  removeContent(): void {
    this.list = this.list.filter(([name]) => !CONTENT.test(name));
  }

  /** Takes out what describes a representation, for a response that is another one. */
  removeRepresentation(): void {
    this.list = this.list.filter(([name]) => !CONTENT.test(name) && !VALIDATOR.test(name));
  }
}

function classify(name: string): boolean {
  if (!HEADER_NAME.test(name)) {
    throw new ApplicationError("HEADER", `${JSON.stringify(name)} is no name of a header`);
  }
  const isSingle = SINGLE.has(name.toLowerCase());
  if (known.size < MAX_KNOWN && name.length <= MAX_KNOWN_NAME) known.set(name, isSingle);
  return isSingle;
}

function isSameName(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
}

// Content-Security-Policy is none of these.
const CONTENT = /^content-(type|length|encoding|range|language|disposition)$/i;
const VALIDATOR = /^(etag|last-modified|content-location)$/i;
