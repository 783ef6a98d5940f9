import type { TemplatePlace } from "./template-error.ts";
import type { TemplateNode } from "./template-node.ts";

/** What tags begin and end with. */
export type Delimiters = readonly [open: string, close: string];

const DELIMITERS: Delimiters = ["{{", "}}"];

/** How many indentations of one text are kept. Recursion makes as many as it is deep; past it they are made anew. */
const MAX_INDENTED = 100;

interface File {
  readonly path: string;
  readonly text: string;
}

/** Where a text begins in the one that it was taken from. */
interface Origin {
  readonly source: TemplateSource;
  readonly offset: number;
}

/** Text with tags: a file, what stands in a block, or what a lambda has rendered. */
export class TemplateSource {
  readonly file: File;
  readonly text: string;
  readonly delimiters: Delimiters;
  /** Lines are counted when there is an error. */
  readonly #origin: Origin | undefined;
  /** It was made while something was rendered: the next request may have another one. */
  readonly isMade: boolean;
  /** What the text was made into when it was first rendered. */
  program: readonly TemplateNode[] | undefined;
  readonly #indented = new Map<string, TemplateSource>();

  private constructor(file: File, text: string, delimiters: Delimiters, origin?: Origin, isMade = false) {
    this.file = file;
    this.text = text;
    this.delimiters = delimiters;
    this.#origin = origin;
    this.isMade = isMade;
  }

  static of(file: File): TemplateSource {
    return new TemplateSource(file, file.text, DELIMITERS);
  }

  /** Where it begins in the text that it was taken from. */
  get offset(): number {
    return this.#origin?.offset ?? 0;
  }

  /** A part of it that is rendered by itself. */
  part(offset: number, text: string, delimiters: Delimiters): TemplateSource {
    return new TemplateSource(this.file, text, delimiters, { source: this, offset }, this.isMade);
  }

  /** Another text in the place of a part. */
  made(offset: number, text: string, delimiters: Delimiters): TemplateSource {
    return new TemplateSource(this.file, text, delimiters, { source: this, offset }, true);
  }

  /** The same with every line indented that is not empty. */
  indented(indentation: string): TemplateSource {
    if (indentation === "") return this;
    let source = this.#indented.get(indentation);
    if (source === undefined) {
      const text = this.text.replace(/(^|\n)(?=[^\r\n])/g, (lineEnd) => lineEnd + indentation);
      source = this.part(0, text, this.delimiters);
      if (this.#indented.size >= MAX_INDENTED) this.#indented.clear();
      this.#indented.set(indentation, source);
    }
    return source;
  }

  /** The line of the file that an offset is in, counted from 1. */
  lineAt(offset: number): number {
    let line = this.#origin?.source.lineAt(this.#origin.offset) ?? 1;
    for (let at = this.text.indexOf("\n"); at >= 0 && at < offset; at = this.text.indexOf("\n", at + 1))
      line++;
    return line;
  }

  place(offset: number): TemplatePlace {
    return { path: this.file.path, text: this.file.text, line: this.lineAt(offset) };
  }
}
