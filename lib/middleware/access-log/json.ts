import type { AccessEntry } from "./entry.ts";

/** One object on one line. What is not there is left out. */
export function jsonLine(entry: AccessEntry): string {
  const { environ, time, method, target, status, bytes, durationMs, firstByteMs, aborted } = entry;
  const id = environ["postern.request_id"];
  const line = JSON.stringify({
    time: new Date(time).toISOString(),
    remote_addr: text(environ.REMOTE_ADDR),
    remote_user: text(environ.REMOTE_USER),
    method: text(method),
    host: text(environ.HTTP_HOST),
    target: text(target),
    protocol: text(environ.SERVER_PROTOCOL),
    status,
    bytes,
    duration_ms: rounded(durationMs),
    first_byte_ms: rounded(firstByteMs),
    referer: text(environ.HTTP_REFERER),
    user_agent: text(environ.HTTP_USER_AGENT),
    request_id: typeof id === "string" ? id : undefined,
    aborted: aborted || undefined,
  });
  // JSON escapes what is below space; these too are control characters, or end a line somewhere.
  return line.replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A client's bytes as text: UTF-8 where they are that. */
function text(bytes: string | undefined): string | undefined {
  if (bytes === undefined || !/[\x80-\xff]/.test(bytes)) return bytes;
  const decoded = Buffer.from(bytes, "latin1").toString();
  return decoded.includes("\ufffd") ? bytes : decoded;
}

/** To the microsecond. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
