import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Child } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { findProgram } from "./programs.ts";

/** Where PostgreSQL is, or undefined: `describe.skipIf(postgresServer === undefined)`. */
export const postgresServer = findProgram("postgres");

/** A real PostgreSQL on a unix socket. It refuses to be root, and is the user `postgres` then. */
export class Postgres {
  readonly #folder = temporaryFolder();
  readonly #data = join(this.#folder.path, "data");
  readonly #as: readonly string[];
  #child: Child | undefined;

  constructor() {
    mkdirSync(this.#data, { mode: 0o700 });
    const isRoot = process.getuid?.() === 0;
    this.#as = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];
    if (isRoot) spawnSync("chown", ["-R", "postgres:postgres", this.#folder.path]);
    // Nothing has to survive a power failure here.
    this.#run(join(dirname(postgresServer ?? ""), "initdb"), [
      "--no-sync",
      "--username=postgres",
      "--auth=trust",
      "-E",
      "UTF8",
    ]);
  }

  /** What a client of `pg` needs to connect. */
  get connection(): { readonly host: string; readonly user: string; readonly database: string } {
    return { host: this.#folder.path, user: "postgres", database: "postgres" };
  }

  async start(): Promise<void> {
    const settings = [
      "listen_addresses=",
      `unix_socket_directories=${this.#folder.path}`,
      "fsync=off",
      "shared_buffers=16MB",
    ];
    const [program = "", ...args] = [
      ...this.#as,
      postgresServer ?? "",
      "-D",
      this.#data,
      ...settings.flatMap((setting) => ["-c", setting]),
    ];
    this.#child = new Child(program, args, { cwd: this.#folder.path });
    await this.#child.printed(/ready to accept connections/);
  }

  /** Ends it and its connections at once. */
  async stop(): Promise<void> {
    await this.#child?.stop("SIGINT");
    this.#child = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    this.#folder.remove();
  }

  #run(program: string, args: readonly string[]): void {
    const [first = "", ...rest] = [...this.#as, program, ...args];
    const { status, stderr } = spawnSync(first, rest, {
      cwd: this.#folder.path,
      env: { ...process.env, PGDATA: this.#data },
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
  }
}
