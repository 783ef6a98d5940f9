import { ApplicationError } from "../errors.ts";
import type { TemplateEngine } from "./template-engine.ts";
import type { TemplateResult } from "./template-result.ts";
import type { TemplateType, TemplateTypes } from "./template-types.ts";
import type { Web } from "./web.ts";

/** Options of `templates()` and `template()` alike. */
export interface CommonOptions {
  /**
   * Values and functions for all templates. A view's own come first.
   *
   * @defaultValue none
   */
  globals?: Readonly<Record<string, unknown>>;

  /**
   * How deep partials, parents, blocks and what lambdas render may be nested: what is passed is error `TEMPLATE_DEPTH`.
   * A partial that shows a tree includes itself once for each level of it.
   *
   * @defaultValue 100, which is Liquid's
   */
  maxDepth?: number;

  /**
   * What a partial or parent is that does not exist: error `TEMPLATE_MISSING`, or nothing, as the mustache
   * specification has it.
   *
   * @defaultValue `"error"`
   */
  missingPartials?: "error" | "empty";

  /**
   * What `{{name}}` is where nothing has the name: nothing, or error `TEMPLATE_VALUE`. Sections ask whether something
   * is there, and may ask for anything.
   *
   * @defaultValue `"empty"`
   */
  missingValues?: "empty" | "error";
}

export interface TemplateOptions extends CommonOptions {
  /**
   * A template that every page of its own type is put into: the page is its `{{{body}}}`, and it sees the values
   * of the page's view. A page that begins with a parent of its own (`{{<frame}}{{$title}}…{{/title}}{{/frame}}`,
   * the mustache specification's inheritance) has no other.
   *
   * @defaultValue none
   */
  layout?: string;

  /**
   * Reads and parses each file once. `false` looks at each use whether the file has changed. (`postern serve --dev`
   * starts the application again when a template changes, so it needs no option.)
   *
   * @defaultValue `true`
   */
  cache?: boolean;

  /**
   * What files of further extensions are, or of known ones in another way: their Content-Type, how they are escaped, and
   * which engine renders them.
   *
   * @defaultValue `.html`, `.mustache`, `.xhtml`, `.xml`, `.txt` and `.json`, looked for in this order
   */
  types?: TemplateTypes;
}

export interface TextOptions extends CommonOptions {
  /**
   * What the text is, as a file's extension says it, or in full.
   *
   * @defaultValue `".html"`
   */
  type?: string | TemplateType;

  /**
   * The texts of partials and parents, by their names.
   *
   * @defaultValue none
   */
  partials?: Readonly<Record<string, string>>;
}

export interface RenderOptions {
  /**
   * Another layout, or `false` for none.
   *
   * @defaultValue the layout of `templates()`, for a page of the same type; none for a block
   */
  layout?: string | false;
}

export interface Render {
  /**
   * Renders a template, or a block of it: `render("guestbook#list", view)`. Its file is found by name without extension
   * or with it.
   *
   * @throws TemplateError `TEMPLATE_MISSING`, `TEMPLATE_NAME` (it leaves the folder), `TEMPLATE_SYNTAX`, `TEMPLATE_BLOCK`
   * (there is none of this name), `TEMPLATE_DEPTH`, `TEMPLATE_VALUE` (a value that cannot be shown, or a function that
   * failed), `TEMPLATE_ENGINE` (a partial is another engine's)
   */
  (name: string, view?: object, options?: RenderOptions): Promise<TemplateResult>;

  /**
   * Reads and parses every template of the folder, and looks for the partials and parents that they name, so that a
   * mistake is found at start or by a test and not by a visitor. Gives the names of all.
   *
   * @throws TemplateError about the first mistake
   */
  check(): Promise<string[]>;
}

/**
 * Makes a renderer for a folder of mustache templates. Partials and parents come from the folder too, by their path in
 * it; where several folders are given the first that has a file wins.
 *
 * The package `mustache` is loaded and files are read when something is rendered, not before: a request that
 * renders nothing does not pay for it. That is why the result is a promise, which a handler may return as it is.
 *
 * @example
 * const render = templates(new URL("templates/", import.meta.url), { layout: "layout" });
 *
 * @throws ApplicationError `TEMPLATE_FOLDER`: no folder. What is wrong with options the first page finds out, or `check()`
 */
export function templates(
  folder: string | URL | readonly (string | URL)[],
  options: TemplateOptions = {},
): Render {
  const folders = typeof folder === "string" || folder instanceof URL ? [folder] : folder;
  if (!Array.isArray(folders) || !folders.every((one) => typeof one === "string" || one instanceof URL))
    throw new ApplicationError(
      "TEMPLATE_FOLDER",
      'templates() takes a folder, such as new URL("templates/", import.meta.url), or a list of folders',
    );
  let loading: Promise<TemplateEngine> | undefined;
  const load = () => {
    loading ??= import("./template-engines.ts").then(({ folderEngine }) => folderEngine(folders, options));
    return loading;
  };
  const render = async (name: string, view: object = {}, renderOptions: RenderOptions = {}) =>
    (await load()).render(name, view, renderOptions);
  return Object.assign(render, { check: async () => (await load()).check() });
}

/**
 * Makes a renderer for one text. It is loaded and parsed when it is first rendered.
 *
 * @example
 * const hello = template("Hello, {{name}}!", { type: ".txt" });
 * await hello({ name: "World" });
 */
export function template(
  text: string,
  options: TextOptions = {},
): (view?: unknown) => Promise<TemplateResult> {
  if (typeof text !== "string")
    throw new ApplicationError(
      "TEMPLATE_TEXT",
      `template() takes a text, and this is of type ${typeof text}`,
    );
  let loading: Promise<(view: unknown) => TemplateResult | Promise<TemplateResult>> | undefined;
  return async (view = {}) => {
    loading ??= import("./template-engines.ts").then(({ textEngine }) => textEngine(text, options));
    return (await loading)(view);
  };
}

/**
 * A handler that returns what its template is rendered with. Whatever is no plain object (a response, a string) is
 * answered as it is.
 *
 * @example
 * ["/", view(render, "home", async () => ({ guests: await newest() }))]
 */
export function view<Arguments extends readonly string[]>(
  render: Render,
  name: string,
  handler: (web: Web, ...groups: Arguments) => unknown,
): (web: Web, ...groups: Arguments) => Promise<unknown> {
  return async (web, ...groups) => {
    const result = await handler(web, ...groups);
    return isPlain(result) ? render(name, result) : result;
  };
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
