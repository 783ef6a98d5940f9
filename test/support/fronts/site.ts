// The application of the tests with everything it needs, in a folder that every web server's user may read, and one
// process that serves it in all the ways in which web servers want to reach it.

import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ServeOptions } from "../../../lib/serve.ts";
import { Child } from "../child.ts";
import { compiled } from "../dist.ts";
import { type TemporaryFolder, temporaryFolder } from "../folder.ts";
import { installPackages } from "../installation.ts";
import { intoOneFile } from "../one-file.ts";
import { root } from "../postern.ts";
import type { Listening, Mount, Place, Way } from "./way.ts";

const secret = "swordfish";

/** Options of the application's own server, except for its address. */
export function serverOptions(application: Listening, mount: Mount): ServeOptions {
  const { protocol, namesMount = false, secret: hasSecret = false } = application;
  return {
    protocol: protocol as "fcgi" | "http",
    ...(namesMount && mount !== "/" && { scriptName: mount }),
    ...(hasSecret && { secret }),
  };
}

/** The application, and servers of it. */
export class Site {
  readonly #folder: TemporaryFolder = temporaryFolder();
  readonly #keys: string[];
  readonly #child: Child;
  #addresses: readonly { readonly path?: string; readonly port?: number }[] = [];
  #count = 0;

  /** @param ways for which there are to be servers */
  constructor(ways: readonly Way[]) {
    chmodSync(this.#folder.path, 0o755);
    compiled("serve.ts");
    const programs = join(this.#folder.path, "programs");
    cpSync(join(root, "test/real-servers/programs"), programs, { recursive: true });
    writeFileSync(join(programs, "package.json"), `{ "type": "module" }\n`);
    installPackages(programs);
    intoOneFile(join(programs, "cgi.js"));
    mkdirSync(this.witnesses, { mode: 0o755 });
    const wanted = ways.flatMap(({ application }) => {
      if (!("protocol" in application)) return [];
      return (["/", "/app"] as const).map((mount) => keyOf(application, mount));
    });
    this.#keys = [...new Set(wanted)];
    const options = this.#keys.map((key, index) => {
      const { on, ...rest } = JSON.parse(key) as ServeOptions & Pick<Listening, "on">;
      if (on === "port") return { ...rest, bindAddress: { host: "127.0.0.1", port: 0 } };
      const group = process.getuid?.() === 0 ? { socketGroup: "nogroup" } : {};
      return { ...rest, ...group, bindAddress: join(this.#folder.path, `${index}.sock`) };
    });
    this.#child = new Child(process.execPath, [join(programs, "servers.js"), JSON.stringify(options)]);
  }

  /** Waits until all servers listen. */
  async listening(): Promise<void> {
    const [line] = await this.#child.printed(/^\[.*\]$/m);
    this.#addresses = (JSON.parse(line) as { path?: string; port?: number }[][]).map(
      ([address = {}]) => address,
    );
  }

  /** Where a witness can be found by everybody. */
  get witnesses(): string {
    return join(this.#folder.path, "witnesses");
  }

  /** Where a way finds the application; nginx's `listen` lines are the caller's. */
  place({ application }: Way, mount: Mount): Omit<Place, "listen"> {
    const index = "protocol" in application ? this.#keys.indexOf(keyOf(application, mount)) : -1;
    const { path = join(this.#folder.path, `started${++this.#count}`), port = 0 } =
      this.#addresses[index] ?? {};
    return {
      socket: path,
      port,
      programs: join(this.#folder.path, "programs"),
      path: [dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
      secret,
    };
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    this.#folder.remove();
  }
}

function keyOf(application: Listening, mount: Mount): string {
  return JSON.stringify({ ...serverOptions(application, mount), on: application.on });
}
