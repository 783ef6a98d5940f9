import { resolve } from "node:path";
import type * as esbuild from "esbuild";
import { GatewayError } from "../../errors.ts";
import { shownPath } from "../shown-path.ts";

/**
 * What esbuild complains of, in words that say what to do: an error of code `BUNDLE`.
 *
 * @param failure an error that is not esbuild's is given back
 * @param folder where esbuild worked
 */
export function bundleFailure(failure: unknown, folder: string, cwd: string): unknown {
  const { errors } = failure as Partial<esbuild.BuildFailure>;
  if (!Array.isArray(errors) || errors.length === 0) return failure;
  const lines = errors.map((message) => `${place(message, folder, cwd)}${advice(message.text)}`);
  return new GatewayError("BUNDLE", lines.join("\n"), { cause: failure });
}

function place({ location }: esbuild.Message, folder: string, cwd: string): string {
  if (location === null) return "";
  return `${shownPath(resolve(folder, location.file), cwd)}:${location.line}:${location.column + 1}: `;
}

function advice(text: string): string {
  if (text.startsWith("Top-level await")) {
    return (
      "await at the top of a module cannot be bundled, since a script in CommonJS has none: leave the await out in front " +
      "of what serves, as app.run(import.meta) needs none, and put the rest into a function that is awaited where it is used."
    );
  }
  const native = /^No loader is configured for ".node" files: (.*)$/.exec(text)?.[1];
  if (native !== undefined) {
    const name = /node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(native)?.[1] ?? "<package>";
    return `${native} is compiled for one machine and cannot be bundled: leave it where it is with --external ${name}.`;
  }
  return text;
}
