import { ApplicationError } from "../errors.ts";

/** A line of a template's file. */
export interface TemplatePlace {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** The whole file. */
  readonly text: string;
}

/** How many lines are shown before the one in question, and after it. */
const LINES_AROUND = 2;

/** Past it a line is cut, in characters: a page without line breaks would fill the log. */
const MAX_LINE = 120;

/**
 * What went wrong with a template. Its message says where, and shows the lines around; they are in `path`, `line` and
 * `excerpt` as well. Codes: `TEMPLATE_NAME`, `TEMPLATE_MISSING`, `TEMPLATE_SYNTAX`, `TEMPLATE_BLOCK`, `TEMPLATE_DEPTH`,
 * `TEMPLATE_VALUE`, `TEMPLATE_ENGINE`, `TEMPLATE_TYPE`.
 */
export class TemplateError extends ApplicationError {
  /** What is wrong, without the place. */
  readonly reason: string;
  readonly path: string | undefined;
  readonly line: number | undefined;
  readonly excerpt: string | undefined;

  constructor(code: string, reason: string, place?: TemplatePlace, options?: ErrorOptions) {
    const excerpt = place && excerptOf(place);
    super(code, place ? `${place.path}:${place.line}: ${reason}\n${excerpt}` : reason, options);
    this.reason = reason;
    this.path = place?.path;
    this.line = place?.line;
    this.excerpt = excerpt;
  }

  /** The same with the place where it came up, unless it has one. */
  at(place: TemplatePlace | undefined): TemplateError {
    if (this.line !== undefined || place === undefined) return this;
    return new TemplateError(this.code, this.reason, place, { cause: this.cause });
  }
}

function excerptOf({ text, line }: TemplatePlace): string {
  const lines = text.split("\n");
  const first = Math.max(1, line - LINES_AROUND);
  const last = Math.min(lines.length, line + LINES_AROUND);
  const width = String(last).length;
  return lines
    .slice(first - 1, last)
    .map((content, index) => {
      const number = first + index;
      const shown = content.length > MAX_LINE ? `${content.slice(0, MAX_LINE)}…` : content;
      return `${number === line ? ">" : " "} ${String(number).padStart(width)} | ${shown}`.trimEnd();
    })
    .join("\n");
}
