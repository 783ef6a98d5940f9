import { Field, type FieldPart, type FieldParts, type FieldRest, type Reading, type Typed } from "./field.ts";
import type { FormField } from "./form-field.ts";
import { emptyElement } from "./markup.ts";
import type { FormMessages } from "./messages.ts";
import { stateOf } from "./text-fields.ts";
import type { Passed } from "./validator.ts";

/** HTML, "valid floating-point number". */
const NUMBER = /^-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?$/i;

class NumberField<Name extends string, Value> extends Field<Name, number | null, Value> {
  readonly #type: "number" | "range";

  constructor(name: Name, type: "number" | "range", rest: FieldParts) {
    super(name, rest);
    this.#type = type;
  }

  override read({ texts, files }: Typed, messages: Readonly<FormMessages>): Reading {
    const text = texts.at(-1)?.trim() ?? "";
    if (files.length > 0) return { value: null, note: messages.number };
    if (text === "")
      return { value: null, note: this.attributes["required"] ? messages.required : undefined };
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value)) return { value: null, note: messages.number };
    return { value, note: this.#outside(value, messages) };
  }

  override control(field: FormField): string {
    const { name, id, typed } = field;
    return emptyElement("input", {
      ...this.attributes,
      ...stateOf(field),
      id,
      name,
      type: this.#type,
      value: typed.texts.at(-1),
    });
  }

  #outside(value: number, messages: Readonly<FormMessages>): string | undefined {
    const { min, max, step } = this.attributes;
    if (isSet(min) && value < Number(min)) return messages.min(String(min));
    if (isSet(max) && value > Number(max)) return messages.max(String(max));
    if (!isSet(step) || step === "any") return undefined;
    const steps = (value - Number(isSet(min) ? min : 0)) / Number(step);
    return Math.abs(steps - Math.round(steps)) > 1e-9 ? messages.step(String(step)) : undefined;
  }
}

function isSet(attribute: unknown): boolean {
  return attribute !== undefined && attribute !== null && attribute !== false && attribute !== "";
}

/** `input` of the type `number`: a number, or `null` where it is empty; within the attributes `min`, `max` and `step`. */
export function number<
  const Name extends string,
  const A extends FieldPart<number | null> = never,
  const B extends FieldPart<number | null> = never,
  const C extends FieldPart<number | null> = never,
  const D extends FieldPart<number | null> = never,
>(
  name: Name,
  ...rest: FieldRest<number | null, A, B, C, D>
): Field<Name, number | null, Passed<number | null, [A, B, C, D]>> {
  return new NumberField(name, "number", rest);
}

/** `input` of the type `range`: like {@link number}, as a slider. */
export function range<
  const Name extends string,
  const A extends FieldPart<number | null> = never,
  const B extends FieldPart<number | null> = never,
  const C extends FieldPart<number | null> = never,
  const D extends FieldPart<number | null> = never,
>(
  name: Name,
  ...rest: FieldRest<number | null, A, B, C, D>
): Field<Name, number | null, Passed<number | null, [A, B, C, D]>> {
  return new NumberField(name, "range", rest);
}
