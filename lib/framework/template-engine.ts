// Renders templates through the package mustache. Loaded by the first page that is rendered.

import { TemplateError } from "./template-error.ts";
import { escapeFunction } from "./template-escape.ts";
import type { TemplateFile } from "./template-file.ts";
import { TemplateFragments } from "./template-fragments.ts";
import type { Section } from "./template-node.ts";
import { programOf } from "./template-program.ts";
import { TemplateResult } from "./template-result.ts";
import { type Blocks, type RunOptions, TemplateRun } from "./template-run.ts";
import { TemplateScope } from "./template-scope.ts";
import type { TemplateSource } from "./template-source.ts";
import type { CommonOptions, RenderOptions } from "./templates.ts";

/** Where templates come from. */
export interface TemplateStore {
  /** @throws TemplateError `TEMPLATE_NAME`, `TEMPLATE_MISSING` */
  read(name: string): TemplateFile;
  names(): Promise<readonly string[]>;
}

/** How many texts that lambdas have made are kept parsed. Past it all are forgotten: data can make any number. */
const MAX_TEXTS = 100;

const MAX_DEPTH = 100;

export class TemplateEngine {
  readonly #store: TemplateStore;
  readonly #layout: string | undefined;
  readonly #globals: object | undefined;
  readonly #outermost: TemplateScope | undefined;
  readonly #runs: RunOptions;
  readonly #missingIsEmpty: boolean;
  readonly #fragments: TemplateFragments;
  readonly #texts = new Map<string, TemplateSource>();

  constructor(
    store: TemplateStore,
    options: CommonOptions & { readonly layout?: string; readonly cache?: boolean },
  ) {
    this.#store = store;
    this.#layout = options.layout;
    this.#globals = options.globals;
    this.#outermost = options.globals && new TemplateScope(options.globals);
    this.#runs = {
      find: (name) => this.#find(name),
      parse: (text, section) => this.#parse(text, section),
      maxDepth: options.maxDepth ?? MAX_DEPTH,
      strict: options.missingValues === "error",
    };
    this.#missingIsEmpty = options.missingPartials === "empty";
    this.#fragments = new TemplateFragments((name) => this.#find(name), options.cache ?? true);
  }

  render(name: string, view: unknown, options: RenderOptions): TemplateResult | Promise<TemplateResult> {
    const hash = name.indexOf("#");
    if (hash >= 0) return this.#renderBlock(name.slice(0, hash), name.slice(hash + 1), view, options);
    const page = this.#store.read(name);
    const scope = this.#scope(view);
    const layout = this.#layoutOf(page, options.layout);
    const elsewhere = page.compiled();
    const body = elsewhere ? elsewhere(this.#merged(view)) : this.#run(page, page.source, scope);
    return typeof body === "string"
      ? this.#finished(page, body, layout, scope)
      : body.then((text) => this.#finished(page, text, layout, scope));
  }

  /** Parses all, and looks for the templates that they name. */
  async check(): Promise<string[]> {
    const names = await this.#store.names();
    for (const name of names) {
      const file = this.#store.read(name);
      if (file.type.compile === undefined) this.#fragments.check(file.source);
      else file.compiled();
    }
    return [...names];
  }

  #renderBlock(name: string, block: string, view: unknown, options: RenderOptions): TemplateResult {
    const page = this.#store.read(name);
    const { source, blocks } = this.#fragments.find(name, page, block);
    const scope = this.#scope(view);
    const layout = options.layout ? this.#store.read(options.layout) : undefined;
    return this.#finished(page, this.#run(page, source, scope, blocks), layout, scope);
  }

  #finished(
    page: TemplateFile,
    body: string,
    layout: TemplateFile | undefined,
    scope: TemplateScope,
  ): TemplateResult {
    if (layout === undefined) return new TemplateResult(body, page.type.type);
    const text = this.#run(layout, layout.source, new TemplateScope({ body }, scope));
    return new TemplateResult(text, layout.type.type);
  }

  #layoutOf(page: TemplateFile, wanted: string | false | undefined): TemplateFile | undefined {
    if (wanted === false) return undefined;
    if (wanted !== undefined) return this.#store.read(wanted);
    // A page that names its parent itself needs no other.
    if (this.#layout === undefined || beginsWithParent(page)) return undefined;
    const layout = this.#store.read(this.#layout);
    return layout.type.type === page.type.type ? layout : undefined;
  }

  #scope(view: unknown): TemplateScope {
    return new TemplateScope(view, this.#outermost);
  }

  #merged(view: unknown): Readonly<Record<string, unknown>> {
    return this.#globals === undefined
      ? (view as Record<string, unknown>)
      : { ...this.#globals, ...(view as object) };
  }

  #run(file: TemplateFile, source: TemplateSource, scope: TemplateScope, blocks?: Blocks): string {
    return new TemplateRun(this.#runs, escapeFunction(file.type.escape), blocks).render(source, scope);
  }

  #find(name: string): TemplateSource | undefined {
    try {
      const file = this.#store.read(name);
      if (file.type.compile === undefined) return file.source;
    } catch (error) {
      if (this.#missingIsEmpty && error instanceof TemplateError && error.code === "TEMPLATE_MISSING")
        return undefined;
      throw error;
    }
    throw new TemplateError(
      "TEMPLATE_ENGINE",
      `"${name}" is another engine's, so it can be no partial and no parent`,
    );
  }

  #parse(text: string, { source: around, start, contentStart, delimiters }: Section): TemplateSource {
    const key = `${delimiters.join(" ")} ${around.file.path} ${start}:${text}`;
    let source = this.#texts.get(key);
    if (source === undefined) {
      source = around.made(contentStart, text, delimiters);
      if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
      this.#texts.set(key, source);
    }
    return source;
  }
}

function beginsWithParent(page: TemplateFile): boolean {
  if (page.type.compile !== undefined) return false;
  const first = programOf(page.source).find((node) => typeof node !== "string" || node.trim() !== "");
  return typeof first === "object" && first.kind === "parent";
}
