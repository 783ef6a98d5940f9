import type { Environ, Header } from "../../gateway/types.ts";

/** What an access log knows of one request and the response to it. */
export interface AccessEntry {
  readonly environ: Environ;
  /** When the request came: milliseconds since 1970. */
  readonly time: number;
  /** As the client sent them: an application may take its environ apart. */
  readonly method: string;
  readonly target: string;
  /**
   * What the client got. Where the application failed, what the server answers then: 500, 413 or the like. 499, in nginx's
   * way, where the client had gone before there was anything to answer.
   */
  readonly status: number;
  readonly headers: readonly Header[];
  /** Of the body, in bytes, as the application gave them; 0 where the server answered in its place. */
  readonly bytes: number;
  /** To the end of the body, in milliseconds. */
  readonly durationMs: number;
  /** To the first byte of the body, or to its end where it is empty, in milliseconds. */
  readonly firstByteMs: number;
  /** The response is not complete: the client has gone, or the application failed after it had begun. */
  readonly aborted: boolean;
}

/** The variable in which a header of the request is. */
export function variableOf(header: string): string {
  const name = header.toUpperCase().replaceAll("-", "_");
  return name === "CONTENT_TYPE" || name === "CONTENT_LENGTH" ? name : `HTTP_${name}`;
}

/** The values of a header of the response, as one. */
export function responseHeader({ headers }: AccessEntry, name: string): string | undefined {
  const lower = name.toLowerCase();
  const values = headers.filter(([other]) => other.toLowerCase() === lower).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}
