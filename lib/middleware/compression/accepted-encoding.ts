import Negotiator from "negotiator";
import type { Environ } from "../../gateway/types.ts";

/** Version 1 of negotiator, which its types do not know yet. */
interface Preferring {
  encodings(available: readonly string[], options: { preferred: readonly string[] }): string[];
}

/**
 * The first of these content codings that the client likes best, or `"identity"`; undefined where it refuses all of them and
 * identity too (RFC 9110 §12.5.3). Of codings that it likes equally, the first here counts, and identity last. A client that
 * sends no `Accept-Encoding` gets identity.
 */
export function acceptedEncoding<Coding extends string>(
  environ: Environ,
  codings: readonly Coding[],
): Coding | "identity" | undefined {
  const accepted = environ.HTTP_ACCEPT_ENCODING;
  if (accepted === undefined) return "identity";
  const available = [...codings, "identity"] as const;
  const negotiator: Preferring = new Negotiator({ headers: { "accept-encoding": accepted } });
  const [best] = negotiator.encodings(available, { preferred: available });
  return available.find((coding) => coding === best);
}
