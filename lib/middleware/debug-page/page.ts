import { inspect } from "node:util";
import type { Failure } from "./failure.ts";
import { requestLine, requestState } from "./request-state.ts";

/** Lines of source on each side of a frame's, and that line: web.py's seven. */
const SOURCE_LINES = 15;

export function textPage(failure: Failure): string {
  const groups = requestState(failure).flatMap(([title, rows]) => [
    "",
    title,
    ...rows.map(([name, value]) => `  ${name}: ${value}`),
  ]);
  return [inspect(failure.error), "", requestLine(failure), ...groups, ""].join("\n");
}

export async function htmlPage(failure: Failure): Promise<string> {
  // The error page of AdonisJS: frames with their source, foreign ones folded, causes. Loaded for an error alone.
  const { Youch } = await import("youch");
  const youch = new Youch();
  const groups: Record<string, { key: string; value: string }[]> = {};
  for (const [title, rows] of requestState(failure)) {
    groups[title] = rows.map(([key, value]) => ({ key, value }));
  }
  youch.metadata.group(requestLine(failure), groups);
  return youch.toHTML(failure.error, { title: "Error", frameSourceBuffer: SOURCE_LINES });
}
