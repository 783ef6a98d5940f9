import type { Web } from "../../lib/framework/web.ts";

/** A result of type HTML. */
export function html(web: Web, text: string): string {
  web.header("Content-Type", "text/html; charset=utf-8");
  return text;
}
