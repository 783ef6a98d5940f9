import type { Application, Environ, Header } from "../../gateway/types.ts";

/** A request as a client sends it. */
export interface CaseRequest {
  readonly method: string;
  /** Path and query as in a request line, percent-encoded, below the mount point; a transport sends it as it is. */
  readonly target: string;
  /** Repeated ones as several pairs; values with code points up to 255, one byte each. */
  readonly headers: readonly Header[];
  readonly body?: Uint8Array;
  /** The body's length is not announced: chunked in HTTP, no CONTENT_LENGTH elsewhere. @defaultValue `false` */
  readonly unknownLength?: boolean;
}

/** A response as the client got it. */
export interface CaseResponse {
  readonly status: number;
  readonly reason: string;
  /** As they came, in their order, one code point for each byte. */
  readonly headers: readonly Header[];
  readonly body: Buffer;
  /** False when the client could see that the response was cut: no last chunk, no END_REQUEST, an exit status. */
  readonly complete: boolean;
}

/** What one case needs to know of the run. */
export interface CaseContext {
  /** Where the application is mounted: `""` or such as `"/app"`. */
  readonly scriptName: string;
  readonly serverName: string;
  readonly serverPort: string;
  /** Each request is answered by a process of its own, as CGI does. */
  readonly runOnce: boolean;
  /** The responses to all requests of the case, in the requests' order. */
  readonly responses: readonly CaseResponse[];
  /** Names the place where the case's application leaves what a client cannot see. */
  readonly evidence: string;
}

/** One behaviour that every server must show: what is asked, what answers, what must come of it. */
export interface ConformanceCase {
  /** Unique, in small letters with dashes: it travels in a header. */
  readonly name: string;
  /** Several are sent at the same time. `GET /` where it says nothing. */
  readonly request?: Partial<CaseRequest> | readonly Partial<CaseRequest>[];
  readonly application: Application;
  /** The application breaks a rule, and it is the server that must cope: it runs without `validate`. */
  readonly breach?: boolean;
  /** Throws an error with a sentence when the response to the first request, or another, is not as it must be. */
  check(response: CaseResponse, context: CaseContext): void | Promise<void>;
}

/** An application that answers 200 with what `text` makes of the environ. */
export function answer(
  text: (environ: Environ) => unknown | Promise<unknown>,
  type = "application/json",
): Application {
  return async (environ, startResponse) => {
    const value = await text(environ);
    startResponse("200 OK", [["Content-Type", type]]);
    return [type === "application/json" ? JSON.stringify(value) : String(value)];
  };
}

/** The whole body of a request. */
export async function bodyOf(environ: Environ): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of environ["wsgi.input"]) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
