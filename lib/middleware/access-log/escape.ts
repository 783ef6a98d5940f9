const NAMED: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

/**
 * Text of a client, made fit for one field of a log as Apache does it (`ap_escape_logitem`): quotes and backslashes get a
 * backslash, control characters and bytes that are not ASCII become `\n` or `\x1b`. Nobody begins a line of his own.
 */
export function escapeField(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return text;
  return text.replace(/[^ !#-[\]-~]/g, (character) => NAMED[character] ?? hexOf(character));
}

/** A code point above 255 comes from no client. */
function hexOf(character: string): string {
  let escaped = "";
  const bytes = Buffer.from(character, character > "\xff" ? "utf8" : "latin1");
  for (const byte of bytes) escaped += `\\x${byte.toString(16).padStart(2, "0")}`;
  return escaped;
}
