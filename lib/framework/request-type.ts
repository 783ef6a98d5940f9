import { fullType } from "./media-types.ts";

/** What `web.is()` takes besides media types and the names that are short for them, as Express does. */
const SHORT: Readonly<Record<string, string>> = {
  urlencoded: "application/x-www-form-urlencoded",
  multipart: "multipart/*",
};

/** RFC 6838 §4.2: names of types and subtypes. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

/**
 * The first of `wanted` that a type is, as it was given; the type itself where that leaves something open (`image/*`,
 * `+json`), or where nothing is given.
 *
 * @param type - in small letters, without parameters
 */
export function matchingType(type: string, wanted: readonly string[]): string | undefined {
  if (!MEDIA_TYPE.test(type)) return undefined;
  if (wanted.length === 0) return type;
  const found = wanted.find((one) => fits(type, expanded(one)));
  return found?.includes("*") || found?.startsWith("+") ? type : found;
}

function expanded(wanted: string): string {
  if (wanted.startsWith("+")) return `*/*${wanted}`;
  return Object.hasOwn(SHORT, wanted) ? (SHORT[wanted] as string) : fullType(wanted);
}

function fits(type: string, wanted: string): boolean {
  const [main = "", sub = ""] = type.split("/");
  const [wantedMain, wantedSub, ...more] = wanted.split("/");
  if (wantedSub === undefined || more.length > 0) return false;
  if (wantedMain !== "*" && wantedMain !== main) return false;
  return wantedSub.startsWith("*+")
    ? sub.endsWith(wantedSub.slice(1))
    : wantedSub === "*" || wantedSub === sub;
}
