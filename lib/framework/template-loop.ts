/** What is known of a view in a list that is looped over. */
interface Looped {
  readonly index: number;
  readonly length: number;
  readonly parent: Looped | undefined;
}

/** Where a loop stands: `{{@index}}`, `{{#@last}}`, `{{@parent.index}}`. The names are those of web.py's `loop`. */
export class LoopPosition {
  static readonly names: ReadonlySet<string> = new Set(
    "index index0 first last odd even parity length revindex revindex0 parent".split(" "),
  );

  readonly #at: Looped;

  private constructor(at: Looped) {
    this.#at = at;
  }

  /** Of the innermost loop. */
  static of(scope: Looped | undefined): LoopPosition | undefined {
    let at = scope;
    while (at !== undefined && at.index < 0) at = at.parent;
    return at && new LoopPosition(at);
  }

  /** Counted from 1. */
  get index(): number {
    return this.#at.index + 1;
  }

  /** Counted from 0. */
  get index0(): number {
    return this.#at.index;
  }

  get first(): boolean {
    return this.#at.index === 0;
  }

  get last(): boolean {
    return this.#at.index === this.#at.length - 1;
  }

  get odd(): boolean {
    return this.#at.index % 2 === 0;
  }

  get even(): boolean {
    return !this.odd;
  }

  get parity(): "odd" | "even" {
    return this.odd ? "odd" : "even";
  }

  get length(): number {
    return this.#at.length;
  }

  /** How many are left, this one included. */
  get revindex(): number {
    return this.#at.length - this.#at.index;
  }

  /** How many are left, without this one. */
  get revindex0(): number {
    return this.revindex - 1;
  }

  /** The loop around this one. */
  get parent(): LoopPosition | undefined {
    return LoopPosition.of(this.#at.parent);
  }
}
