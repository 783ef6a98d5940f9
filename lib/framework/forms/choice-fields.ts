// Fields whose value is one of those that the declaration names: another is refused, since a client can send any.

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
import { element, emptyElement, escapeHtml } from "./markup.ts";
import type { FormMessages } from "./messages.ts";
import { stateOf } from "./text-fields.ts";
import type { Passed } from "./validator.ts";

/** A value, or a value and what the page says for it. */
export type Choice = string | number | readonly [value: string | number, description: string | number];

/** The values of choices. */
type ValueOf<C> = C extends readonly [infer V, unknown] ? V : C;

/** One value, or `null`; with the option `multiple` a list. */
type Chosen<V, Part> = IsMultiple<Part> extends true ? V[] : V | null;

interface Known {
  readonly value: string | number;
  /** As it is sent. */
  readonly text: string;
  readonly description: string;
}

abstract class ChoiceField<Name extends string, Draft, Value> extends Field<Name, Draft, Value> {
  readonly #values: ReadonlyMap<string, string | number>;

  constructor(name: Name, choices: readonly Known[], rest: FieldParts) {
    super(name, rest);
    this.#values = new Map(choices.map(({ text, value }) => [text, value]));
  }

  override read({ texts, files }: Typed, messages: Readonly<FormMessages>): Reading {
    const { multiple, required } = this.attributes;
    // What a list shows for nothing chosen has an empty value, if the declaration does not name that one itself.
    const sent = texts.filter((text) => text !== "" || this.#values.has(text));
    const known = sent.filter((text) => this.#values.has(text)).map((text) => this.#values.get(text));
    const value = multiple ? known : (known.at(-1) ?? null);
    if (files.length > 0 || known.length < sent.length) return { value, note: messages.choice };
    return { value, note: required && (known.length === 0 || value === "") ? messages.required : undefined };
  }

  protected isChosen(field: FormField, { text }: Known): boolean {
    const { texts } = field.typed;
    return this.attributes["multiple"] ? texts.includes(text) : texts.at(-1) === text;
  }
}

class DropdownField<Name extends string, Draft, Value> extends ChoiceField<Name, Draft, Value> {
  readonly #groups: readonly { readonly label: string | undefined; readonly choices: readonly Known[] }[];

  constructor(
    name: Name,
    groups: readonly { readonly label: string | undefined; readonly choices: readonly Choice[] }[],
    rest: FieldParts,
  ) {
    const known = groups.map(({ label, choices }) => ({ label, choices: choices.map(toKnown) }));
    super(
      name,
      known.flatMap(({ choices }) => choices),
      rest,
    );
    this.#groups = known;
  }

  override control(field: FormField): string {
    const { id, name } = field;
    const content = this.#groups.map(({ label, choices }) => {
      const indent = label === undefined ? "  " : "    ";
      const options = choices.map((choice) => indent + this.#option(field, choice)).join("");
      return label === undefined
        ? options
        : `  <optgroup label="${escapeHtml(label)}">\n${options}  </optgroup>\n`;
    });
    const attributes = { ...this.attributes, ...stateOf(field), id, name };
    return `${element("select", attributes, `\n${content.join("")}`)}\n`;
  }

  #option(field: FormField, choice: Known): string {
    const { text: value, description } = choice;
    return `${element("option", { selected: this.isChosen(field, choice), value }, escapeHtml(description))}\n`;
  }
}

class RadioField<Name extends string, Draft, Value> extends ChoiceField<Name, Draft, Value> {
  readonly #choices: readonly Known[];

  constructor(name: Name, choices: readonly Choice[], rest: FieldParts) {
    const known = choices.map(toKnown);
    super(name, known, rest);
    this.#choices = known;
  }

  /** Each choice has a label of its own. */
  override label(): string {
    return escapeHtml(this.description);
  }

  override control(field: FormField): string {
    const buttons = this.#choices.map((choice, index) => {
      const id = `${field.id}${index + 1}`;
      const attributes = {
        ...this.attributes,
        checked: this.isChosen(field, choice),
        id,
        name: field.name,
        type: "radio",
        value: choice.text,
      };
      return `${emptyElement("input", attributes)} ${element("label", { for: id }, escapeHtml(choice.description))}`;
    });
    const attributes = {
      ...stateOf(field),
      "aria-label": this.description,
      id: field.id,
      role: "radiogroup",
    };
    return element("span", attributes, buttons.join(" "));
  }
}

function toKnown(choice: Choice): Known {
  const [value, description] = typeof choice === "object" ? choice : [choice, choice];
  return { value, text: String(value), description: String(description) };
}

/**
 * `select`: one of the choices, or `null` where there was none; with the option `multiple` a list.
 *
 * @example
 * dropdown("size", [["s", "Small"], ["l", "Large"]], { value: "l" })
 */
export function dropdown<
  const Name extends string,
  const Named extends Choice,
  const A extends FieldPart<Chosen<ValueOf<Named>, A | B | C | D>> = never,
  const B extends FieldPart<Chosen<ValueOf<Named>, A | B | C | D>> = never,
  const C extends FieldPart<Chosen<ValueOf<Named>, A | B | C | D>> = never,
  const D extends FieldPart<Chosen<ValueOf<Named>, A | B | C | D>> = never,
>(
  name: Name,
  choices: readonly Named[],
  ...rest: FieldRest<Chosen<ValueOf<Named>, A | B | C | D>, A, B, C, D>
): Field<
  Name,
  Chosen<ValueOf<Named>, A | B | C | D>,
  Passed<Chosen<ValueOf<Named>, A | B | C | D>, [A, B, C, D]>
> {
  return new DropdownField(name, [{ label: undefined, choices }], rest);
}

/**
 * {@link dropdown} with headings.
 *
 * @example
 * groupedDropdown("car", [["Swedish", ["Volvo", "Saab"]], ["German", [["audi", "Audi"]]]])
 */
export function groupedDropdown<
  const Name extends string,
  const Groups extends readonly (readonly [label: string, choices: readonly Choice[]])[],
  const A extends FieldPart<Chosen<ValueOf<Groups[number][1][number]>, A | B | C | D>> = never,
  const B extends FieldPart<Chosen<ValueOf<Groups[number][1][number]>, A | B | C | D>> = never,
  const C extends FieldPart<Chosen<ValueOf<Groups[number][1][number]>, A | B | C | D>> = never,
  const D extends FieldPart<Chosen<ValueOf<Groups[number][1][number]>, A | B | C | D>> = never,
>(
  name: Name,
  groups: Groups,
  ...rest: FieldRest<Chosen<ValueOf<Groups[number][1][number]>, A | B | C | D>, A, B, C, D>
): Field<
  Name,
  Chosen<ValueOf<Groups[number][1][number]>, A | B | C | D>,
  Passed<Chosen<ValueOf<Groups[number][1][number]>, A | B | C | D>, [A, B, C, D]>
> {
  return new DropdownField(
    name,
    groups.map(([label, choices]) => ({ label, choices })),
    rest,
  );
}

/** `input`s of the type `radio`: one of the choices, or `null` where there was none. */
export function radio<
  const Name extends string,
  const Named extends Choice,
  const A extends FieldPart<ValueOf<Named> | null> = never,
  const B extends FieldPart<ValueOf<Named> | null> = never,
  const C extends FieldPart<ValueOf<Named> | null> = never,
  const D extends FieldPart<ValueOf<Named> | null> = never,
>(
  name: Name,
  choices: readonly Named[],
  ...rest: FieldRest<ValueOf<Named> | null, A, B, C, D>
): Field<Name, ValueOf<Named> | null, Passed<ValueOf<Named> | null, [A, B, C, D]>> {
  return new RadioField(name, choices, rest);
}
