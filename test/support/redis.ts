import { join } from "node:path";
import { Child } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { untilListening } from "./port.ts";
import { findProgram } from "./programs.ts";

/** Where Redis is, or undefined: `describe.skipIf(redisServer === undefined)`. */
export const redisServer = findProgram("redis-server");

/** A real Redis on a unix socket, whose data stay when it is stopped and started again. */
export class Redis {
  readonly #folder = temporaryFolder();
  readonly path = join(this.#folder.path, "redis.sock");
  #child: Child | undefined;

  async start(): Promise<void> {
    if (redisServer === undefined) throw new Error("Redis is missing");
    const folder = this.#folder.path;
    const options = { port: "0", unixsocket: this.path, dir: folder, appendonly: "yes", save: "" };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    this.#child = new Child(redisServer, args);
    await this.#child.printed(/ready to accept connections/i);
    await untilListening(this.path);
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    this.#child = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    this.#folder.remove();
  }
}
