import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Whether a module is the script that Node was started with. */
export function isMainModule(meta: ImportMeta & { readonly main?: boolean }): boolean {
  if (typeof meta.main === "boolean") return meta.main;
  const script = process.argv[1];
  if (script === undefined || !meta.url?.startsWith("file:")) return false;
  const module = fileURLToPath(meta.url);
  // `node app` starts app.js, and npm starts scripts through links.
  return [script, `${script}.js`, `${script}/index.js`].some((path) => realpath(path) === realpath(module));
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
