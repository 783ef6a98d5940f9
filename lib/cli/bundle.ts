import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type * as esbuild from "esbuild";
import { GatewayError } from "../errors.ts";
import { type Bundled, type BundleOptions, buildOptions, writeBundle } from "./bundle/bundler.ts";
import { bundleFailure } from "./bundle/failure.ts";
import { findEsbuild } from "./bundle/find-esbuild.ts";
import { warmUp } from "./bundle/warm-up.ts";
import { type Command, type Io, UsageError } from "./command.ts";
import { modulePath } from "./load-application.ts";
import { shownPath } from "./shown-path.ts";

const help = `\
usage: postern bundle <module> [options]

Makes one executable script of an application, with everything in it that it imports: for cgi-bin/, where every request
starts a process. It starts in a fraction of the time. Beside it stand V8's code cache (.cache), which the script keeps
up by itself where it may write, and the source map for traces (.map); it runs without either. The same script runs under
FastCGI and whatever else app.run() finds; for that it needs the servers beside it (.servers). Needs esbuild:
npm install --save-dev esbuild

The module runs its application with app.run(import.meta), or exports one, of postern, Express, Koa, Fastify or Hono.

  -o, --out <file>       the script; cgi-bin/ and the module's name with .cgi when left out
  --no-minify            leaves the code as it was written; shortened, classes and functions still tell their names
  --external <package>   leaves a package where it is, may be repeated: packages with compiled parts (.node)
  --node <path>          the first line calls this Node, and not the first one in PATH
  --root <folder>        where the module's folder, with templates and the like, is when the script runs, seen from the
                         script; where it is now when left out
  --cache <file>         where the code cache is, seen from the script
  --warm-up <path>       asks the script for this path, so that the code cache has what it needs; may be repeated; /
                         Where one fails, or its answer's status is 400 or more, the script stays and the exit status is 1
  --no-warm-up           does not run the script
  --watch                makes it again whenever a source has changed, until it is interrupted
  -h, --help             this text

Examples:
  postern bundle main.ts
  postern bundle main.ts --out cgi-bin/index.cgi --warm-up / --warm-up '/search?q=ada'
  postern bundle main.ts --out /usr/lib/cgi-bin/site.cgi --root /srv/site
`;

export const bundleCommand: Command = {
  summary: "makes one fast script of an application, for cgi-bin/",
  help,
  options: {
    out: { type: "string", short: "o" },
    "no-minify": { type: "boolean" },
    external: { type: "string", multiple: true },
    node: { type: "string" },
    root: { type: "string" },
    cache: { type: "string" },
    "warm-up": { type: "string", multiple: true },
    "no-warm-up": { type: "boolean" },
    watch: { type: "boolean" },
  },

  async run({ positionals: [module, ...more], values }, io) {
    if (module === undefined || more.length > 0) {
      throw new UsageError("Name one module that runs or exports an application: postern bundle <module>.");
    }
    const { out, node, root, cache, external = [], "warm-up": paths } = values as Values;
    const named = modulePath(module, io.cwd);
    const entry = realPath(named);
    const name = basename(named).replace(/\.\w+$/, "");
    const options: BundleOptions = {
      entry,
      script: realPath(resolve(io.cwd, out ?? join("cgi-bin", `${name}.cgi`))),
      shebang: shebang(node),
      root,
      cache,
      external,
      minify: values["no-minify"] !== true,
    };
    const wrong = paths?.find((path) => !isTarget(path));
    if (wrong !== undefined) {
      throw new UsageError(
        `"${wrong}" is no path of a URL: it begins with a /, and a % in it is written %25.`,
      );
    }
    if (options.script === entry) throw new UsageError(`--out names the module itself: ${module}.`);
    const bundler = await findEsbuild(entry);
    const job = new Job(bundler, options, values["no-warm-up"] === true ? [] : paths, io);
    if (values["watch"] === true) return job.watch();
    return (await job.run()) ? 0 : 1;
  },
};

interface Values {
  readonly out?: string;
  readonly node?: string;
  readonly root?: string;
  readonly cache?: string;
  readonly external?: readonly string[];
  readonly "warm-up"?: readonly string[];
}

/** Where a file is, or would be, when links are followed: that is where Node takes a script to be. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === dirname(path) ? path : join(realPath(dirname(path)), basename(path));
  }
}

/** Whether its path can be decoded to what a web server may put into PATH_INFO. */
function isTarget(text: string): boolean {
  try {
    return text.startsWith("/") && !decodeURIComponent(text.replace(/\?.*/s, "")).includes("\0");
  } catch {
    return false;
  }
}

/** The kernel takes all that follows a program's path for one argument, and a blank for the path's end. */
function shebang(node: string | undefined): string {
  if (node === undefined) return "#!/usr/bin/env node";
  const isPath = /^\/[^\s*]{0,124}$/.test(node);
  if (!isPath) {
    throw new UsageError(
      `--node ${node} cannot stand in a script's first line: it is an absolute path without blanks, of at most 125 characters.`,
    );
  }
  return `#!${node}`;
}

class Job {
  readonly #bundler: typeof esbuild;
  readonly #options: BundleOptions;
  /** Undefined where nobody has said which. */
  readonly #paths: readonly string[] | undefined;
  readonly #io: Io;

  constructor(bundler: typeof esbuild, options: BundleOptions, paths: readonly string[] | undefined, io: Io) {
    this.#bundler = bundler;
    this.#options = options;
    this.#paths = paths;
    this.#io = io;
  }

  /**
   * @throws {GatewayError} `BUNDLE` for what cannot be bundled or written, `MODULE_SCOPE` for a place where Node refuses the
   *   script
   * @returns false where a first request failed: the script is there, and nobody knows whether it is any good
   */
  async run(): Promise<boolean> {
    let result: esbuild.BuildResult;
    try {
      result = await this.#bundler.build(buildOptions(this.#bundler, this.#options));
    } catch (error) {
      throw this.#failure(error);
    }
    return this.#write(result);
  }

  /**
   * Never resolves: a terminal's interrupt ends it.
   *
   * @throws {GatewayError} `BUNDLE` where the module itself cannot be read as code
   */
  async watch(): Promise<number> {
    let options: esbuild.BuildOptions;
    try {
      options = buildOptions(this.#bundler, this.#options);
    } catch (error) {
      throw this.#failure(error);
    }
    const write = (build: esbuild.PluginBuild): void => {
      build.onEnd(async (result) => {
        try {
          if (result.errors.length > 0) throw this.#failure(result);
          await this.#write(result);
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          this.#io.err(error.message);
        }
      });
    };
    const context = await this.#bundler.context({
      ...options,
      plugins: [...(options.plugins ?? []), { name: "postern-write", setup: write }],
    });
    await context.watch();
    return new Promise(() => {});
  }

  #failure(error: unknown): unknown {
    return bundleFailure(error, dirname(this.#options.entry), this.#io.cwd);
  }

  async #write(result: esbuild.BuildResult): Promise<boolean> {
    const { script } = this.#options;
    const { out, err, cwd } = this.#io;
    const shown = shownPath(script, cwd);
    const { scriptBytes, cachePath, missing } = await this.#writeFiles(result);
    out(`${shown}: ${kilobytes(scriptBytes)}`);
    for (const file of missing)
      err(`${file} is not there: the script will look for it; --root says where it is.`);
    let isGood = true;
    const paths = this.#paths ?? ["/"];
    for (const path of paths) {
      const { answer, isFine, log } = await warmUp(script, path, "write");
      if (isFine) out(`GET ${path}: ${answer}`);
      else err(`GET ${path}: ${answer}\n${log}`.trimEnd());
      isGood &&= isFine;
    }
    if (!isGood && this.#paths === undefined)
      err(
        `${shown} is written. Where the application has no page at /, --warm-up <path> asks for one that it has, and --no-warm-up for none.`,
      );
    if (isGood)
      for (const [index, path] of paths.entries()) await warmUp(script, path, index === 0 ? "anew" : "write");
    const cache = statSync(cachePath, { throwIfNoEntry: false });
    if (cache !== undefined && paths.length > 0)
      out(`${shownPath(cachePath, cwd)}: ${kilobytes(cache.size)}`);
    return isGood;
  }

  async #writeFiles(result: esbuild.BuildResult): Promise<Bundled> {
    const { script } = this.#options;
    try {
      mkdirSync(dirname(script), { recursive: true });
      makeCommonJs(script);
      return await writeBundle(this.#bundler, result, this.#options);
    } catch (error) {
      const { message, syscall } = error as NodeJS.ErrnoException;
      if (syscall === undefined) throw error;
      const shown = shownPath(script, this.#io.cwd);
      throw new GatewayError("BUNDLE", `${shown} cannot be written: ${message}.`, { cause: error });
    }
  }
}

/**
 * Node takes a script that ends in .cgi for CommonJS only where the nearest package.json does not say "module".
 *
 * @throws {GatewayError} `MODULE_SCOPE` where that file is the project's own
 */
function makeCommonJs(script: string): void {
  if (script.endsWith(".cjs")) return;
  for (let folder = dirname(script); ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    const manifest = statSync(path, { throwIfNoEntry: false }) && JSON.parse(readFileSync(path, "utf8"));
    if (manifest !== undefined && manifest.type !== "module") return;
    if (manifest !== undefined && folder === dirname(script)) {
      throw new GatewayError(
        "MODULE_SCOPE",
        `Node would take ${script} for an ES module, since ${path} says "type": "module": put it into a folder of its own, or let its name end in .cjs.`,
      );
    }
    if (manifest !== undefined) {
      const own = `${JSON.stringify({ private: true, type: "commonjs" }, undefined, 2)}\n`;
      writeFileSync(join(dirname(script), "package.json"), own);
      return;
    }
    if (dirname(folder) === folder) return;
  }
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000)} kB`;
}
