import { GatewayError } from "./errors.ts";
import { nearest } from "./gateway/option-names.ts";

/** Of words of three letters half of all others are near, such as `app` to `ajp` and `cli` to `cgi`. */
const LONG_WORDS = ["http", "fcgi", "fastcgi", "scgi", "uwsgi"] as const;
const SHORT_WORDS = ["ajp", "cgi"] as const;

/** A word that begins one of those counts where it has most of its letters. */
const MISSING_LETTERS = 2;

/** The protocol's word that a mistyped one may have meant; undefined for what an application may take for itself. */
export function nearProtocol(word: string): string | undefined {
  const lower = word.toLowerCase();
  if (lower.length < 3 || lower.startsWith("-")) return undefined;
  const [long] = nearest(lower, LONG_WORDS).filter((name) => name.length - lower.length <= MISSING_LETTERS);
  return long ?? SHORT_WORDS.find((name) => lettersOf(name) === lettersOf(lower));
}

/**
 * Refuses a first word of the command line that is a protocol's, mistyped: HTTP in its place would be served where nobody
 * expects it.
 *
 * @throws {GatewayError} `UNKNOWN_PROTOCOL`
 */
export function refuseMistyped(word: string): void {
  const meant = nearProtocol(word);
  if (meant === undefined) return;
  throw new GatewayError(
    "UNKNOWN_PROTOCOL",
    `the command line says ${word}, which names no protocol; did you mean ${meant}? (Where it is a word of the application's ` +
      'own, option "protocol" or the variable POSTERN_SERVER says what to serve.)',
  );
}

/** What was thrown for a variable POSTERN_SERVER that names no protocol, with the one that it may have meant. */
export function withMeantProtocol(error: unknown, { POSTERN_SERVER: word = "" }: NodeJS.ProcessEnv): unknown {
  if (!(error instanceof GatewayError) || error.code !== "UNKNOWN_PROTOCOL") return error;
  const meant = nearProtocol(word);
  if (meant === undefined) return error;
  return new GatewayError(error.code, `POSTERN_SERVER=${word} names no protocol; did you mean ${meant}?`);
}

function lettersOf(word: string): string {
  return [...word].sort().join("");
}
