// Fields whose value is text. What their attributes promise (`required`, `maxlength`, `pattern` …) is asked of whoever
// sends the form, since a browser is not the only one who can.

import { ApplicationError } from "../../errors.ts";
import { Field, type FieldPart, type FieldParts, type FieldRest, type Reading, type Typed } from "./field.ts";
import type { FormField } from "./form-field.ts";
import { type Attributes, element, emptyElement, escapeHtml } from "./markup.ts";
import type { FormMessages } from "./messages.ts";
import type { Passed } from "./validator.ts";

/** Says what is wrong with text that is not empty. */
type Check = (text: string, messages: Readonly<FormMessages>, attributes: Attributes) => string | undefined;

/** Attributes that tie an element to its note. */
export function stateOf({ note, noteId }: FormField): Attributes {
  return note === null ? {} : { "aria-describedby": noteId, "aria-invalid": "true" };
}

/** A field of text. */
class TextField<Name extends string, Value> extends Field<Name, string, Value> {
  readonly type: string;
  readonly #check: Check | undefined;
  readonly #pattern: RegExp | undefined;

  constructor(name: Name, type: string, rest: FieldParts, check?: Check) {
    super(name, rest);
    this.type = type;
    this.#check = check;
    const { pattern } = this.attributes;
    if (typeof pattern === "string") this.#pattern = wholePattern(name, pattern);
  }

  override toTexts(value: unknown): readonly string[] {
    return value instanceof Date ? [value.toISOString().slice(0, "2030-12-31".length)] : super.toTexts(value);
  }

  override read({ texts, files }: Typed, messages: Readonly<FormMessages>): Reading {
    const value = this.clean(texts.at(-1) ?? "");
    return { value, note: files.length > 0 ? messages.text : this.#noteOn(value, messages) };
  }

  override control(field: FormField): string {
    const { name, id, typed } = field;
    const value = this.isSecret ? undefined : typed.texts.at(-1);
    const attributes = { ...this.attributes, ...stateOf(field), id, name, type: this.type, value };
    return emptyElement("input", attributes);
  }

  /** What is typed into it is not sent back. */
  protected get isSecret(): boolean {
    return false;
  }

  /** As a browser cleans it (HTML, "value sanitization algorithm"): an `input` has no line breaks. */
  protected clean(text: string): string {
    const line = text.replace(/[\r\n]+/g, "");
    return this.type === "email" || this.type === "url" ? line.trim() : line;
  }

  #noteOn(text: string, messages: Readonly<FormMessages>): string | undefined {
    const { required, minlength, maxlength } = this.attributes;
    if (text === "") return required ? messages.required : undefined;
    if (text.includes("\0")) return messages.text;
    const length = text.replaceAll("\r\n", "\n").length;
    if (minlength && length < Number(minlength)) return messages.minlength(Number(minlength));
    if (maxlength && length > Number(maxlength)) return messages.maxlength(Number(maxlength));
    if (this.#pattern?.test(text) === false) return messages.pattern;
    return this.#check?.(text, messages, this.attributes);
  }
}

class PasswordField<Name extends string, Value> extends TextField<Name, Value> {
  protected override get isSecret(): boolean {
    return true;
  }
}

class HiddenField<Name extends string, Value> extends TextField<Name, Value> {
  override readonly isHidden = true;

  override label(): string {
    return "";
  }

  protected override clean(text: string): string {
    return text;
  }
}

class TextareaField<Name extends string, Value> extends TextField<Name, Value> {
  override control(field: FormField): string {
    const { name, id, typed } = field;
    const text = typed.texts.at(-1) ?? "";
    // A parser of HTML drops a line break that stands first.
    const kept = /^\r?\n/.test(text) ? `\n${text}` : text;
    return element("textarea", { ...this.attributes, ...stateOf(field), id, name }, escapeHtml(kept));
  }

  protected override clean(text: string): string {
    return text;
  }
}

type TextFieldMaker = <
  const Name extends string,
  const A extends FieldPart<string> = never,
  const B extends FieldPart<string> = never,
  const C extends FieldPart<string> = never,
  const D extends FieldPart<string> = never,
>(
  name: Name,
  ...rest: FieldRest<string, A, B, C, D>
) => Field<Name, string, Passed<string, [A, B, C, D]>>;

/** `input` of the type `text`: one line. */
export const textbox: TextFieldMaker = (name, ...rest) => new TextField(name, "text", rest);

/** `input` of the type `password`. What was typed is never in a page again, and neither is its option `value`. */
export const password: TextFieldMaker = (name, ...rest) => new PasswordField(name, "password", rest);

/** `input` of the type `hidden`. Whoever sends the form can change it like any other. */
export const hidden: TextFieldMaker = (name, ...rest) => new HiddenField(name, "hidden", rest);

/** `textarea`: several lines, with the line breaks that the browser sends (CR LF). */
export const textarea: TextFieldMaker = (name, ...rest) => new TextareaField(name, "textarea", rest);

/** `input` of the type `tel`: any text, since numbers have no one form. */
export const telephone: TextFieldMaker = (name, ...rest) => new TextField(name, "tel", rest);

/** `input` of the type `search`. */
export const search: TextFieldMaker = (name, ...rest) => new TextField(name, "search", rest);

/** `input` of the type `email`: one address, as a browser checks it. */
export const email: TextFieldMaker = (name, ...rest) =>
  new TextField(name, "email", rest, (text, messages) => (isEmail(text) ? undefined : messages.email));

/**
 * `input` of the type `url`: an address that begins with `http:` or `https:`. A browser takes others too, among them
 * `javascript:`, which runs where it is made a link of.
 */
export const url: TextFieldMaker = (name, ...rest) =>
  new TextField(name, "url", rest, (text, messages) =>
    /^https?:\/\//i.test(text) && URL.canParse(text) ? undefined : messages.url,
  );

/** `input` of the type `color`: `#336699`. */
export const color: TextFieldMaker = (name, ...rest) =>
  new TextField(name, "color", rest, (text, messages) =>
    /^#[0-9a-f]{6}$/i.test(text) ? undefined : messages.color,
  );

/** `input` of the type `date`: `2030-12-31`, between the attributes `min` and `max`. */
export const date: TextFieldMaker = (name, ...rest) =>
  new TextField(name, "date", rest, (text, messages, attributes) =>
    isDate(text) ? outside(text, messages, attributes) : messages.date,
  );

/** `input` of the type `time`: `23:59`, between the attributes `min` and `max`. */
export const time: TextFieldMaker = (name, ...rest) =>
  new TextField(name, "time", rest, (text, messages, attributes) =>
    /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?$/.test(text)
      ? outside(text, messages, attributes)
      : messages.time,
  );

/** `input` of the type that the option `type` says, such as `month`; its value is any text. */
export const input: TextFieldMaker = (name, ...rest) => {
  const { type = "text" } = (rest.at(-1) ?? {}) as { type?: unknown };
  if (type === "password") return new PasswordField(name, type, rest);
  if (type === "hidden") return new HiddenField(name, type, rest);
  if (typeof type === "string" && !OTHERS.has(type)) return new TextField(name, type, rest);
  throw new ApplicationError(
    "FIELD",
    `the field "${name}" is no text: there is a function for its type "${type}"`,
  );
};

/** Types that are no text. */
const OTHERS: ReadonlySet<string> = new Set([
  "button",
  "checkbox",
  "file",
  "image",
  "number",
  "radio",
  "range",
  "reset",
  "submit",
]);

/** HTML, "valid e-mail address". */
const EMAIL =
  /^[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export function isEmail(text: string): boolean {
  return EMAIL.test(text);
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

// Dates and times sort as text.
function outside(
  text: string,
  messages: Readonly<FormMessages>,
  { min, max }: Attributes,
): string | undefined {
  if (min && text < String(min)) return messages.min(String(min));
  return max && text > String(max) ? messages.max(String(max)) : undefined;
}

// As a browser compiles the attribute.
function wholePattern(name: string, pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, "v");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApplicationError("FIELD", `the field "${name}" has a pattern that cannot be read: ${reason}`);
  }
}
