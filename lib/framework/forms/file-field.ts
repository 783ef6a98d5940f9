import type { Upload } from "../upload.ts";
import {
  Field,
  type FieldPart,
  type FieldParts,
  type FieldRest,
  type IsMultiple,
  type Reading,
  type Typed,
} from "./field.ts";
import type { FormField } from "./form-field.ts";
import { emptyElement } from "./markup.ts";
import type { FormMessages } from "./messages.ts";
import { stateOf } from "./text-fields.ts";
import type { Passed } from "./validator.ts";

/** What was chosen; with the option `multiple` a list. */
type Chosen<Part> = IsMultiple<Part> extends true ? Upload[] : Upload | null;

/** A field whose form has to be sent as `multipart/form-data`. */
export class FileField<Name extends string, Draft, Value> extends Field<Name, Draft, Value> {
  /** Bytes. */
  readonly #maxBytes: number;

  constructor(name: Name, rest: FieldParts) {
    super(name, rest);
    this.#maxBytes = Number(this.attributes["maxBytes"] ?? Number.POSITIVE_INFINITY);
  }

  override read({ files }: Typed, messages: Readonly<FormMessages>): Reading {
    const { multiple, required } = this.attributes;
    const value = multiple ? files : (files.at(-1) ?? null);
    if (required && files.length === 0) return { value, note: messages.required };
    const isTooLong = files.some(({ size }) => size > this.#maxBytes);
    return { value, note: isTooLong ? messages.fileSize(this.#maxBytes) : undefined };
  }

  override control(field: FormField): string {
    const { maxBytes: _maxBytes, ...attributes } = this.attributes;
    return emptyElement("input", {
      ...attributes,
      ...stateOf(field),
      id: field.id,
      name: field.name,
      type: "file",
    });
  }
}

/**
 * `input` of the type `file`: an `Upload`, or `null` where none was chosen; with the option `multiple` a list. The option
 * `maxBytes` notes a longer one; what a client may send at all is said by the application's `limits`.
 *
 * The form has to be sent as `multipart/form-data`: see `enctype` of the form. What was chosen has to be chosen again when
 * the form is shown again.
 */
export function file<
  const Name extends string,
  const A extends FieldPart<Chosen<A | B | C | D>> = never,
  const B extends FieldPart<Chosen<A | B | C | D>> = never,
  const C extends FieldPart<Chosen<A | B | C | D>> = never,
  const D extends FieldPart<Chosen<A | B | C | D>> = never,
>(
  name: Name,
  ...rest: FieldRest<Chosen<A | B | C | D>, A, B, C, D>
): Field<Name, Chosen<A | B | C | D>, Passed<Chosen<A | B | C | D>, [A, B, C, D]>> {
  return new FileField(name, rest);
}
