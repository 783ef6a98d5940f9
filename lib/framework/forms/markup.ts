// HTML of fields. Everything is escaped here, except what is said to be markup.

import { ApplicationError } from "../../errors.ts";

/** `true` is an attribute that stands for itself (`required="required"`); `false`, `null` and `undefined` are none. */
export type AttributeValue = string | number | boolean | null | undefined;

export type Attributes = Readonly<Record<string, AttributeValue>>;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

/** Attributes in the order of their names, as web.py has them, each with a space in front. */
export function attributesOf(attributes: Attributes): string {
  return Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => {
      if (value === undefined || value === null || value === false) return "";
      return ` ${name}="${escapeHtml(value === true ? name : String(value))}"`;
    })
    .join("");
}

/** @param content - markup */
export function element(name: string, attributes: Attributes, content: string): string {
  return `<${name}${attributesOf(attributes)}>${content}</${name}>`;
}

export function emptyElement(name: string, attributes: Attributes): string {
  return `<${name}${attributesOf(attributes)}/>`;
}

/**
 * Refuses names that would be more than a name.
 *
 * @throws ApplicationError `FIELD`
 */
export function checkAttributeNames(field: string, attributes: Attributes): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const wrong = Object.keys(attributes).find((name) => /[\s"'<>/=\x00-\x1f\x7f]|^$/.test(name));
  if (wrong === undefined) return;
  throw new ApplicationError(
    "FIELD",
    `the field "${field}" has ${JSON.stringify(wrong)}, which is no name of an attribute`,
  );
}
