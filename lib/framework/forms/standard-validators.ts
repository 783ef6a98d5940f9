// Validators for what nearly every form asks. As HTML's attributes have it, they leave a field alone that is empty: whether it
// may be is `notnull`'s question.

import { ApplicationError } from "../../errors.ts";
import { formMessages } from "./messages.ts";
import { lookUp, parseName, type Segment } from "./name-path.ts";
import { isEmail } from "./text-fields.ts";
import { Validator } from "./validator.ts";

/** Bounds of which one at least is there; both belong to what is allowed. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/**
 * A text of so many characters (UTF-16 code units, as `maxlength` counts; a line break is one), or a list of so many items,
 * which should have a message of its own.
 *
 * @example
 * password("password", length({ min: 12 }))
 *
 * @throws ApplicationError `VALIDATOR`: no bound, one that is no number, or `max` below `min`
 */
export function length(bounds: Bounds, message?: string): Validator<string | readonly unknown[] | null> {
  const { min, max } = checked("length", bounds);
  return new Validator(message ?? boundsText(bounds, " characters"), (value) => {
    if (isEmpty(value)) return true;
    const size = typeof value === "string" ? value.replaceAll("\r\n", "\n").length : value.length;
    return size >= min && size <= max;
  });
}

/**
 * A number between bounds, of a field of numbers or of one of text.
 *
 * @example
 * number("age", between({ min: 18 }))
 *
 * @throws ApplicationError `VALIDATOR`: no bound, one that is no number, or `max` below `min`
 */
export function between(bounds: Bounds, message?: string): Validator<number | string | null> {
  const { min, max } = checked("between", bounds);
  return new Validator(message ?? boundsText(bounds), (value) => {
    if (isEmpty(value)) return true;
    const number = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
    return Number.isFinite(number) && number >= min && number <= max;
  });
}

/**
 * For the validators of the form: two fields hold the same, such as a password that is typed twice. What is wrong is noted at
 * the first of them.
 *
 * @param name as it was declared, such as `"again"` or `"account.again"`
 * @example
 * form([password("password"), password("again")], { validators: [equalTo("again", "password")] })
 *
 * @throws ApplicationError `VALIDATOR`: no name of a field
 */
export function equalTo(name: string, other: string, message = "Not the same"): Validator<object> {
  const [path, otherPath] = [pathOf(name), pathOf(other)];
  const test = (values: object) => Object.is(lookUp(values, path), lookUp(values, otherPath));
  return new Validator(message, test, path.map(String));
}

/**
 * One of these values, or a list of some of them. A field of choices asks that itself.
 *
 * @example
 * textbox("country", oneOf(["AT", "CH", "DE"]))
 */
export function oneOf<const V extends string | number | boolean>(
  values: readonly V[],
  message: string = formMessages.choice,
): Validator<unknown> {
  const known = new Set<unknown>(values);
  return new Validator(message, (value) => {
    if (isEmpty(value)) return true;
    return Array.isArray(value) ? value.every((one) => known.has(one)) : known.has(value);
  });
}

/** Text that is one e-mail address, as a browser checks it; the field `email` asks that itself. */
export function emailAddress(message: string = formMessages.email): Validator<string | null> {
  return new Validator(message, (value) => isEmpty(value) || isEmail(value));
}

function isEmpty(value: unknown): value is null | undefined | "" | readonly [] {
  return (
    value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

function checked(name: string, bounds: Bounds): Required<Bounds> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bounds;
  if (min <= max && (Number.isFinite(min) || Number.isFinite(max))) return { min, max };
  throw new ApplicationError(
    "VALIDATOR",
    `${name}() takes { min, max }, of which one may be left out, and not { min: ${bounds.min}, max: ${bounds.max} }`,
  );
}

function boundsText({ min, max }: Bounds, unit = ""): string {
  if (min === max) return `Exactly ${min}${unit}`;
  if (max === undefined) return formMessages.min(`${min}${unit}`);
  return min === undefined ? formMessages.max(`${max}${unit}`) : `From ${min} to ${max}${unit}`;
}

function pathOf(name: string): readonly Segment[] {
  const path = parseName(name);
  if (path !== undefined) return path;
  throw new ApplicationError("VALIDATOR", `equalTo() takes names of fields, and not ${JSON.stringify(name)}`);
}
