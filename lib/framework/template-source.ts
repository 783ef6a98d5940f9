import type { TemplatePlace } from "./template-error.ts";
import type { TemplateNode } from "./template-node.ts";

/** What tags begin and end with. */
export type Delimiters = readonly [open: string, close: string];

const DELIMITERS: Delimiters = ["{{", "}}"];

/** How many indentations of one text are kept. Recursion makes as many as it is deep; past it they are made anew. */
const MAX_INDENTED = 100;

/** Text with tags: a file, what stands in a block, or what a lambda has rendered. */
export class TemplateSource {
  readonly file: { readonly path: string; readonly text: string };
  readonly text: string;
  /** The line of the file that the text begins in. */
  readonly line: number;
  readonly delimiters: Delimiters;
  /** What the text was made into when it was first rendered. */
  program: readonly TemplateNode[] | undefined;
  readonly #indented = new Map<string, TemplateSource>();

  constructor(
    file: { readonly path: string; readonly text: string },
    text: string,
    line = 1,
    delimiters = DELIMITERS,
  ) {
    this.file = file;
    this.text = text;
    this.line = line;
    this.delimiters = delimiters;
  }

  /** The same with every line indented that is not empty. */
  indented(indentation: string): TemplateSource {
    if (indentation === "") return this;
    let source = this.#indented.get(indentation);
    if (source === undefined) {
      const text = this.text.replace(/(^|\n)(?=[^\r\n])/g, (lineEnd) => lineEnd + indentation);
      source = new TemplateSource(this.file, text, this.line, this.delimiters);
      if (this.#indented.size >= MAX_INDENTED) this.#indented.clear();
      this.#indented.set(indentation, source);
    }
    return source;
  }

  lineAt(offset: number): number {
    let line = this.line;
    for (let at = this.text.indexOf("\n"); at >= 0 && at < offset; at = this.text.indexOf("\n", at + 1))
      line++;
    return line;
  }

  place(offset: number): TemplatePlace {
    return { path: this.file.path, text: this.file.text, line: this.lineAt(offset) };
  }
}
