import { Upload } from "../upload.ts";
import type { NamedValues } from "../values.ts";
import { type Field, idOf, type Typed } from "./field.ts";
import { element, escapeHtml } from "./markup.ts";
import { type FormMessages, formMessages } from "./messages.ts";
import { parseName, type Segment } from "./name-path.ts";
import { applyRules } from "./rules.ts";

/** A field of one request: what was typed into it, what that is worth, and what is wrong with it. */
export class FormField<Value = unknown> {
  readonly declaration: Field;
  /** As it stands in the page: in a row of a list `items[0].name`. */
  readonly name: string;
  readonly id: string;
  /** What is wrong with it, in words for the user; `null` where nothing is known to be. */
  note: string | null = null;
  // Private, so that no log shows what was typed.
  #typed: Typed;
  #current: unknown;

  /** @param prefix - of its name, in a row of a list */
  constructor(declaration: Field, prefix = "") {
    this.declaration = declaration;
    this.name = prefix + declaration.name;
    this.id = prefix === "" ? declaration.id : `${idOf(prefix)}_${declaration.id}`;
    this.#typed = { texts: declaration.initial, files: [] };
    this.#current = declaration.read(this.#typed, formMessages).value;
  }

  /** The name, as keys and indexes. */
  get path(): readonly Segment[] {
    return parseName(this.name) ?? [];
  }

  get description(): string {
    return this.declaration.description;
  }

  get hidden(): boolean {
    return this.declaration.isHidden;
  }

  /** What is typed into it, or what it holds at first. */
  get typed(): Typed {
    return this.#typed;
  }

  /** What that is worth: what `form.d` has for it. */
  get value(): Value {
    return this.#current as Value;
  }

  /** The value; a list has none until it is checked. */
  protected get current(): unknown {
    return this.#current;
  }

  protected set current(value: unknown) {
    this.#current = value;
  }

  /** Its label, as markup. */
  get label(): string {
    return this.declaration.label(this);
  }

  /** Its note as markup, or nothing. The element names it as what describes it. */
  get wrong(): string {
    return wrong(this.note, this.noteId);
  }

  /** Of the markup of its note. */
  get noteId(): string {
    return `${this.id}-note`;
  }

  /** Nothing was typed into it. */
  get isBlank(): boolean {
    return this.#typed.files.length === 0 && this.#typed.texts.every((text) => text === "");
  }

  // A property of its own, bound to its field: a template calls what it finds on the view.
  /** Its element, as markup. */
  readonly render = (): string => this.declaration.control(this);

  toString(): string {
    return this.render();
  }

  /** Takes what came under its name, or under the one that it was sent `as`. */
  take(values: NamedValues, as: string = this.name): void {
    const all = values.get(as) ?? [];
    this.#set({
      texts: all.filter((one) => typeof one === "string"),
      files: all.filter((one) => typeof one !== "string"),
    });
  }

  /** Takes a value of a program, such as one of a database. */
  fill(value: unknown): void {
    const all: unknown[] = Array.isArray(value) ? value : [value];
    const files = all.filter((one) => one instanceof Upload);
    this.#set({ texts: files.length > 0 ? [] : this.declaration.toTexts(value), files });
  }

  /** Notes what is wrong with it. */
  async check(messages: Readonly<FormMessages>): Promise<boolean> {
    const { value, note } = this.declaration.read(this.#typed, messages);
    this.#current = value;
    this.note = note ?? null;
    return note === undefined && this.checkRules(value);
  }

  protected async checkRules(value: unknown): Promise<boolean> {
    const verdict = await applyRules(value, this.declaration.rules);
    if (verdict.issues === undefined) this.#current = verdict.value;
    else this.note = verdict.issues[0]?.message ?? "";
    return verdict.issues === undefined;
  }

  #set(typed: Typed): void {
    this.#typed = typed;
    this.#current = this.declaration.read(typed, formMessages).value;
  }
}

/** A note as markup, or nothing. */
export function wrong(note: string | null, id: string): string {
  return note === null ? "" : element("strong", { class: "wrong", id }, escapeHtml(note));
}
