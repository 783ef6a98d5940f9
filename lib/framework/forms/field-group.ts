// Fields of one request that belong together: those of a form, and those of a row in a list.

import { ApplicationError } from "../../errors.ts";
import type { NamedValues } from "../values.ts";
import { Field, type FieldPart, type FieldParts, type FieldRest, type Reading } from "./field.ts";
import { FormField } from "./form-field.ts";
import type { FormMessages } from "./messages.ts";
import { emptyTree, lookUp, place } from "./name-path.ts";
import type { Passed } from "./validator.ts";
import type { AnyField, Drafts, Values } from "./values.ts";

export class FieldGroup {
  readonly inputs: readonly FormField[];
  /** The fields under their names: `address.city` is `tree.address.city`. */
  readonly tree: Record<string, unknown> = emptyTree();
  readonly #prefix: string;

  /**
   * @param prefix - of the fields' names
   * @throws ApplicationError `FIELD`: two names that cannot be together, such as `a` and `a.b`
   */
  constructor(fields: readonly AnyField[], prefix = "") {
    this.#prefix = prefix;
    this.inputs = fields.map((field) =>
      field instanceof ListField ? new FormList(field, prefix) : new FormField(field, prefix),
    );
    for (const [index, field] of fields.entries()) {
      if (place(this.tree, field.path, this.inputs[index])) continue;
      throw new ApplicationError(
        "FIELD",
        `the field "${field.name}" is there twice, or its name takes another one's place`,
      );
    }
  }

  /** All fields, those of rows too. */
  get flat(): FormField[] {
    return this.inputs.flatMap((input) =>
      input instanceof FormList ? input.groups.flatMap(({ flat }) => flat) : [input],
    );
  }

  /** All fields and lists: what can have a note. */
  get noted(): FormField[] {
    return this.inputs.flatMap((input) =>
      input instanceof FormList ? [input, ...input.groups.flatMap(({ noted }) => noted)] : [input],
    );
  }

  get isBlank(): boolean {
    return this.inputs.every((input) => input.isBlank);
  }

  /** What the fields are worth, nested as their names are. */
  get values(): Record<string, unknown> {
    const values = emptyTree();
    for (const { declaration, value } of this.inputs) {
      if (declaration.hasValue) place(values, declaration.path, value);
    }
    return values;
  }

  /** @param prefix - of the names under which it was sent */
  take(values: NamedValues, prefix: string = this.#prefix): void {
    for (const input of this.inputs) input.take(values, prefix + input.declaration.name);
  }

  /** Takes values of a program by name or nested; a field that they do not have stays as it is. */
  fill(source: object): void {
    for (const input of this.inputs) {
      const { name, path } = input.declaration;
      const value = lookUp(source, [name]) ?? lookUp(source, path);
      if (value !== undefined) input.fill(value);
    }
  }

  /** All of them, so that the user sees at once what is wrong. */
  async check(messages: Readonly<FormMessages>): Promise<boolean> {
    let valid = true;
    for (const input of this.inputs) valid = (await input.check(messages)) && valid;
    return valid;
  }
}

/** Rows of the same fields. */
export class ListField<Name extends string, Fields extends readonly AnyField[], Draft, Value> extends Field<
  Name,
  Draft,
  Value
> {
  readonly fields: Fields;
  /** Empty rows that are shown at first. */
  readonly rows: number;
  readonly maxRows: number;

  constructor(name: Name, fields: Fields, rest: FieldParts) {
    super(name, rest);
    const { rows = 1, maxRows = 100 } = this.attributes;
    this.fields = fields;
    this.rows = Number(rows);
    this.maxRows = Number(maxRows);
  }

  override read(): Reading {
    return { value: [] };
  }

  override control(field: FormField): string {
    return field instanceof FormList
      ? field.groups
          .map(({ flat }) => flat.map(({ label, render }) => label + render()).join("\n"))
          .join("\n")
      : "";
  }
}

/** A list of one request. */
class FormList extends FormField<unknown[]> {
  readonly #list: ListField<string, readonly AnyField[], unknown, unknown>;
  #groups: readonly FieldGroup[];

  constructor(list: ListField<string, readonly AnyField[], unknown, unknown>, prefix: string) {
    super(list, prefix);
    this.#list = list;
    this.current = undefined;
    this.#groups = Array.from({ length: list.rows }, (_none, index) => this.#row(index));
  }

  get groups(): readonly FieldGroup[] {
    return this.#groups;
  }

  /** For templates: the fields of each row under their names. */
  get rows(): readonly Record<string, unknown>[] {
    return this.#groups.map(({ tree }) => tree);
  }

  override get isBlank(): boolean {
    return this.#groups.every((group) => group.isBlank);
  }

  override get value(): unknown[] {
    return (this.current as unknown[] | undefined) ?? this.#groups.map(({ values }) => values);
  }

  /** Takes the rows in which something was typed, in the order of their numbers, and numbers them anew. */
  override take(values: NamedValues, as: string = this.name): void {
    this.current = undefined;
    const groups: FieldGroup[] = [];
    for (const number of rowNumbers(values, as)) {
      const row = this.#row(groups.length);
      row.take(values, `${as}[${number}].`);
      if (!row.isBlank) groups.push(row);
      // One more than there may be is enough to know.
      if (groups.length > this.#list.maxRows) break;
    }
    this.#groups = groups;
  }

  override fill(value: unknown): void {
    if (!Array.isArray(value)) return;
    this.current = undefined;
    this.#groups = value.map((item: unknown, index) => {
      const row = this.#row(index);
      if (typeof item === "object" && item !== null) row.fill(item);
      return row;
    });
  }

  override async check(messages: Readonly<FormMessages>): Promise<boolean> {
    this.current = undefined;
    this.note = null;
    const { maxRows } = this.#list;
    if (this.#groups.length > maxRows) {
      this.#groups = this.#groups.slice(0, maxRows);
      this.note = messages.rows(maxRows);
      return false;
    }
    let valid = true;
    for (const group of this.#groups) valid = (await group.check(messages)) && valid;
    return valid && this.checkRules(this.value);
  }

  #row(index: number): FieldGroup {
    return new FieldGroup(this.#list.fields, `${this.name}[${index}].`);
  }
}

/** Numbers of the rows that were sent, the smallest first. */
function rowNumbers(values: NamedValues, name: string): number[] {
  const numbers = new Set<number>();
  for (const sent of values.keys()) {
    if (!sent.startsWith(`${name}[`)) continue;
    const [, digits] = /^(\d{1,9})\]\./.exec(sent.slice(name.length + 1)) ?? [];
    if (digits !== undefined) numbers.add(Number(digits));
  }
  return [...numbers].sort((a, b) => a - b);
}

/**
 * Rows of the same fields: `list("items", [textbox("name")])` has the fields `items[0].name`, `items[1].name` and so on,
 * and is worth a list of objects. Rows in which nothing was typed are left out.
 *
 * Its options are `rows`, the number of empty ones that are shown at first (1), and `maxRows`, how many may be sent (100).
 */
export function list<
  const Name extends string,
  const Fields extends readonly AnyField[],
  const A extends FieldPart<Values<Fields>[]> = never,
  const B extends FieldPart<Values<Fields>[]> = never,
  const C extends FieldPart<Values<Fields>[]> = never,
  const D extends FieldPart<Values<Fields>[]> = never,
>(
  name: Name,
  fields: Fields,
  ...rest: FieldRest<Values<Fields>[], A, B, C, D>
): ListField<Name, Fields, Drafts<Fields>[], Passed<Values<Fields>[], [A, B, C, D]>> {
  return new ListField(name, fields, rest);
}
