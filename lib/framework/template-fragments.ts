import { TemplateError } from "./template-error.ts";
import type { TemplateFile } from "./template-file.ts";
import type { PartialName, TemplateNode, TemplateTag } from "./template-node.ts";
import { programOf } from "./template-program.ts";
import { type Blocks, filled } from "./template-run.ts";
import type { TemplateSource } from "./template-source.ts";

/** A block of a page: what stands in it, and what fills the blocks therein. */
interface Fragment {
  readonly source: TemplateSource;
  readonly blocks: Blocks;
}

/** Finds the blocks of pages by their names: in the page, its parents and its partials. */
export class TemplateFragments {
  readonly #find: (name: string) => TemplateSource | undefined;
  readonly #cache: boolean;
  readonly #known = new WeakMap<TemplateFile, ReadonlyMap<string, Fragment>>();

  /** @param cache - a page's blocks are looked for once; otherwise each time, since its parents may have changed */
  constructor(find: (name: string) => TemplateSource | undefined, cache: boolean) {
    this.#find = find;
    this.#cache = cache;
  }

  /** @throws TemplateError `TEMPLATE_BLOCK` */
  find(name: string, page: TemplateFile, block: string): Fragment {
    let fragments = this.#cache ? this.#known.get(page) : undefined;
    if (fragments === undefined) {
      fragments = this.#of(page.source);
      this.#known.set(page, fragments);
    }
    const fragment = fragments.get(block);
    if (fragment !== undefined) return fragment;
    const has = fragments.size === 0 ? "no blocks" : `the blocks ${[...fragments.keys()].join(", ")}`;
    throw new TemplateError("TEMPLATE_BLOCK", `template "${name}" has no block "${block}": it has ${has}`);
  }

  /** @throws TemplateError about the first mistake in a template, or in those that it names */
  check(source: TemplateSource): void {
    this.#of(source);
  }

  #of(page: TemplateSource): ReadonlyMap<string, Fragment> {
    const fragments = new Map<string, Fragment>();
    const seen = new Set<TemplateSource>();
    const visit = (source: TemplateSource, blocks: Blocks): void => {
      if (seen.has(source)) return;
      seen.add(source);
      for (const tag of tagsIn(programOf(source))) {
        if (tag.kind === "block") {
          const content = blocks.get(tag.name) ?? tag.content;
          if (!fragments.has(tag.name)) fragments.set(tag.name, { source: content, blocks });
          visit(content, blocks);
        } else if (tag.kind === "parent" || tag.kind === "partial") {
          const inner = tag.kind === "parent" ? filled(tag, blocks) : blocks;
          for (const [name, content] of tag.kind === "parent" ? tag.blocks : []) {
            const source = inner.get(name) ?? content;
            if (!fragments.has(name)) fragments.set(name, { source, blocks: inner });
            visit(source, inner);
          }
          const named = this.#named(tag.name, tag);
          if (named !== undefined) visit(named, inner);
        }
      }
    };
    visit(page, new Map());
    return fragments;
  }

  /** A template whose name is known before there is a view. */
  #named(name: PartialName, tag: TemplateTag): TemplateSource | undefined {
    if (typeof name !== "string") return undefined;
    try {
      return this.#find(name);
    } catch (error) {
      throw error instanceof TemplateError ? error.at(tag.source.place(tag.start)) : error;
    }
  }
}

function* tagsIn(nodes: readonly TemplateNode[]): Generator<TemplateTag, void, undefined> {
  for (const node of nodes) {
    if (typeof node === "string") continue;
    yield node;
    if (node.kind === "section" || node.kind === "inverted") yield* tagsIn(node.nodes);
  }
}
