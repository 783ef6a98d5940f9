import { TemplateSource } from "./template-source.ts";
import type { TemplateCompiler, TemplateType } from "./template-types.ts";

/** A template as it was read. */
export class TemplateFile {
  readonly path: string;
  /** Without a byte order mark. */
  readonly text: string;
  readonly type: TemplateType;
  readonly source: TemplateSource;
  #compiled: ReturnType<TemplateCompiler> | undefined;

  constructor(path: string, text: string, type: TemplateType) {
    this.path = path;
    this.text = text.startsWith("\uFEFF") ? text.slice(1) : text;
    this.type = type;
    this.source = TemplateSource.of(this);
  }

  /** What another engine has made of it; undefined where there is none for files like this. */
  compiled(): ReturnType<TemplateCompiler> | undefined {
    this.#compiled ??= this.type.compile?.(this.text, this.path);
    return this.#compiled;
  }
}
