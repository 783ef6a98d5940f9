// The built command line as a process, with everything it may leave behind in one folder of its own.

import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Child, killAll, processesWith } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { freePort, isListening } from "./port.ts";

/** The repository's folder. */
export const root = join(import.meta.dirname, "../..");

/** The built command line. */
export const cli = join(root, "dist/cli/main.js");

interface Start {
  /** @defaultValue the repository's folder */
  readonly cwd?: string;
  /** Leaves standard input open. @defaultValue `false` */
  readonly typing?: boolean;
}

/** Where one command runs: a port, variables that mark its processes, and a folder for temporary files. */
export class Stand {
  readonly port: number;
  /** Empty, for modules and data. */
  readonly folder: string;
  env: NodeJS.ProcessEnv;
  readonly #mark = `POSTERN_TEST=${randomUUID()}`;
  readonly #temporary: string;

  private constructor(port: number, folder: string, env: NodeJS.ProcessEnv) {
    this.port = port;
    this.folder = folder;
    this.#temporary = join(folder, "tmp");
    mkdirSync(this.#temporary, { mode: 0o777 });
    const [name = "", value] = this.#mark.split("=");
    this.env = { ...process.env, [name]: value, PORT: String(port), TMPDIR: this.#temporary, ...env };
  }

  /** A stand for one test; what is left of it is removed when the test ends. */
  static async make(env: NodeJS.ProcessEnv = {}): Promise<Stand> {
    const { path, remove } = temporaryFolder();
    const stand = new Stand(await freePort(), path, env);
    onTestFinished(async () => {
      await killAll(() => stand.processes());
      remove();
    });
    return stand;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Writes a module of the stand's folder and returns its path. */
  module(name: string, source: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, source);
    return path;
  }

  start(program: string, args: readonly string[], { cwd = root, typing = false }: Start = {}): Child {
    return new Child(program, args, { cwd, env: this.env, typing });
  }

  /** Starts `postern` with arguments. */
  postern(...args: string[]): Child {
    return this.start(process.execPath, [cli, ...args]);
  }

  /** The processes that were started here and still run. */
  processes(): { pid: number; command: string }[] {
    return processesWith(this.#mark);
  }

  /** What is left: processes, the port, temporary files. Empty after a clean stop. */
  async remains(): Promise<string[]> {
    const files = existsSync(this.#temporary) ? readdirSync(this.#temporary) : [];
    const listening = (await isListening(this.port)) ? [`port ${this.port}`] : [];
    return [...this.processes().map(({ command }) => command), ...listening, ...files];
  }
}
