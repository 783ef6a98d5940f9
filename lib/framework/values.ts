// Named values of a request (query, form, cookies) and what a handler says of those it wants.

import { badRequest, contentTooLarge } from "./responses.ts";
import type { Upload } from "./upload.ts";

/** Everything that came under each name, in order. */
export type NamedValues = Map<string, (string | Upload)[]>;

/** Asks for a file, or for all files of a name. Made by `upload()` and `uploads()`. */
export class UploadDefault<Many extends boolean = boolean> {
  readonly many: Many;

  constructor(many: Many) {
    this.many = many;
  }
}

/** A default that asks for one file: an `Upload`, or `undefined` when none was chosen. */
export function upload(): UploadDefault<false> {
  return new UploadDefault(false);
}

/** A default that asks for all files of a name. */
export function uploads(): UploadDefault<true> {
  return new UploadDefault(true);
}

/** What a name is worth when it is missing; an array asks for all values of the name. */
export type Default = string | null | undefined | readonly string[] | UploadDefault;

export type Defaults = Readonly<Record<string, Default>>;

/** The values that defaults ask for. */
type Values<D> = {
  -readonly [K in keyof D]: D[K] extends UploadDefault<true>
    ? Upload[]
    : D[K] extends UploadDefault
      ? Upload | undefined
      : D[K] extends readonly string[]
        ? string[]
        : string | Exclude<D[K], string>;
};

/** Names that must be there, and defaults for those that may be missing. */
export type Wanted = readonly (string | Defaults)[];

/**
 * The answer to what was wanted: all text where nothing was. It has no prototype, so no name is there that
 * was not sent.
 */
export type Picked<W extends Wanted> = W extends readonly []
  ? Record<string, string | undefined>
  : Together<W>;

type Together<W extends readonly unknown[]> = W extends readonly [infer First, ...infer Rest]
  ? (First extends string ? Record<First, string> : Values<First>) & Together<Rest>
  : W extends readonly []
    ? unknown
    : Record<string, string | undefined>;

/**
 * Picks values: the last one of a name, or all of them where the default is a list. Names that were sent and
 * not asked for are there as text; files are there only when they are asked for.
 *
 * @throws HttpResponse 400: a required name is missing
 */
export function pick(values: NamedValues, wanted: Wanted): Record<string, unknown> {
  const picked: Record<string, unknown> = Object.create(null);
  for (const [name, all] of values) {
    const last = all.findLast((value) => typeof value === "string");
    if (last !== undefined) picked[name] = last;
  }
  for (const want of wanted) {
    if (typeof want === "string") {
      picked[want] = text(values.get(want)) ?? missing(want);
      continue;
    }
    for (const name of Object.keys(want)) picked[name] = one(values.get(name), want[name]);
  }
  return picked;
}

function one(values: (string | Upload)[] | undefined, fallback: Default): unknown {
  if (fallback instanceof UploadDefault) {
    const files = (values ?? []).filter((value) => typeof value !== "string");
    return fallback.many ? files : files.at(-1);
  }
  if (typeof fallback === "object" && fallback !== null) {
    return values === undefined ? [...fallback] : values.map(asText);
  }
  return text(values) ?? fallback;
}

function text(values: (string | Upload)[] | undefined): string | undefined {
  const last = values?.at(-1);
  return last === undefined ? undefined : asText(last);
}

// A file that was asked for as text is text if it is short.
function asText(value: string | Upload): string {
  if (typeof value === "string") return value;
  if (value.buffer === undefined) throw contentTooLarge();
  return value.buffer.toString("utf8");
}

function missing(name: string): never {
  throw badRequest(`bad request: "${name}" is missing`);
}
