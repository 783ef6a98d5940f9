// Makes text into what is rendered. The package mustache parses it; the inheritance of the mustache specification, with
// its rules for white space, is put in between.

import mustache from "mustache";
import { AbridgedTemplate } from "./template-abridged.ts";
import { keptProgram } from "./template-kept.ts";
import type { PartialName, Section, TemplateNode, TemplateTag } from "./template-node.ts";
import { templateName } from "./template-scope.ts";
import type { TemplateSource } from "./template-source.ts";
import { syntaxError, type TemplateElement, tagsOf } from "./template-tags.ts";

/**
 * A token as the package documents it: type, value, start and end in the text that it was given; then for sections their tokens
 * and where they end, for partials their indentation, which tag of its line it is, and whether text precedes it in the line.
 */
type Token = readonly [
  type: string,
  value: string,
  start: number,
  end: number,
  inner?: readonly Token[] | string,
  place?: number,
  afterText?: boolean,
];

/** @throws TemplateError `TEMPLATE_SYNTAX` */
export function programOf(source: TemplateSource): readonly TemplateNode[] {
  source.program ??= keptProgram(source, () => new Compiler(source).program());
  return source.program;
}

class Compiler {
  readonly #source: TemplateSource;
  readonly #elements = new Map<number, TemplateElement>();
  readonly #tags: ReturnType<typeof tagsOf>;
  readonly #abridged: AbridgedTemplate;

  constructor(source: TemplateSource) {
    this.#source = source;
    this.#tags = tagsOf(source);
    this.#abridged = new AbridgedTemplate(source.text, this.#tags.shown);
    for (const element of this.#tags.elements) this.#elements.set(element.start, element);
  }

  program(): TemplateNode[] {
    // A writer of its own: that of mustache.parse() keeps every text for good.
    const writer = new mustache.Writer();
    const tokens = writer.parse(this.#abridged.text, [...this.#source.delimiters]);
    return this.#nodes(tokens as readonly Token[]);
  }

  #nodes(tokens: readonly Token[]): TemplateNode[] {
    const nodes: TemplateNode[] = [];
    /** Where text goes on behind an element that took the rest of its line. */
    let skipped = 0;
    for (const token of tokens) {
      const start = this.#abridged.place(token[2]);
      if (token[0] === "text") {
        const text = this.#source.text.slice(Math.max(start, skipped), this.#abridged.place(token[3]));
        if (text !== "") nodes.push(text);
        continue;
      }
      const element = this.#elements.get(start);
      if (element === undefined) {
        const node = this.#node(token, start);
        if (node !== undefined) nodes.push(node);
        continue;
      }
      const layout = new ElementLayout(this.#source.text, element, false);
      if (layout.takesIndentation) cutIndentation(nodes);
      if (layout.takesLineEnd) skipped = layout.lineEnd;
      nodes.push(this.#elementNode(element, layout));
    }
    return nodes;
  }

  #node(token: Token, start: number): TemplateTag | undefined {
    // By their places: to take a list apart, V8 goes through it as through anything that can be gone through.
    const type = token[0];
    const value = token[1];
    const source = this.#source;
    const end = this.#abridged.place(token[3]);
    switch (type) {
      case "name":
      case "&":
        return { kind: type === "&" ? "raw" : "variable", source, start, name: templateName(value) };
      case "#":
      case "^": {
        const place = token[5];
        const before = this.#tags.changes.findLast((change) => change.start < start);
        return {
          kind: type === "#" ? "section" : "inverted",
          source,
          start,
          name: templateName(value),
          nodes: this.#nodes(token[4] as readonly Token[]),
          contentStart: end,
          contentEnd: place === undefined ? end : this.#abridged.place(place),
          delimiters: before?.delimiters ?? source.delimiters,
        } satisfies Section;
      }
      case ">": {
        const alone = token[5] === 0 && !token[6];
        return {
          kind: "partial",
          source,
          start,
          name: partialName(value),
          indentation: alone && this.#isAlone(end) ? String(token[4]) : "",
        };
      }
      default:
        return undefined;
    }
  }

  #isAlone(end: number): boolean {
    return restOfLine(this.#source.text, end) !== undefined;
  }

  #elementNode(element: TemplateElement, layout: ElementLayout): TemplateTag {
    const source = this.#source;
    const { start, name } = element;
    if (element.sigil === "$") {
      return {
        kind: "block",
        source,
        start,
        name,
        indentation: layout.indentation,
        content: this.#content(element, layout),
      };
    }
    return {
      kind: "parent",
      source,
      start,
      name: partialName(name),
      indentation: layout.indentation,
      blocks: this.#filled(element),
    };
  }

  /** What a parent's element puts into blocks. All else in it is passed over. */
  #filled(parent: TemplateElement): Map<string, TemplateSource> {
    const { text } = this.#source;
    const content = text.slice(parent.contentStart, parent.contentEnd);
    const inside = this.#source.part(parent.contentStart, content, parent.delimiters);
    const blocks = new Map<string, TemplateSource>();
    for (const element of tagsOf(inside, true).elements) {
      if (element.sigil !== "$") continue;
      const moved = {
        ...element,
        start: element.start + parent.contentStart,
        contentStart: element.contentStart + parent.contentStart,
        contentEnd: element.contentEnd + parent.contentStart,
        end: element.end + parent.contentStart,
      };
      if (blocks.has(element.name)) {
        throw syntaxError(this.#source, moved.start, `Block "${element.name}" is there twice`);
      }
      blocks.set(element.name, this.#content(moved, new ElementLayout(text, moved, true)));
    }
    return blocks;
  }

  #content(element: TemplateElement, layout: ElementLayout): TemplateSource {
    return this.#source.part(layout.contentStart, layout.content, element.delimiters);
  }
}

/**
 * The white space of an element: what of it belongs to its tags, and what indents the lines of its content
 * (mustache specification, `~inheritance`).
 */
class ElementLayout {
  /** White space before it in its line is not shown. */
  readonly takesIndentation: boolean;
  /** Neither is the rest of the line behind it. */
  readonly takesLineEnd: boolean;
  /** Where the line ends that it ends in. */
  readonly lineEnd: number;
  /** Of a block: where its content begins. */
  readonly contentStart: number;
  /** Of a block: without what it is indented by. */
  readonly content: string;
  /** Every line of what is put in its place is indented by this. */
  readonly indentation: string;

  /** @param filling - it is a block that fills one of a parent */
  constructor(text: string, element: TemplateElement, filling: boolean) {
    const { start, contentStart, contentEnd, end } = element;
    const before = indentationBefore(text, start);
    const afterStart = restOfLine(text, contentStart);
    const beforeEnd = contentEnd > contentStart ? indentationBefore(text, contentEnd) : undefined;
    const after = restOfLine(text, end);
    const standalone = before !== undefined && after !== undefined;
    const startAlone = before !== undefined && afterStart !== undefined;
    const endAlone = beforeEnd !== undefined && after !== undefined;

    this.takesIndentation = standalone || startAlone;
    this.takesLineEnd = endAlone || (standalone && element.sigil === "<");
    this.lineEnd = end + (after?.length ?? 0);

    const startsLine = afterStart !== undefined && (filling || startAlone);
    this.contentStart = startsLine ? contentStart + afterStart.length : contentStart;
    const cut = beforeEnd !== undefined && (filling || endAlone) ? beforeEnd.length : 0;
    const content = text.slice(this.contentStart, Math.max(this.contentStart, contentEnd - cut));
    const hasOwn = element.sigil === "$" && startsLine && (filling || standalone) && content !== "";
    const own = hasOwn ? leadingBlanks(content) : undefined;
    this.content = own ? content.replaceAll(`\n${own}`, "\n").slice(own.length) : content;
    this.indentation = standalone ? (own ?? before) : "";
  }
}

/** The blanks between the beginning of the line and an offset; undefined when there is more. */
function indentationBefore(text: string, offset: number): string | undefined {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return /^[ \t]*$/.test(line) ? line : undefined;
}

/** The blanks from an offset to the end of the line, with it; undefined when there is more. */
function restOfLine(text: string, offset: number): string | undefined {
  const pattern = /[ \t]*(?:\r?\n|$)/y;
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}

function leadingBlanks(text: string): string {
  return /^[ \t]*/.exec(text)?.[0] ?? "";
}

/** Blanks are all that is behind the last line break. */
function cutIndentation(nodes: TemplateNode[]): void {
  const last = nodes.at(-1);
  if (typeof last !== "string") return;
  const text = last.slice(0, last.lastIndexOf("\n") + 1);
  if (text === "") nodes.pop();
  else nodes[nodes.length - 1] = text;
}

function partialName(value: string): PartialName {
  return value.startsWith("*") ? templateName(value.slice(1).trim()) : value;
}
