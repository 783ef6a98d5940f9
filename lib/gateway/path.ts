// Paths as the web server got them and as the application sees them.

/** The path of a request target: without query, and without scheme and host where it has them. */
export function targetPath(target: string): string {
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  if (path.startsWith("/")) return path;
  const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*/.exec(path);
  return absolute === null ? "" : path.slice(absolute[0].length) || "/";
}

/** What follows the first `?`, or `""`. */
export function targetQuery(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? "" : target.slice(query + 1);
}

/** Percent-decodes to bytes, one code point each. What is no escape stays as it is; nothing is decoded twice. */
export function decodePath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Repeated slashes as one: what many web servers make of them. */
export function joinSlashes(path: string): string {
  return path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
}

/** Whether a decoded path has a segment `.` or `..` (RFC 3986 §3.3), which web servers take out before they look at it. */
export function hasDotSegments(path: string): boolean {
  return path.includes(".") && /\/\.\.?(?:\/|$)/.test(path);
}

/** What is left of a path below a mount point; undefined when the path is not below it. */
export function below(mount: string, path: string): string | undefined {
  if (!path.startsWith(mount)) return undefined;
  const rest = path.slice(mount.length);
  return rest === "" || rest.startsWith("/") ? rest : undefined;
}

/** Percent-encodes what cannot stand in a path, with `%` among it, of a path whose code points are bytes. */
export function encodePathBytes(bytes: string): string {
  return bytes.replace(/[^\w/.~!$&'()*+,;=:@-]/g, (byte) => percentEncoded(byte.charCodeAt(0)));
}

/** One byte, in capitals as RFC 3986 §2.1 asks for. */
export function percentEncoded(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
