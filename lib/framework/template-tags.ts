// Finds the tags of a template, and those of the mustache specification's inheritance ({{<parent}} and {{$block}}) with
// what they enclose.

import { TemplateError } from "./template-error.ts";
import type { Delimiters, TemplateSource } from "./template-source.ts";

export interface WrittenTag {
  /** One of `# ^ / > & { = ! < $`, or nothing. */
  readonly sigil: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Those that the tag itself is written in. */
  readonly delimiters: Delimiters;
}

/** A parent or block from its tag to the one that closes it. */
export interface TemplateElement extends WrittenTag {
  readonly sigil: "<" | "$";
  /** Its tag's end. */
  readonly contentStart: number;
  /** Where the tag begins that closes it. */
  readonly contentEnd: number;
}

/** From `start` on tags are written in other delimiters. */
interface DelimiterChange {
  readonly start: number;
  readonly delimiters: Delimiters;
}

interface Tags {
  /** Those that are in no other. */
  readonly elements: readonly TemplateElement[];
  /** The same, and the tags that are in none of them. */
  readonly shown: readonly (WrittenTag | TemplateElement)[];
  readonly changes: readonly DelimiterChange[];
}

/**
 * @param direct - only elements that stand in no section either
 * @throws TemplateError `TEMPLATE_SYNTAX`
 */
export function tagsOf(source: TemplateSource, direct = false): Tags {
  const elements: TemplateElement[] = [];
  const shown: (WrittenTag | TemplateElement)[] = [];
  const changes: DelimiterChange[] = [];
  const open: WrittenTag[] = [];
  /** How many of `open` an element stands in. */
  let outside = 0;
  let inElement = false;
  for (const tag of eachTag(source)) {
    const { sigil, name, start } = tag;
    if (!inElement && sigil !== "<" && sigil !== "$") shown.push(tag);
    if (sigil === "=") {
      changes.push({ start, delimiters: newDelimiters(source, tag) });
    } else if (sigil === "#" || sigil === "^" || sigil === "<" || sigil === "$") {
      if (!inElement && (sigil === "<" || sigil === "$")) {
        inElement = true;
        outside = open.length;
      }
      open.push(tag);
    } else if (sigil === "/") {
      const opened = open.pop();
      if (opened === undefined) throw syntaxError(source, start, `Unopened section "${name}"`);
      if (opened.name !== name) throw unclosed(source, opened);
      if (!inElement || open.length > outside) continue;
      inElement = false;
      if (direct && outside > 0) continue;
      if (String(opened.delimiters) !== String(tag.delimiters)) {
        throw syntaxError(source, start, `The delimiters are not those that "${name}" began with`);
      }
      const element: TemplateElement = {
        ...opened,
        sigil: opened.sigil === "<" ? "<" : "$",
        contentStart: opened.end,
        contentEnd: start,
        end: tag.end,
      };
      elements.push(element);
      shown.push(element);
    }
  }
  const unfinished = open.pop();
  if (unfinished !== undefined) throw unclosed(source, unfinished);
  return { elements, shown, changes };
}

export function syntaxError(source: TemplateSource, offset: number, reason: string): TemplateError {
  return new TemplateError("TEMPLATE_SYNTAX", reason, source.place(offset));
}

function unclosed(source: TemplateSource, { sigil, name, start }: WrittenTag): TemplateError {
  const what = sigil === "<" ? "parent" : sigil === "$" ? "block" : "section";
  return syntaxError(source, start, `Unclosed ${what} "${name}"`);
}

function* eachTag(source: TemplateSource): Generator<WrittenTag, void, undefined> {
  const { text } = source;
  let delimiters = source.delimiters;
  let at = 0;
  for (;;) {
    const open = delimiters[0];
    const start = text.indexOf(open, at);
    if (start < 0) return;
    let from = start + open.length;
    while (isBlank(text[from])) from++;
    const first = text[from] ?? "";
    const sigil = "#^/>&{=!<$".includes(first) ? first : "";
    from += sigil.length;
    const close = delimiters[1];
    const ending = sigil === "{" ? `}${close}` : close;
    const stop = text.indexOf(ending, from);
    if (stop < 0) throw syntaxError(source, start, "Unclosed tag");
    at = stop + ending.length;
    const tag = { sigil, name: text.slice(from, stop).trim(), start, end: at, delimiters };
    yield tag;
    if (sigil === "=") delimiters = newDelimiters(source, tag);
  }
}

function isBlank(character: string | undefined): boolean {
  return character !== undefined && character.trim() === "";
}

function newDelimiters(source: TemplateSource, { name, start }: WrittenTag): Delimiters {
  const [open, close, ...more] = name.replace(/\s*=$/, "").trim().split(/\s+/);
  if (!open || !close || more.length > 0) {
    throw syntaxError(source, start, "Two delimiters are needed: {{=<% %>=}}");
  }
  return [open, close];
}
