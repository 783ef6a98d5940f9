/** The ending of a picture's file name; undefined for anything else than PNG, JPEG, GIF or WebP. */
export function pictureType(bytes: Uint8Array): string | undefined {
  // How the content begins; the name and the type that came with an upload prove nothing.
  const start = String.fromCharCode(...bytes.subarray(0, 12));
  if (start.startsWith("\u0089PNG\r\n\u001a\n")) return "png";
  if (start.startsWith("\u00ff\u00d8\u00ff")) return "jpg";
  if (start.startsWith("GIF87a") || start.startsWith("GIF89a")) return "gif";
  return start.startsWith("RIFF") && start.endsWith("WEBP") ? "webp" : undefined;
}
