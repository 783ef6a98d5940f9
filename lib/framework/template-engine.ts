// Templates of a folder through the package `mustache`. Loaded by the first page that is rendered.

import mustache from "mustache";
import { ApplicationError } from "../errors.ts";
import { type TemplateFile, TemplateFolder } from "./template-folder.ts";
import { TemplateResult } from "./template-result.ts";
import { TemplateWriter } from "./template-writer.ts";
import type { RenderOptions, TemplateOptions } from "./templates.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".mustache": "text/html; charset=utf-8",
  ".xhtml": "application/xhtml+xml; charset=utf-8",
  ".xml": "application/xml; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
};

export class TemplateEngine {
  readonly #folder: TemplateFolder;
  readonly #writer = new TemplateWriter();
  readonly #layout: string | undefined;
  readonly #globals: mustache.Context;
  readonly #checked = new WeakSet<TemplateFile>();

  constructor(folders: readonly (string | URL)[], options: TemplateOptions) {
    this.#folder = new TemplateFolder(folders, options.cache ?? true);
    this.#layout = options.layout;
    this.#globals = new mustache.Context(options.globals ?? {});
  }

  render(name: string, view: object = {}, options: RenderOptions = {}): TemplateResult {
    const page = this.#load(name);
    const context = this.#globals.push(view);
    const body = this.#run(page, context);
    const layout = this.#layoutOf(page, options.layout);
    const text = layout === undefined ? body : this.#run(layout, context.push({ body }));
    return new TemplateResult(text, typeOf(layout ?? page));
  }

  #layoutOf(page: TemplateFile, wanted: string | false | undefined): TemplateFile | undefined {
    if (wanted === false) return undefined;
    if (wanted !== undefined) return this.#load(wanted);
    // A page that names its parent itself needs no other.
    if (this.#layout === undefined || page.text.startsWith("{{#<")) return undefined;
    const layout = this.#load(this.#layout);
    return typeOf(layout) === typeOf(page) ? layout : undefined;
  }

  #run(file: TemplateFile, context: mustache.Context): string {
    const config = file.extension === ".txt" ? { escape: String } : {};
    const partial = (name: string): string => this.#load(name).text;
    return this.#writer.renderTokens(this.#writer.parse(file.text), context, partial, file.text, config);
  }

  /** A file whose syntax is known to be right. */
  #load(name: string): TemplateFile {
    const file = this.#folder.read(name);
    if (this.#checked.has(file)) return file;
    try {
      this.#writer.parse(file.text);
    } catch (error) {
      throw syntaxError(file, error);
    }
    this.#checked.add(file);
    return file;
  }
}

function typeOf(file: TemplateFile): string {
  return TYPES[file.extension] as string;
}

// mustache says where in the text: "Unclosed section "a" at 120".
function syntaxError(file: TemplateFile, cause: unknown): ApplicationError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const [, reason = message, position = "0"] = /^(.*) at (\d+)$/s.exec(message) ?? [];
  const line = file.text.slice(0, Number(position)).split("\n").length;
  return new ApplicationError("TEMPLATE_SYNTAX", `${file.path}:${line}: ${reason}`, { cause });
}
