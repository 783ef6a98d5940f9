// What a client would rather have (RFC 9110 §12.5), by the package negotiator.

import Negotiator from "negotiator";
import type { Environ } from "../gateway/types.ts";
import { fullType } from "./media-types.ts";

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

/** The same for content codings; where the client does not say, it likes `identity` alone. */
export function acceptedEncoding<T extends string>(environ: Environ, offered: readonly T[]): T | undefined {
  const best = negotiator("accept-encoding", environ.HTTP_ACCEPT_ENCODING).encodings([...offered])[0];
  return offered.find((coding) => coding === best);
}

/** The same for charsets. */
export function acceptedCharset<T extends string>(environ: Environ, offered: readonly T[]): T | undefined {
  const best = negotiator("accept-charset", environ.HTTP_ACCEPT_CHARSET).charsets([...offered])[0];
  return offered.find((charset) => charset === best);
}

function negotiator(name: string, value: string | undefined): Negotiator {
  return new Negotiator({ headers: value === undefined ? {} : { [name]: value } });
}
