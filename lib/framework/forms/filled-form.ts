// One request's copy of a form.

import { Web } from "../web.ts";
import { FieldGroup } from "./field-group.ts";
import { FileField } from "./file-field.ts";
import { type FormField, wrong } from "./form-field.ts";
import type { FormMessages } from "./messages.ts";
import { pathKey } from "./name-path.ts";
import { applyRules, type Issue } from "./rules.ts";
import type { Rule } from "./validator.ts";
import type { AnyField, FieldTree } from "./values.ts";

/** What a form gets its values from: a request, or an object of values by name or nested. */
export type FormSource = Web | object;

/** What is shared by all copies of a form. */
export interface FormRules {
  readonly validators: readonly Rule<never>[];
  readonly messages: Readonly<FormMessages>;
}

/**
 * A form of one request. Its fields are its properties too (`form.username`), as far as they have no name that it has
 * itself; `fields` has all of them.
 */
export class FilledForm<
  Fields extends readonly AnyField[] = readonly AnyField[],
  D = unknown,
  Valid extends boolean = boolean,
> {
  readonly #group: FieldGroup;
  readonly #rules: FormRules;
  #valid = true;
  #d: unknown;
  /** What is wrong with the form as a whole; `null` where nothing is known to be. */
  note: string | null = null;

  constructor(fields: Fields, rules: FormRules) {
    this.#group = new FieldGroup(fields);
    this.#rules = rules;
    for (const [name, field] of Object.entries(this.#group.tree)) {
      if (!(name in this)) Object.defineProperty(this, name, { value: field, enumerable: true });
    }
  }

  /** Nothing is known to be wrong: true before anything was checked. */
  get valid(): Valid {
    return this.#valid as Valid;
  }

  /** The values: nested as the names of the fields are, and what validators and schemas have made of them. */
  get d(): D {
    return (this.#d ?? this.#group.values) as D;
  }

  /** What was typed, as text, by the names of the fields. */
  get value(): Readonly<Record<string, unknown>> {
    const value: Record<string, unknown> = Object.create(null);
    for (const { name, typed } of this.inputs) value[name] = typed.files.at(-1) ?? typed.texts.at(-1) ?? null;
    return value;
  }

  /** All fields in their order, those in rows of lists too. */
  get inputs(): readonly FormField[] {
    return this.#group.flat;
  }

  /** The fields under their names, nested: `form.fields.address.city`. */
  get fields(): FieldTree<Fields> {
    return this.#group.tree as FieldTree<Fields>;
  }

  /** How its `form` element has to send it: its attribute `enctype`. */
  get enctype(): "multipart/form-data" | "application/x-www-form-urlencoded" {
    const hasFile = this.inputs.some(({ declaration }) => declaration instanceof FileField);
    return hasFile ? "multipart/form-data" : "application/x-www-form-urlencoded";
  }

  /** A field by its whole name, such as `items[0].name`. */
  get(name: string): FormField | undefined {
    return this.#group.noted.find((field) => field.name === name);
  }

  /** Takes values of a program, by name or nested, and checks nothing. Fields that they do not have stay as they are. */
  fill(values: object): this {
    this.#d = undefined;
    this.#group.fill(values);
    return this;
  }

  /**
   * Takes the values that a request has sent, or those of an object, and checks them: all fields, then, where these are
   * right, the form's validators until the first that fails. The query is taken of a GET, else the body.
   *
   * @returns what `valid` is then
   * @throws HttpResponse 400, 413, 414: see `web.input()`
   */
  async validates(source?: FormSource): Promise<boolean> {
    if (source !== undefined) await this.#take(source);
    this.note = null;
    this.#d = undefined;
    this.#valid = await this.#group.check(this.#rules.messages);
    if (!this.#valid) return false;
    const verdict = await applyRules(this.#group.values, this.#rules.validators);
    if (verdict.issues === undefined) this.#d = verdict.value;
    else this.#note(verdict.issues);
    return this.#valid;
  }

  /**
   * Says that something is wrong that no validator could know, such as a name that was taken a moment ago.
   *
   * @param note - what the user is told
   * @param name - of the field where it stands; left out, it is above the form
   */
  refuse(note: string, name?: string): void {
    this.#valid = false;
    const field = name === undefined ? undefined : this.get(name);
    if (field === undefined) this.note = note;
    else field.note = note;
  }

  // Properties of their own, bound to their form: a template calls what it finds on the view.
  /** All fields as web.py's table, with what was typed into them and their notes. */
  readonly render = (): string => {
    const rows = this.inputs.map((field) => {
      const { pre, post } = field.declaration;
      const cell = pre + field.render() + field.wrong + post;
      return field.hidden
        ? `    <tr hidden="hidden"><th></th><td>${cell}</td></tr>\n`
        : `    <tr><th>${field.label}</th><td>${cell}</td></tr>\n`;
    });
    return `${this.wrong}${this.#listNotes()}<table>\n${rows.join("")}</table>`;
  };

  /** The same without a table, each field with its label in front, for a style sheet to arrange. */
  readonly renderCss = (): string => {
    const lines = this.inputs.map((field) => {
      const { pre, post } = field.declaration;
      return `${field.label}${pre}${field.render()}${field.wrong}${post}\n`;
    });
    return this.wrong + this.#listNotes() + lines.join("");
  };

  /** Its own note as markup, or nothing. */
  get wrong(): string {
    return wrong(this.note, "form-note");
  }

  toString(): string {
    return this.render();
  }

  /** What a program is told that has sent it: what is wrong, and nothing of what was sent. */
  toJSON(): { valid: boolean; note: string | null; notes: Record<string, string> } {
    const notes: Record<string, string> = Object.create(null);
    for (const { name, note } of this.#group.noted) if (note !== null) notes[name] = note;
    return { valid: this.#valid, note: this.note, notes };
  }

  async #take(source: FormSource): Promise<void> {
    if (!(source instanceof Web)) {
      this.#group.take(new Map());
      this.fill(source);
      return;
    }
    const isQuery = source.method === "GET" || source.method === "HEAD";
    this.#group.take(await source.rawInput(isQuery ? "query" : "form"));
  }

  #note(issues: readonly Issue[]): void {
    this.#valid = false;
    const fields = new Map(this.#group.noted.map((field) => [pathKey(field.path), field]));
    for (const issue of issues) this.#place(issue, fields);
  }

  // What a schema says of `address` alone is said at the field of that name, or else above the form.
  #place({ message, path }: Issue, fields: ReadonlyMap<string, FormField>): void {
    for (let length = path.length; length > 0; length--) {
      const field = fields.get(pathKey(path.slice(0, length)));
      if (field === undefined) continue;
      field.note ??= message;
      return;
    }
    this.note ??= message;
  }

  /** A list has no place of its own on the page. */
  #listNotes(): string {
    const inputs = new Set(this.inputs);
    return this.#group.noted
      .filter((field) => !inputs.has(field))
      .map((field) => field.wrong)
      .join("");
  }
}
