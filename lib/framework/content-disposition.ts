import { Buffer } from "node:buffer";

/**
 * `Content-Disposition` for a file to be saved under a name (RFC 6266). A name that is more than ASCII goes out as UTF-8
 * (`filename*`, RFC 8187), with one in ASCII in front for those who do not read that. Folders in it are dropped.
 */
export function contentDisposition(fileName: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  const name = fileName.replace(/^.*[/\\]/s, "").replace(/[\x00-\x1f\x7f]+/g, " ");
  const ascii = name.replace(/[^\x20-\x7e]/gu, "_");
  const quoted = `attachment; filename="${ascii.replace(/["\\]/g, "\\$&")}"`;
  // Some browsers decode an escape in the plain form.
  if (ascii === name && !/%[0-9a-f]{2}/i.test(name)) return quoted;
  return `${quoted}; filename*=UTF-8''${encodeExtended(name)}`;
}

// RFC 8187 §3.2.1: attr-char is less than encodeURIComponent leaves as it is.
function encodeExtended(name: string): string {
  return encodeURIComponent(Buffer.from(name).toString()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
