// The pages that there are without anybody writing them: a status, and what the application said in plain text.

import Negotiator from "negotiator";
import type { Environ } from "../../gateway/types.ts";

/** In which form an error is shown. */
export type PageKind = "text" | "html" | "json";

/** What a page shows. */
export interface PageError {
  /** Such as 404. */
  readonly status: number;
  /** Its phrase, such as `Not Found`. */
  readonly reason: string;
  /** What the application had answered in plain text, if anything: may be a client's words, so escape it in HTML. */
  readonly detail: string;
  /** What the client takes best. */
  readonly kind: PageKind;
  readonly environ: Environ;
}

export const TYPES: Readonly<Record<PageKind, string>> = {
  text: "text/plain; charset=utf-8",
  html: "text/html; charset=utf-8",
  // RFC 9457.
  json: "application/problem+json",
};

/** In the order in which they are given to a client that takes all of them. */
const KINDS: readonly (readonly [type: string, kind: PageKind])[] = [
  ["text/plain", "text"],
  ["text/html", "html"],
  ["application/problem+json", "json"],
  ["application/json", "json"],
];

/** Plain text for whoever says nothing or takes none of them: an error is answered all the same. */
export function kindFor({ HTTP_ACCEPT: accept }: Environ): PageKind {
  if (accept === undefined || accept === "*/*") return "text";
  const best = new Negotiator({ headers: { accept } }).mediaType(KINDS.map(([type]) => type));
  return KINDS.find(([type]) => type === best)?.[1] ?? "text";
}

export function standardPage(error: PageError): string {
  const { kind, status, reason, detail } = error;
  if (kind === "json") {
    // A status says all where the type is about:blank (RFC 9457 §4.2.1).
    const problem = { type: "about:blank", title: reason, status, detail: detail || undefined };
    return `${JSON.stringify(problem)}\n`;
  }
  if (kind === "text") return `${detail || reason}\n`;
  const title = `${status} ${escapeHtml(reason)}`;
  const paragraph = detail === "" || detail === reason ? "" : `<p>${escapeHtml(detail)}</p>\n`;
  return (
    "<!DOCTYPE html>\n" +
    `<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>${title}</title>\n</head>\n` +
    `<body>\n<h1>${title}</h1>\n${paragraph}</body>\n</html>\n`
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
