import { HttpResponse } from "./http-response.ts";
import { TemplateError } from "./template-error.ts";
import type {
  Block,
  Parent,
  Partial,
  PartialName,
  Section,
  TemplateNode,
  TemplateTag,
} from "./template-node.ts";
import { programOf } from "./template-program.ts";
import { MISSING, refusePromise, type TemplateName, TemplateScope, TextLambda } from "./template-scope.ts";
import type { TemplateSource } from "./template-source.ts";

/** What fills blocks, by their names. */
export type Blocks = ReadonlyMap<string, TemplateSource>;

export interface RunOptions {
  /** What a partial or parent is; undefined where nothing is to be shown for it. */
  readonly find: (name: string) => TemplateSource | undefined;
  /** Text that a lambda has made, in the delimiters of its section. */
  readonly parse: (text: string, section: Section) => TemplateSource;
  readonly maxDepth: number;
  /** A variable that nothing has is an error. */
  readonly strict: boolean;
}

const NO_BLOCKS: Blocks = new Map();

/** One rendering: where it stands, and what fills the blocks there. */
export class TemplateRun {
  readonly #options: RunOptions;
  readonly #escaped: (text: string) => string;
  #blocks: Blocks;
  #depth = 0;
  /** What is being rendered, for the line of an error. */
  #at: TemplateTag | undefined;

  constructor(options: RunOptions, escaped: (text: string) => string, blocks: Blocks = NO_BLOCKS) {
    this.#options = options;
    this.#escaped = escaped;
    this.#blocks = blocks;
  }

  /** @throws TemplateError; a response that a helper throws is thrown as it is */
  render(source: TemplateSource, scope: TemplateScope): string {
    try {
      return this.#nodes(programOf(source), scope);
    } catch (error) {
      throw this.#located(error);
    }
  }

  #nodes(nodes: readonly TemplateNode[], scope: TemplateScope): string {
    let text = "";
    for (const node of nodes) text += typeof node === "string" ? node : this.#tag(node, scope);
    return text;
  }

  #tag(node: TemplateTag, scope: TemplateScope): string {
    this.#at = node;
    switch (node.kind) {
      case "variable":
        return this.#escaped(this.#text(node.name, scope));
      case "raw":
        return this.#text(node.name, scope);
      case "section":
        return this.#section(node, scope);
      case "inverted":
        return this.#inverted(node, scope);
      case "partial":
        return this.#partial(node, scope);
      case "parent":
        return this.#parent(node, scope);
      case "block":
        return this.#block(node, scope);
    }
  }

  #text(name: TemplateName, scope: TemplateScope): string {
    const value = scope.lookup(name);
    if (typeof value === "string") return value;
    if (value === MISSING && this.#options.strict) {
      throw new TemplateError("TEMPLATE_VALUE", `nothing has the name "${name.text}"`);
    }
    if (value === MISSING || value === undefined || value === null) return "";
    return String(value);
  }

  #section(node: Section, scope: TemplateScope): string {
    let value = scope.lookup(node.name, true);
    if (value instanceof TextLambda) {
      const made = value.call(node.source.text.slice(node.contentStart, node.contentEnd));
      if (typeof made === "string") return this.#made(made, node, scope);
      refusePromise(made, node.name.text);
      value = made;
    } else if (typeof value === "function") {
      return this.#lambda(value as Lambda, node, scope);
    }
    if (!value || value === MISSING) return "";
    if (value === true) return this.#nodes(node.nodes, scope);
    if (!Array.isArray(value)) return this.#nodes(node.nodes, new TemplateScope(value, scope));
    let text = "";
    const { length } = value;
    for (let index = 0; index < length; index++) {
      refusePromise(value[index], node.name.text);
      text += this.#nodes(node.nodes, new TemplateScope(value[index], scope, index, length));
    }
    return text;
  }

  #inverted(node: Section, scope: TemplateScope): string {
    const value = scope.lookup(node.name, true);
    const empty = !value || value === MISSING || (Array.isArray(value) && value.length === 0);
    return empty ? this.#nodes(node.nodes, scope) : "";
  }

  /** What a function returned for a section: the package's way to say that it wants the text. */
  #lambda(lambda: Lambda, node: Section, scope: TemplateScope): string {
    const text = node.source.text.slice(node.contentStart, node.contentEnd);
    const result = lambda.call(scope.view, text, (made) => this.#made(String(made), node, scope));
    refusePromise(result, node.name.text);
    return result === undefined || result === null ? "" : String(result);
  }

  #made(text: string, node: Section, scope: TemplateScope): string {
    const rendered = this.#nested(this.#options.parse(text, node), scope);
    this.#at = node;
    return rendered;
  }

  #partial(node: Partial, scope: TemplateScope): string {
    const source = this.#find(node.name, scope);
    return source === undefined ? "" : this.#nested(source.indented(node.indentation), scope);
  }

  #parent(node: Parent, scope: TemplateScope): string {
    const source = this.#find(node.name, scope);
    if (source === undefined) return "";
    const outer = this.#blocks;
    this.#blocks = filled(node, outer);
    try {
      return this.#nested(source.indented(node.indentation), scope);
    } finally {
      this.#blocks = outer;
    }
  }

  #block(node: Block, scope: TemplateScope): string {
    const source = this.#blocks.get(node.name) ?? node.content;
    return this.#nested(source.indented(node.indentation), scope);
  }

  #find(name: PartialName, scope: TemplateScope): TemplateSource | undefined {
    if (typeof name === "string") return this.#options.find(name);
    const found = this.#text(name, scope);
    return found === "" ? undefined : this.#options.find(found);
  }

  #nested(source: TemplateSource, scope: TemplateScope): string {
    const { maxDepth } = this.#options;
    if (this.#depth >= maxDepth) {
      throw new TemplateError(
        "TEMPLATE_DEPTH",
        `templates are nested more than ${maxDepth} deep, which is option maxDepth: does this one end?`,
      );
    }
    this.#depth++;
    try {
      return this.#nodes(programOf(source), scope);
    } finally {
      this.#depth--;
    }
  }

  #located(error: unknown): unknown {
    if (error instanceof HttpResponse) return error;
    const place = this.#at?.source.place(this.#at.start);
    if (error instanceof TemplateError) return error.at(place);
    const message = error instanceof Error ? error.message : String(error);
    return new TemplateError("TEMPLATE_VALUE", `${nameOf(this.#at)} failed: ${message}`, place, {
      cause: error,
    });
  }
}

type Lambda = (this: unknown, text: string, render: (text: string) => string) => unknown;

/** What fills the blocks of a parent: the outermost child has the last word. */
export function filled(node: Parent, outer: Blocks): Blocks {
  if (node.blocks.size === 0) return outer;
  return outer.size === 0 ? node.blocks : new Map([...node.blocks, ...outer]);
}

function nameOf(node: TemplateTag | undefined): string {
  if (node === undefined) return "it";
  return `"${typeof node.name === "string" ? node.name : node.name.text}"`;
}
