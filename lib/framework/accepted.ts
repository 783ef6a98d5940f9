// What a client would rather have (RFC 9110 §12.5), by the package negotiator.

import Negotiator from "negotiator";
import type { Environ } from "../gateway/types.ts";
import { mediaTypes } from "./media-types.ts";

/** `html` as the media type it is short for, without its parameters; a type with a slash is one already. */
function fullType(type: string): string {
  if (type.includes("/")) return type;
  return Object.hasOwn(mediaTypes, type) ? (mediaTypes[type] as string).replace(/;.*/, "") : type;
}

/** The first of those that the client likes best; `undefined`: it likes none of them. */
export function acceptedType<T extends string>(environ: Environ, offered: readonly T[]): T | undefined {
  const full = offered.map(fullType);
  const best = negotiator("accept", environ.HTTP_ACCEPT).mediaTypes(full)[0];
  return best === undefined ? undefined : offered[full.indexOf(best)];
}

/** The first of those that the client likes best; `undefined`: it likes none of them. */
export function acceptedLanguage<T extends string>(environ: Environ, offered: readonly T[]): T | undefined {
  const best = negotiator("accept-language", environ.HTTP_ACCEPT_LANGUAGE).languages([...offered])[0];
  return offered.find((language) => language === best);
}

function negotiator(name: string, value: string | undefined): Negotiator {
  return new Negotiator({ headers: value === undefined ? {} : { [name]: value } });
}
