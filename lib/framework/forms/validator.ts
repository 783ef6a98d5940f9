// What a value has to be besides what its field says: web.py's validators, and schemas.

import { ApplicationError } from "../../errors.ts";
import { HttpResponse } from "../http-response.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** A test, and what is noted where it fails. Made by {@link validator}. */
export class Validator<V = unknown> {
  readonly message: string;
  readonly test: (value: V) => unknown;
  /** Where in the value the message belongs; empty for the value itself. */
  readonly path: readonly string[];

  /** @throws ApplicationError `VALIDATOR`: the test is no function, which would be one that always fails */
  constructor(message: string, test: (value: V) => unknown, path: readonly string[] = []) {
    if (typeof test !== "function")
      throw new ApplicationError(
        "VALIDATOR",
        `the test of the validator ${JSON.stringify(message)} is a function of the value, and this is of type ${typeof test}`,
      );
    this.message = message;
    this.test = test;
    this.path = path;
  }

  /**
   * Whether the test gives something true. A test that throws has failed, as in web.py: `(text) => JSON.parse(text)` is a
   * test. A response that it throws ends the request.
   */
  async valid(value: V): Promise<boolean> {
    try {
      return Boolean(await this.test(value));
    } catch (error) {
      if (error instanceof HttpResponse) throw error;
      return false;
    }
  }
}

/** What {@link notnull} is: with it the value cannot be `null`. */
export class Required extends Validator {
  readonly isRequired = true;
}

/**
 * Makes a validator. The test gets the field's value, or the form's values, and may be asynchronous.
 *
 * @example
 * textbox("age", validator("Must be more than 5", (text) => Number(text) > 5))
 */
export function validator<V>(message: string, test: (value: V) => unknown): Validator<V> {
  return new Validator(message, test);
}

/** There must be a value: text that is not empty, a box that is checked, something chosen. `0` is a value. */
export const notnull: Required = new Required("Required", (value) => {
  if (Array.isArray(value)) return value.length > 0;
  return value !== null && value !== undefined && value !== "" && value !== false;
});

/** The text must match from its beginning on, as with Python's `match`; end the pattern with `$` for all of it. */
export function regexp(pattern: string | RegExp, message: string): Validator {
  const { source, flags } = new RegExp(pattern);
  const expression = new RegExp(`^(?:${source})`, flags.replace(/[gy]/g, ""));
  return new Validator(message, (value) => expression.test(String(value ?? "")));
}

/** A validator, or a schema of zod, valibot, arktype or any other library that follows https://standardschema.dev. */
export type Rule<V> = Validator<V> | StandardSchema;

/** What is left of a value's type when it has passed: rules in a row, each of which gets what the one before gave. */
export type Passed<V, Rules extends readonly unknown[]> = Rules extends readonly [infer First, ...infer Rest]
  ? Passed<After<V, First>, Rest>
  : V;

// A part that is not there is `never`.
type After<V, R> = [R] extends [never]
  ? V
  : R extends Required
    ? NonNullable<V>
    : R extends StandardSchema<infer Output>
      ? Output
      : V;
