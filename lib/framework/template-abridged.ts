// A template as the package mustache gets it. Its parser looks at each character outside of tags by itself, thousands for a
// page, to see which tags have nothing but blanks around them in their lines. So it gets no more than tells that.

import type { TemplateElement, WrittenTag } from "./template-tags.ts";

export class AbridgedTemplate {
  readonly #template: string;
  #text = "";
  /** For each character of the text: its place in the template, or that of the first for which it stands. */
  readonly #places: number[] = [];

  /** @param tags - all that stand in no element, and the elements */
  constructor(template: string, tags: readonly (WrittenTag | TemplateElement)[]) {
    this.#template = template;
    let at = 0;
    for (const tag of tags) {
      this.#addLines(at, tag.start);
      this.#addTag(tag);
      at = tag.end;
    }
    this.#addLines(at, template.length);
  }

  get text(): string {
    return this.#text;
  }

  /** Where in the template a token begins or ends. */
  place(offset: number): number {
    return this.#places[offset] ?? this.#template.length;
  }

  /** Text between two tags: what is in the line of the first, in that of the second, and between those lines. */
  #addLines(start: number, end: number): void {
    const text = this.#template.slice(start, end);
    const first = start + text.indexOf("\n") + 1;
    const last = start + text.lastIndexOf("\n") + 1;
    if (first > start) this.#addLine(start, first);
    if (last > first) this.#add("\n", first, last);
    this.#addLine(last, end);
  }

  /** Blanks to the last character that is none, which tells that the tag is not alone. */
  #addLine(start: number, end: number): void {
    const line = this.#template.slice(start, end);
    this.#add(line.slice(Math.max(0, line.trimEnd().length - 1)), start, end);
  }

  /** For the parser an element is one tag, whose blanks do not matter. */
  #addTag(tag: WrittenTag | TemplateElement): void {
    const { start, end, delimiters } = tag;
    const isElement = "contentEnd" in tag;
    this.#add(isElement ? delimiters.join("&") : this.#template.slice(start, end), start, end);
  }

  /** @param text - the first character stands for all of the template that is left out, the others for themselves */
  #add(text: string, start: number, end: number): void {
    if (text === "") return;
    this.#text += text;
    this.#places.push(start);
    for (let at = end - text.length + 1; at < end; at++) this.#places.push(at);
  }
}
