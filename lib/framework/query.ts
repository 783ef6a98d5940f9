import { uriTooLong } from "./responses.ts";
import type { NamedValues } from "./values.ts";

/**
 * The fields of a query.
 *
 * @throws HttpResponse 414: more than `maxFields`
 */
export function readQuery(query: string, maxFields: number): NamedValues {
  const values: NamedValues = new Map();
  if (query === "") return values;
  const fields = [...new URLSearchParams(query)];
  if (fields.length > maxFields) throw uriTooLong();
  for (const [name, value] of fields) addValue(values, name, value);
  return values;
}

export function addValue<T>(values: Map<string, T[]>, name: string, value: T): void {
  const all = values.get(name);
  if (all === undefined) values.set(name, [value]);
  else all.push(value);
}

/** A query as text, without its question mark: lists become several fields, `null` and `undefined` none. */
export function writeQuery(fields: QueryFields): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && item !== undefined) query.append(name, String(item));
    }
  }
  return query.toString();
}

type QueryValue = string | number | boolean | null | undefined;

/** What a query is made of. */
export type QueryFields = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;
