import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { untilListening } from "./port.ts";
import { findProgram } from "./programs.ts";

export const phpFpm = findProgram("php-fpm8.2");

/** A PHP-FPM of a test's own, which can be stopped and started again. */
export class PhpFpm {
  readonly #folder = temporaryFolder();
  #child: Child | undefined;

  /** @param settings lines for its pool */
  constructor(settings: readonly string[] = ["pm = static", "pm.max_children = 2"]) {
    mkdirSync(this.root);
    const user = process.getuid?.() === 0 ? ["user = root", "group = root"] : [];
    const pool = [
      ...user,
      `listen = ${this.socket}`,
      "php_admin_flag[display_errors] = off",
      "php_admin_flag[log_errors] = on",
      "php_admin_value[output_buffering] = 0",
      ...settings,
    ];
    const lines = ["[global]", `error_log = ${this.#logFile}`, "log_level = notice", "[www]", ...pool, ""];
    writeFileSync(join(this.#folder.path, "fpm.conf"), lines.join("\n"));
  }

  get socket(): string {
    return join(this.#folder.path, "fpm.sock");
  }

  /** The folder with the scripts. */
  get root(): string {
    return join(this.#folder.path, "root");
  }

  /** A path beside that folder. */
  beside(name: string): string {
    return join(this.#folder.path, name);
  }

  get log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, "utf8") : "";
  }

  script(name: string, source: string): void {
    writeFileSync(join(this.root, name), source);
  }

  async start(): Promise<void> {
    const asRoot = process.getuid?.() === 0 ? ["-R"] : [];
    const args = ["-n", "-F", "-y", join(this.#folder.path, "fpm.conf"), ...asRoot];
    this.#child = new Child(phpFpm ?? "", args);
    await untilListening(this.socket);
  }

  async stop(): Promise<void> {
    await this.#child?.stop("SIGTERM");
    this.#child = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    this.#folder.remove();
  }

  get #logFile(): string {
    return join(this.#folder.path, "fpm.log");
  }
}
