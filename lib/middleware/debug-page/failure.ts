import type { Environ, Header } from "../../gateway/types.ts";

/** What is known of a request that failed. */
export interface Failure {
  readonly error: unknown;
  readonly environ: Environ;
  /** The beginning of its body, as far as the application has read it. */
  readonly input: Buffer;
  /** The response so far. */
  readonly response: { readonly status: string | undefined; readonly headers: readonly Header[] };
}
