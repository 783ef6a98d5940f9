/** A rendered template: its text, and the media type that its file stands for. */
export class TemplateResult {
  readonly text: string;
  /** Such as `text/html; charset=utf-8`. */
  readonly type: string;

  constructor(text: string, type: string) {
    this.text = text;
    this.type = type;
  }

  toString(): string {
    return this.text;
  }
}
