import { ApplicationError } from "../../errors.ts";
import type { Upload } from "../upload.ts";
import type { FormField } from "./form-field.ts";
import { type Attributes, type AttributeValue, checkAttributeNames, element, escapeHtml } from "./markup.ts";
import type { FormMessages } from "./messages.ts";
import { parseName, type Segment } from "./name-path.ts";
import { isRule } from "./rules.ts";
import type { Rule } from "./validator.ts";

/** How a field looks. What is not named here is an attribute of its element, such as `size` or `placeholder`. */
export interface FieldOptions {
  /** Its label. @defaultValue the name */
  readonly description?: string;
  /** What it holds at first; several where it holds several. @defaultValue nothing */
  readonly value?: string | number | boolean | null | readonly (string | number)[];
  /** @defaultValue the name, with `_` in the place of what is no letter, digit, `_` or `-` */
  readonly id?: string;
  readonly class?: string;
  /** web.py's word for `class`. */
  readonly class_?: string;
  /** Markup before the element. It is not escaped. */
  readonly pre?: string;
  /** Markup after the element. It is not escaped. */
  readonly post?: string;
  readonly [attribute: string]: AttributeValue | readonly (string | number)[];
}

/** A validator or a schema, or, at the end, options. */
export type FieldPart<V> = Rule<V> | FieldOptions;

/** The same, as a field takes it. */
export type FieldParts = readonly (Rule<never> | FieldOptions | undefined)[];

/** What follows a field's name. The compiler looks at the first four parts, and takes any number. */
export type FieldRest<V, A, B, C, D> = readonly [
  a?: A | FieldPart<V>,
  b?: B | FieldPart<V>,
  c?: C | FieldPart<V>,
  d?: D | FieldPart<V>,
  ...more: FieldPart<V>[],
];

/** Whether the option `multiple` is among the options. */
export type IsMultiple<Part> = [Extract<Part, { readonly multiple: true }>] extends [never] ? false : true;

/** What came under a field's name. */
export interface Typed {
  readonly texts: readonly string[];
  readonly files: readonly Upload[];
}

/** What a field makes of it. */
export interface Reading {
  readonly value: unknown;
  /** What is wrong with it. */
  readonly note?: string | undefined;
}

/** A field of a declaration: shared by all requests, and never changed. */
export abstract class Field<Name extends string = string, Draft = unknown, Value = unknown> {
  /** For the compiler alone: what it holds before and after its rules. */
  declare readonly types: { readonly draft: Draft; readonly value: Value };
  readonly name: Name;
  /** The name, as keys and indexes. */
  readonly path: readonly Segment[];
  readonly id: string;
  readonly description: string;
  readonly pre: string;
  readonly post: string;
  readonly attributes: Attributes;
  readonly rules: readonly Rule<never>[];
  /** What it holds at first. */
  readonly initial: readonly string[];
  /** The option `value`, where it is one. */
  readonly initialValue: AttributeValue;
  /** It has no place on the page. */
  readonly isHidden: boolean = false;
  /** It has a value. */
  readonly hasValue: boolean = true;

  /** @throws ApplicationError `FIELD`: a name or an attribute that is none, or no validator where one is expected */
  constructor(name: Name, rest: FieldParts) {
    const path = parseName(name);
    if (path === undefined) {
      throw new ApplicationError(
        "FIELD",
        `${JSON.stringify(name)} is no name of a field, such as "city", "address.city" or "items[0].name"`,
      );
    }
    this.name = name;
    this.path = path;
    const { rules, options } = split(name, rest);
    this.rules = rules;
    const { description, value, id, pre, post, class_, ...attributes } = options;
    this.description = description ?? name;
    this.id = id ?? this.defaultId(value);
    this.pre = pre ?? "";
    this.post = post ?? "";
    this.initialValue = Array.isArray(value) ? undefined : (value as AttributeValue);
    this.initial = this.initialTexts(value, options["checked"] as AttributeValue);
    checkAttributeNames(name, attributes as Attributes);
    this.attributes = {
      ...(attributes as Attributes),
      class: class_ ?? (attributes.class as AttributeValue),
    };
  }

  /** The text that stands for a value in a form. */
  toTexts(value: unknown): readonly string[] {
    if (value === null || value === undefined) return [];
    return Array.isArray(value) ? value.map(String) : [String(value)];
  }

  /** What came under its name, as a value. */
  abstract read(typed: Typed, messages: Readonly<FormMessages>): Reading;

  /** Its element, with what was typed into it. */
  abstract control(field: FormField): string;

  /** A label in front of it, as markup. */
  label(field: FormField): string {
    return labelFor(field.id, this.description);
  }

  /** @param _checked - the option of a box */
  protected initialTexts(value: FieldOptions["value"], _checked: AttributeValue): readonly string[] {
    return this.toTexts(value);
  }

  /** @param _value - the option */
  protected defaultId(_value: FieldOptions["value"]): string {
    return idOf(this.name);
  }
}

function labelFor(id: string, description: string): string {
  return element("label", { for: id }, escapeHtml(description));
}

/** A name as an id that needs no escapes in a style sheet. */
export function idOf(name: string): string {
  return name.replace(/[^\p{L}\p{N}_-]+/gu, "_").replace(/_$/, "");
}

function split(name: string, parts: FieldParts): { rules: Rule<never>[]; options: FieldOptions } {
  const rules: Rule<never>[] = [];
  for (const [index, part] of parts.entries()) {
    if (part === undefined) continue;
    if (isRule(part)) rules.push(part);
    else if (index === parts.length - 1 && typeof part === "object" && part !== null) {
      return { rules, options: part };
    } else {
      throw new ApplicationError(
        "FIELD",
        `the field "${name}" takes validators and schemas, and then an object of options`,
      );
    }
  }
  return { rules, options: {} };
}
