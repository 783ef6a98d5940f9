import type { TemplateResult } from "./template-result.ts";

export interface TemplateOptions {
  /**
   * A template that every page of its own type is put into: the page is its `{{{body}}}`, and it sees the values
   * of the page's view. A page that begins with a parent of its own (`{{<frame}}{{$title}}…{{/title}}{{/frame}}`,
   * the mustache specification's inheritance) has no other.
   *
   * @defaultValue none
   */
  layout?: string;

  /**
   * Values and functions for all templates. A view's own come first.
   *
   * @defaultValue none
   */
  globals?: Readonly<Record<string, unknown>>;

  /**
   * Reads and parses each file once. `false` looks at each use whether the file has changed.
   *
   * @defaultValue `true`
   */
  cache?: boolean;
}

export interface RenderOptions {
  /**
   * Another layout, or `false` for none.
   *
   * @defaultValue the layout of `templates()`, for a page of the same type
   */
  layout?: string | false;
}

/**
 * Renders a template. Its file is found by name without extension (`.html`, `.mustache`, `.xhtml`, `.xml`, `.txt`, in
 * this order) or with it; text in `.txt` is not escaped.
 *
 * @throws ApplicationError `TEMPLATE_MISSING`, `TEMPLATE_NAME` (it leaves the folder), `TEMPLATE_SYNTAX`
 */
export type Render = (name: string, view?: object, options?: RenderOptions) => Promise<TemplateResult>;

/**
 * Makes a renderer for a folder of mustache templates. Partials come from the folder too, by their path in it;
 * where several folders are given the first that has a file wins.
 *
 * The package `mustache` is loaded and files are read when something is rendered, not before: a request that
 * renders nothing does not pay for it. That is why the result is a promise, which a handler may return as it is.
 *
 * @example
 * const render = templates(new URL("templates/", import.meta.url), { layout: "layout" });
 */
export function templates(
  folder: string | URL | readonly (string | URL)[],
  options: TemplateOptions = {},
): Render {
  const folders = typeof folder === "string" || folder instanceof URL ? [folder] : folder;
  let engine: Promise<{ render(...args: Parameters<Render>): TemplateResult }> | undefined;
  return async (name, view, renderOptions) => {
    engine ??= import("./template-engine.ts").then(
      ({ TemplateEngine }) => new TemplateEngine(folders, options),
    );
    return (await engine).render(name, view, renderOptions);
  };
}
