import { isSchema, issuePath } from "./standard-schema.ts";
import { type Rule, Validator } from "./validator.ts";

/** What was wrong, and where in the value: an empty path is the value itself. */
export interface Issue {
  readonly message: string;
  readonly path: readonly string[];
}

export type Verdict =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

/** Runs rules in a row. Each gets what the one before gave; the first that fails is the last. */
export async function applyRules(value: unknown, rules: readonly Rule<never>[]): Promise<Verdict> {
  let passed = value;
  for (const rule of rules) {
    if (rule instanceof Validator) {
      if (await rule.valid(passed as never)) continue;
      const { message, path } = rule;
      return { issues: [{ message, path }] };
    }
    const result = await rule["~standard"].validate(passed);
    if (result.issues !== undefined) {
      return { issues: result.issues.map((issue) => ({ message: issue.message, path: issuePath(issue) })) };
    }
    passed = result.value;
  }
  return { value: passed };
}

export function isRule(value: unknown): value is Rule<never> {
  return value instanceof Validator || isSchema(value);
}
