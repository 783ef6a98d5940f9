import {
  Field,
  type FieldOptions,
  type FieldPart,
  type FieldParts,
  type FieldRest,
  idOf,
  type Reading,
  type Typed,
} from "./field.ts";
import type { FormField } from "./form-field.ts";
import { type AttributeValue, emptyElement } from "./markup.ts";
import type { FormMessages } from "./messages.ts";
import { stateOf } from "./text-fields.ts";
import type { Passed } from "./validator.ts";

class CheckboxField<Name extends string, Value> extends Field<Name, boolean, Value> {
  /** What a browser sends when it is checked. */
  readonly #sent: string;

  constructor(name: Name, rest: FieldParts) {
    super(name, rest);
    const { value } = (rest.at(-1) ?? {}) as FieldOptions;
    this.#sent = typeof value === "string" || typeof value === "number" ? String(value) : "on";
  }

  override toTexts(value: unknown): readonly string[] {
    return value ? [this.#sent] : [];
  }

  override read({ texts }: Typed, messages: Readonly<FormMessages>): Reading {
    const value = texts.some((text) => text !== "");
    return { value, note: this.attributes["required"] && !value ? messages.required : undefined };
  }

  override control(field: FormField): string {
    const { checked: _checked, ...attributes } = this.attributes;
    return emptyElement("input", {
      ...attributes,
      ...stateOf(field),
      checked: field.value === true,
      id: field.id,
      name: field.name,
      type: "checkbox",
      value: this.#sent,
    });
  }

  protected override defaultId(value: FieldOptions["value"]): string {
    return typeof value === "string" ? idOf(`${this.name}_${value}`) : idOf(this.name);
  }

  /** The option `value` is not what it holds, but what is sent. */
  protected override initialTexts(_value: FieldOptions["value"], checked: AttributeValue): readonly string[] {
    return checked ? ["on"] : [];
  }
}

/**
 * `input` of the type `checkbox`: whether it is checked, at first as the option `checked` says. The option `value` is what
 * a browser sends for it.
 */
export function checkbox<
  const Name extends string,
  const A extends FieldPart<boolean> = never,
  const B extends FieldPart<boolean> = never,
  const C extends FieldPart<boolean> = never,
  const D extends FieldPart<boolean> = never,
>(name: Name, ...rest: FieldRest<boolean, A, B, C, D>): Field<Name, boolean, Passed<boolean, [A, B, C, D]>> {
  return new CheckboxField(name, rest);
}
