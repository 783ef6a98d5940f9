import type { Body, Header, StartResponse } from "./types.ts";

/**
 * Answers in a middleware's own name, in one sentence of plain text: the phrase of the status, or `explanation`. Caches do
 * not keep it.
 */
export function answerPlainly(
  startResponse: StartResponse,
  status: string,
  headers: readonly Header[] = [],
  explanation = status.slice(4),
): Body {
  startResponse(status, [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Cache-Control", "no-store"],
    ...headers,
  ]);
  return [`${explanation}\n`];
}
