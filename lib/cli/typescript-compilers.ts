import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type esbuild from "esbuild";
import type typescript from "typescript";
import { placeSyntaxError } from "./syntax-error.ts";
import type { CompilerChoice } from "./typescript.ts";

/** Gives JavaScript with a source map in it. Throws a SyntaxError that says where. */
export type Compile = (text: string, path: string) => string;

export async function loadCompiler({ name, path }: CompilerChoice, entry: string): Promise<Compile> {
  const { default: compiler } = await import(pathToFileURL(path).href);
  return name === "typescript" ? withTypescript(compiler, entry) : withEsbuild(compiler);
}

function withTypescript(ts: typeof typescript, entry: string): Compile {
  const compilerOptions: typescript.CompilerOptions = {
    ...projectOptions(ts, entry),
    // Node 20 has all of it; newer syntax, such as decorators, is made of older.
    target: ts.ScriptTarget.ES2022,
    inlineSourceMap: true,
    sourceMap: false,
    declaration: false,
    declarationMap: false,
    composite: false,
    incremental: false,
    noEmit: false,
    isolatedModules: true,
    // An import ends in .ts here, as it does in the source.
    rewriteRelativeImportExtensions: false,
  };
  return (text, path) => {
    const { outputText, diagnostics = [] } = ts.transpileModule(text, {
      fileName: path,
      reportDiagnostics: true,
      compilerOptions: {
        ...compilerOptions,
        module: path.endsWith(".cts") ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
      },
    });
    const [wrong] = diagnostics.filter(
      ({ category, file }) => category === ts.DiagnosticCategory.Error && file !== undefined,
    );
    if (wrong === undefined) return outputText;
    const { line, character } = ts.getLineAndCharacterOfPosition(
      wrong.file ?? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022),
      wrong.start ?? 0,
    );
    throw placeSyntaxError(new SyntaxError(ts.flattenDiagnosticMessageText(wrong.messageText, " ")), {
      path,
      line: line + 1,
      column: character + 1,
      text: text.split(/\r?\n/)[line] ?? "",
    });
  };
}

/** What the project's tsconfig.json says, such as how JSX and decorators are compiled. */
function projectOptions(ts: typeof typescript, entry: string): typescript.CompilerOptions {
  const path = ts.findConfigFile(dirname(entry), ts.sys.fileExists);
  if (path === undefined) return {};
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  // Only options are asked for: no folder is searched for files.
  const host = { ...ts.sys, readDirectory: () => [] };
  return ts.parseJsonConfigFileContent(config, host, dirname(path)).options;
}

function withEsbuild({ transformSync }: typeof esbuild): Compile {
  return (text, path) => {
    try {
      const options: esbuild.TransformOptions = {
        sourcefile: path,
        loader: path.endsWith("x") ? "tsx" : "ts",
        format: path.endsWith(".cts") ? "cjs" : "esm",
        target: "node20",
        sourcemap: "inline",
        logLevel: "silent",
      };
      return transformSync(text, options).code;
    } catch (error) {
      const [first] = (error as Partial<esbuild.TransformFailure>).errors ?? [];
      if (!first?.location) throw error;
      const { line, column, lineText } = first.location;
      const place = { path, line, column: column + 1, text: lineText };
      throw placeSyntaxError(new SyntaxError(first.text), place);
    }
  };
}
