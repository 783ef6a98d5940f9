/** How a value is put into text: a named way, or a function of one's own. */
export type TemplateEscape = "html" | "xml" | "json" | "none" | ((text: string) => string);

/** Makes a file's text into a function that renders a view. */
export type TemplateCompiler = (
  text: string,
  path: string,
) => (view: Readonly<Record<string, unknown>>) => string | Promise<string>;

/** What files of an extension are. */
export interface TemplateType {
  /** The Content-Type of pages, such as `image/svg+xml`. */
  readonly type: string;

  /**
   * How `{{name}}` is escaped; `{{{name}}}` is not. `"json"` is for inside the quotes of a JSON string.
   *
   * @defaultValue `"html"`, which is right for XML as well
   */
  readonly escape?: TemplateEscape;

  /**
   * Another engine for these files. It gets the globals and the view in one object. Its pages can have a layout of
   * mustache, but be no partials.
   *
   * @defaultValue mustache
   */
  readonly compile?: TemplateCompiler;
}

export type TemplateTypes = Readonly<Record<string, TemplateType>>;

/** In the order in which files of one name are looked for. */
export const TYPES: TemplateTypes = {
  ".html": { type: "text/html; charset=utf-8" },
  ".mustache": { type: "text/html; charset=utf-8" },
  ".xhtml": { type: "application/xhtml+xml; charset=utf-8" },
  ".xml": { type: "application/xml; charset=utf-8" },
  ".txt": { type: "text/plain; charset=utf-8", escape: "none" },
  ".json": { type: "application/json", escape: "json" },
};
