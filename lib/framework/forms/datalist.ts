import type { Choice } from "./choice-fields.ts";
import { Field, type FieldOptions, type Reading } from "./field.ts";
import type { FormField } from "./form-field.ts";
import { element, emptyElement } from "./markup.ts";

class DatalistField<Name extends string> extends Field<Name, never, never> {
  override readonly isHidden = true;
  override readonly hasValue = false;
  readonly #options: string;

  constructor(name: Name, choices: readonly Choice[], options: FieldOptions) {
    super(name, [options]);
    const elements = choices.map((choice) =>
      typeof choice === "object"
        ? emptyElement("option", { label: choice[0], value: choice[1] })
        : emptyElement("option", { value: choice }),
    );
    this.#options = elements.join("");
  }

  override read(): Reading {
    return { value: undefined };
  }

  override control({ id }: FormField): string {
    return element("datalist", { ...this.attributes, id }, this.#options);
  }

  override label(): string {
    return "";
  }
}

/**
 * `datalist`: what a browser proposes for the fields whose option `list` is this one's id. It has no value. A choice is a
 * value, or a label and a value, in web.py's order.
 *
 * @example
 * form([textbox("city", { list: "cities" }), datalist("cities", ["Bern", "Biel"])])
 */
export function datalist<const Name extends string>(
  name: Name,
  choices: readonly Choice[],
  options: FieldOptions = {},
): Field<Name, never, never> {
  return new DatalistField(name, choices, options);
}
