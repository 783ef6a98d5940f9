import { Field, type FieldPart, type FieldParts, type FieldRest, type Reading, type Typed } from "./field.ts";
import type { FormField } from "./form-field.ts";
import { element, escapeHtml } from "./markup.ts";
import type { Passed } from "./validator.ts";

class ButtonField<Name extends string, Value> extends Field<Name, string | null, Value> {
  readonly #html: string;

  constructor(name: Name, rest: FieldParts) {
    super(name, rest);
    const { html } = this.attributes;
    this.#html = typeof html === "string" ? html : escapeHtml(this.description);
  }

  override read({ texts }: Typed): Reading {
    return { value: texts.at(-1) ?? null };
  }

  override control({ id, name }: FormField): string {
    const { html: _html, ...attributes } = this.attributes;
    return element("button", { ...attributes, id, name, value: this.initialValue }, this.#html);
  }

  /** It says itself what it is. */
  override label(): string {
    return "";
  }

  protected override initialTexts(): readonly string[] {
    return [];
  }
}

/**
 * `button`: its option `value` where it was the one that was pressed, else `null`. It says its description, or the markup of
 * the option `html`, which is not escaped.
 */
export function button<
  const Name extends string,
  const A extends FieldPart<string | null> = never,
  const B extends FieldPart<string | null> = never,
  const C extends FieldPart<string | null> = never,
  const D extends FieldPart<string | null> = never,
>(
  name: Name,
  ...rest: FieldRest<string | null, A, B, C, D>
): Field<Name, string | null, Passed<string | null, [A, B, C, D]>> {
  return new ButtonField(name, rest);
}
