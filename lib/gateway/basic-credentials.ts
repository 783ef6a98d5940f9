// Name and password of a request.

/** What a client presents, as text. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/**
 * Name and password of an `Authorization: Basic` header (RFC 7617 §2). They are UTF-8, or else Latin-1, which older clients
 * send. Undefined when there are none, or when they hold a control character.
 */
export function parseCredentials(authorization = ""): Credentials | undefined {
  const [, encoded] = /^basic +([\w+/-]+={0,2}) *$/i.exec(authorization) ?? [];
  if (encoded === undefined) return undefined;
  const text = decode(Buffer.from(encoded, "base64"));
  const colon = text.indexOf(":");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (colon < 0 || /[\x00-\x1f\x7f]/.test(text)) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString("latin1");
  }
}
