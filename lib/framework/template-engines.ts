// The engines of `templates()` and `template()`. Loaded by the first page that is rendered.

import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { TemplateEngine } from "./template-engine.ts";
import { TemplateError } from "./template-error.ts";
import { TemplateFile } from "./template-file.ts";
import { TemplateFolder } from "./template-folder.ts";
import type { TemplateResult } from "./template-result.ts";
import { TYPES } from "./template-types.ts";
import type { CommonOptions, TemplateOptions, TextOptions } from "./templates.ts";

export function folderEngine(folders: readonly (string | URL)[], options: TemplateOptions): TemplateEngine {
  checkOptions("templates()", options, {
    globals: true,
    maxDepth: true,
    missingPartials: true,
    missingValues: true,
    layout: true,
    cache: true,
    types: true,
  });
  checkWords(options);
  const { layout } = options;
  if (layout !== undefined && typeof layout !== "string")
    throw new GatewayError(
      "OPTION",
      `option "layout" is the name of a template, and this is ${String(layout)}`,
    );
  const types = options.types === undefined ? TYPES : { ...TYPES, ...options.types };
  return new TemplateEngine(new TemplateFolder(folders, types, options.cache ?? true), options);
}

/** @throws {GatewayError} `OPTION`: a word that is none of an option's, which would be the default */
function checkWords({ missingPartials = "error", missingValues = "empty" }: CommonOptions): void {
  for (const [name, word] of Object.entries({ missingPartials, missingValues }))
    if (word !== "error" && word !== "empty")
      throw new GatewayError(
        "OPTION",
        `option "${name}" is ${JSON.stringify(word)}; give "error" or "empty"`,
      );
}

/** What the text itself is called in errors. */
const TEXT = "(text)";

export function textEngine(
  text: string,
  options: TextOptions,
): (view: unknown) => TemplateResult | Promise<TemplateResult> {
  checkOptions("template()", options, {
    globals: true,
    maxDepth: true,
    missingPartials: true,
    missingValues: true,
    type: true,
    partials: true,
  });
  checkWords(options);
  const { type = ".html", partials = {} } = options;
  const known = typeof type === "string" ? TYPES[type] : type;
  if (known === undefined) {
    const extensions = Object.keys(TYPES).join(", ");
    throw new TemplateError(
      "TEMPLATE_TYPE",
      `"${type}" is no type: give one of ${extensions}, or it in full`,
    );
  }
  const files = new Map<string, TemplateFile>();
  for (const [name, content] of Object.entries(partials))
    files.set(name, new TemplateFile(name, content, known));
  files.set(TEXT, new TemplateFile(TEXT, text, known));
  const read = (name: string): TemplateFile => {
    const file = files.get(name);
    if (file !== undefined) return file;
    throw new TemplateError("TEMPLATE_MISSING", `there is no partial "${name}": option partials has none`);
  };
  const engine = new TemplateEngine({ read, names: async () => [...files.keys()] }, options);
  return (view) => engine.render(TEXT, view, {});
}
