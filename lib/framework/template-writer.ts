import mustache from "mustache";

/** What mustache makes of a template's text. A section's fifth element is the tokens inside it. */
type Tokens = string[][];

/** What fills a block: tokens, and the text that they were made of. */
interface Block {
  readonly tokens: Tokens;
  readonly text: string | undefined;
}

/** How many parsed texts are kept. Past it all are forgotten; templates of a folder are far fewer. */
const MAX_PARSED = 1_000;

/**
 * mustache's own writer, with a cache that is keyed by the text alone and has an end (lambdas can give it any
 * number of texts), and with the sections that `withInheritance()` makes.
 */
export class TemplateWriter extends mustache.Writer {
  /** Switches mustache's own cache off, which never forgets. */
  readonly templateCache = undefined;
  readonly #parsed = new Map<string, Tokens>();
  /** What children put into the blocks of the parents being rendered. */
  #blocks: ReadonlyMap<string, Block> = new Map();

  override parse(text: string, tags?: mustache.OpeningAndClosingTags): Tokens {
    if (tags !== undefined) return super.parse(text, tags);
    let tokens = this.#parsed.get(text);
    if (tokens === undefined) {
      tokens = super.parse(text) as Tokens;
      if (this.#parsed.size >= MAX_PARSED) this.#parsed.clear();
      this.#parsed.set(text, tokens);
    }
    return tokens;
  }

  override renderSection(
    token: string[],
    context: mustache.Context,
    partials?: mustache.PartialsOrLookupFn,
    text?: string,
    config?: mustache.RenderOptions,
  ): string {
    const name = token[1] as string;
    if (name.startsWith("$")) {
      const block = this.#blocks.get(name) ?? { tokens: tokensIn(token), text };
      return this.renderTokens(block.tokens, context, partials, block.text, config);
    }
    if (!name.startsWith("<")) return super.renderSection(token, context, partials, text, config);
    const outer = this.#blocks;
    const own = tokensIn(token)
      .filter(([sigil, block]) => sigil === "#" && block?.startsWith("$"))
      .map((block): [string, Block] => [block[1] as string, { tokens: tokensIn(block), text }]);
    // The outermost child has the last word.
    this.#blocks = new Map([...own, ...outer]);
    try {
      const parent = typeof partials === "function" ? partials(name.slice(1)) : partials?.[name.slice(1)];
      return this.renderTokens(this.parse(parent ?? ""), context, partials, parent, config);
    } finally {
      this.#blocks = outer;
    }
  }
}

function tokensIn(section: string[]): Tokens {
  return section[4] as unknown as Tokens;
}
