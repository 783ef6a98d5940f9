const SECRET = /secret|token|passw|passphrase|authorization|cookie|api[-_]?key|private|credential|session/i;

/** Stands where the value of a secret would. */
export const MASK = "••••••";

/** A value to be shown, unless its name says that it is a secret. */
export function masked(name: string, value: string): string {
  return SECRET.test(name) && value !== "" ? MASK : value;
}

/** A query or a form, with the values of secrets masked. */
export function maskedFields(text: string): [name: string, value: string][] {
  return [...new URLSearchParams(text)].map(([name, value]) => [name, masked(name, value)]);
}

/** A path with its query, with the values of secrets masked. */
export function maskedTarget(path: string, query: string): string {
  if (query === "") return path;
  const fields = maskedFields(query).map(([name, value]) =>
    value === MASK ? `${encodeURIComponent(name)}=${MASK}` : new URLSearchParams([[name, value]]).toString(),
  );
  return `${path}?${fields.join("&")}`;
}

/** JSON with the values of secrets masked, at any depth; undefined for text that is no JSON. */
export function maskedJson(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text, (name, inner: unknown) => {
      return SECRET.test(name) ? MASK : inner;
    });
    return JSON.stringify(value, undefined, 2);
  } catch {
    return undefined;
  }
}
