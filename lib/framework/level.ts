import { Buffer } from "node:buffer";
import { isLoopbackName, parseHost } from "../gateway/host.ts";
import { encodePathBytes } from "../gateway/path.ts";
import type { Application, Environ } from "../gateway/types.ts";
import type { AppCore, ApplicationOptions, Config } from "./app-core.ts";
import { encodePath } from "./location.ts";
import type { RouteMatch } from "./router.ts";

export type Params = Readonly<Record<string, string | undefined>>;

const NO_PARAMS: Params = Object.freeze(Object.create(null));

const NO_CONFIG: Config = Object.freeze(Object.create(null));

/** One application's view of a request. A mounted application has a level of its own, below its parent's. */
export class Level {
  readonly core: AppCore;
  readonly parent: Level | undefined;
  /** What is left of the path, decoded; `/` at the least. */
  readonly path: string;
  /** The route that was found, as soon as there is one. */
  match: RouteMatch<unknown> | undefined;
  readonly #prefix: string;
  #environ: Environ | undefined;
  #homepath: string | undefined;
  #params: Params | undefined;

  /**
   * @param environ - of the outermost level; others make their own when asked for
   * @param prefix - the part of the parent's path that leads here
   */
  constructor(
    core: AppCore,
    path: string,
    { environ, parent, prefix = "" }: { environ?: Environ; parent?: Level; prefix?: string },
  ) {
    this.core = core;
    this.path = path || "/";
    this.parent = parent;
    this.#environ = environ;
    this.#prefix = prefix;
  }

  /** The named groups of the routes that led here; made when asked for. */
  get params(): Params {
    if (this.match === undefined) return this.#above;
    this.#params ??= withGroups(this.#above, this.match);
    return this.#params;
  }

  /** The applications on the way here, the outermost first. */
  get stack(): readonly Application[] {
    return [...(this.parent?.stack ?? []), this.core.pages];
  }

  get root(): Level {
    return this.parent?.root ?? this;
  }

  /** The environ with `SCRIPT_NAME` and `PATH_INFO` as they are for this application; made when asked for. */
  get environ(): Environ {
    this.#environ ??= this.#shifted();
    return this.#environ;
  }

  /** Where the application is mounted, percent-encoded. */
  get homepath(): string {
    this.#homepath ??=
      this.parent === undefined
        ? encodePathBytes(process.env["REAL_SCRIPT_NAME"] ?? this.environ.SCRIPT_NAME)
        : this.parent.homepath + encodePath(this.#prefix);
    return this.#homepath;
  }

  /** An option of this application, or else of the one it is mounted in. */
  option<K extends keyof ApplicationOptions>(name: K): ApplicationOptions[K] | undefined {
    return this.core.options[name] ?? this.parent?.option(name);
  }

  /** The settings of the applications on the way here; the innermost counts. */
  get config(): Config {
    const own = this.core.options.config;
    if (this.parent === undefined) return own ?? NO_CONFIG;
    return own === undefined ? this.parent.config : { ...this.parent.config, ...own };
  }

  /** Whether an address may be made of the host of the request: see the option `allowedHosts`. */
  get hasAllowedHost(): boolean {
    const { allowedHosts } = this.core;
    const { HTTP_HOST: header = "", REMOTE_ADDR: client = "" } = this.environ;
    if (allowedHosts !== undefined) return allowedHosts.has(header);
    if (this.parent !== undefined) return this.parent.hasAllowedHost;
    const host = parseHost(header);
    return host !== undefined && isLoopbackName(host.name) && /^(?:127\.|::1$)/.test(client);
  }

  get #above(): Params {
    return this.parent?.params ?? NO_PARAMS;
  }

  #shifted(): Environ {
    const { environ, path } = this.parent as Level;
    const bytes = environ.PATH_INFO;
    // Where the path was decoded, its prefix is longer in bytes than in characters.
    const length = path === bytes ? this.#prefix.length : Buffer.byteLength(this.#prefix);
    return Object.assign(Object.create(null), environ, {
      SCRIPT_NAME: environ.SCRIPT_NAME + bytes.slice(0, length),
      PATH_INFO: bytes.slice(length),
    });
  }
}

function withGroups(above: Params, { pattern, groups }: RouteMatch<unknown>): Params {
  if (pattern.names.every((name) => name === undefined)) return above;
  const params: Record<string, string | undefined> = Object.assign(Object.create(null), above);
  for (const [index, name] of pattern.names.entries()) {
    if (name !== undefined) params[name] = groups[index + 1];
  }
  return params;
}
