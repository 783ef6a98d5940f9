import { inspect } from "node:util";
import type { Environ } from "../../gateway/types.ts";

/** The third argument of a fetch handler, as Cloudflare's Workers have it. */
export class FetchContext {
  readonly #environ: Environ;

  /** Always empty. */
  get props(): Readonly<Record<string, unknown>> {
    return {};
  }

  constructor(environ: Environ) {
    this.#environ = environ;
  }

  /** Work that goes on behind the response. Its failure is written to `wsgi.errors`. */
  waitUntil(work: Promise<unknown>): void {
    Promise.resolve(work).catch((error: unknown) => {
      this.#environ["wsgi.errors"].write(`${inspect(error)}\n`);
    });
  }

  /** Does nothing: there is no other server behind this one. */
  passThroughOnException(): void {}
}
