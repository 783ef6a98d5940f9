import mustache from "mustache";

/** What mustache makes of a template's text. */
type Tokens = string[][];

/** How many parsed texts are kept. Past it all are forgotten; templates of a folder are far fewer. */
const MAX_PARSED = 1_000;

/**
 * mustache's own writer, with a cache that is keyed by the text alone and has an end: lambdas can give it any
 * number of texts.
 */
export class TemplateWriter extends mustache.Writer {
  /** Switches mustache's own cache off, which never forgets. */
  readonly templateCache = undefined;
  readonly #parsed = new Map<string, Tokens>();

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
}
