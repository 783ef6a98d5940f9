// A session's values as one JSON object, for stores that keep them together.

import type { SessionValues } from "./store.ts";

export function toJson(values: SessionValues): string {
  return `{${[...values].map(([key, text]) => `${JSON.stringify(key)}:${text}`).join()}}`;
}

/** `undefined` where it is no such object. */
export function fromJson(json: string): Map<string, string> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  return new Map(Object.entries(parsed).map(([key, value]) => [key, JSON.stringify(value)]));
}

/** Changes one value in place. */
export function setText(values: Map<string, string>, key: string, text: string | null): void {
  if (text === null) values.delete(key);
  else values.set(key, text);
}
