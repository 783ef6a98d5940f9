import mustache from "mustache";
import type { TemplateEscape } from "./template-types.ts";

type EscapeFunction = (text: string) => string;

/** What mustache escapes. Most values have none of it, and looking is cheaper than replacing. */
const MARKUP = /[&<>"'`=/]/;

const ESCAPES: Readonly<Record<Exclude<TemplateEscape, EscapeFunction>, EscapeFunction>> = {
  html: markup,
  // Everything becomes numeric entities, or those that XML knows.
  xml: markup,
  json: (text) => JSON.stringify(text).slice(1, -1),
  none: (text) => text,
};

export function escapeFunction(wanted: TemplateEscape = "html"): EscapeFunction {
  return typeof wanted === "function" ? wanted : ESCAPES[wanted];
}

function markup(text: string): string {
  return MARKUP.test(text) ? mustache.escape(text) : text;
}
