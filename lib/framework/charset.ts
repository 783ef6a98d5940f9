import { Buffer } from "node:buffer";
import { decodePath } from "../gateway/path.ts";
import { unsupportedMediaType } from "./responses.ts";

/** The charset that a media type names, in small letters; or `""`. */
export function charsetOf(type: string): string {
  const [, quoted, plain] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/i.exec(type) ?? [];
  return (quoted ?? plain ?? "").toLowerCase();
}

/** Decodes a name or a value of `a=1&b=2`, given as its bytes. */
export type FieldDecoder = (text: string) => string;

/**
 * What decodes the fields of a form in another charset than UTF-8: HTML's `accept-charset`, and pages that are not in UTF-8
 * themselves. `undefined` for UTF-8, and where the type names none.
 *
 * @param type `Content-Type`
 * @throws HttpResponse 415: no charset that is known (WHATWG Encoding), or one in which `&` and `=` are no single bytes
 */
export function fieldDecoder(type: string): FieldDecoder | undefined {
  const label = charsetOf(type);
  if (label === "" || label === "utf-8" || label === "utf8") return undefined;
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(label);
  } catch {
    throw unsupportedMediaType(`unsupported media type: the charset ${JSON.stringify(label)} is not known`);
  }
  if (decoder.encoding.startsWith("utf-16")) {
    throw unsupportedMediaType("unsupported media type: a form in UTF-16 has no fields");
  }
  return (text) => decoder.decode(Buffer.from(decodePath(text.replaceAll("+", " ")), "latin1"));
}
