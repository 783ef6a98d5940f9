/** Text that is HTML already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Markup[];

/** HTML with values in it, escaped for an element's content and for a quoted attribute unless they are HTML themselves. */
export function html(pieces: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = "";
  for (const [index, piece] of pieces.entries()) {
    text += piece;
    const value = values[index];
    if (value !== undefined) text += textOf(value);
  }
  return new Markup(text);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function textOf(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map((one) => one.text).join("");
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
