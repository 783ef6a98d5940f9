// Servers as processes of their own, in a folder of their own.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import { compiled } from "./dist.ts";
import { temporaryFolder } from "./folder.ts";

export class ServerProcesses {
  readonly #folder = temporaryFolder();
  readonly #children: Child[] = [];

  /** A path in the folder. */
  path(name: string): string {
    return join(this.#folder.path, name);
  }

  /**
   * Writes a script that serves, says how it ended, and answers with the path; `/slow` when it has printed `slow` and is
   * told to go on. What `/errors` has as query goes to `wsgi.errors`, that of `/late` behind the answer.
   *
   * @param options what is passed to it, as JavaScript
   * @param module where the function or class to serve with comes from, below lib
   */
  script(options: string, module = "run.ts", name = "run", file = "script.mjs"): string {
    const call =
      name === "run" ? `run(application, ${options})` : `new ${name}(application, ${options}).run()`;
    writeFileSync(
      this.path(file),
      `import { existsSync, writeFileSync } from "node:fs";
       import { ${name} } from ${JSON.stringify(compiled(module))};
       const slow = ${JSON.stringify(this.#slow)};
       const application = async (environ, startResponse) => {
         const { PATH_INFO: path, QUERY_STRING: query } = environ;
         if (path === "/slow") {
           writeFileSync(slow, "");
           console.log("slow");
           while (existsSync(slow)) await new Promise((resolve) => setTimeout(resolve, 5));
         }
         if (path === "/stray") setImmediate(() => { throw new Error("stray error"); });
         if (path === "/floating") Promise.reject(new Error("floating promise"));
         if (path === "/errors") environ["wsgi.errors"].write(decodeURIComponent(query));
         if (path === "/late") setTimeout(() => environ["wsgi.errors"].write(decodeURIComponent(query)), 50);
         startResponse("200 OK", [["Content-Type", "text/plain"]]);
         return [path];
       };
       console.log("ended: " + await ${call});`,
    );
    return this.path(file);
  }

  /** Lets all go on that have printed `slow`. */
  goOn(): void {
    rmSync(this.#slow);
  }

  /** Starts Node with a script, which says what it does at level debug. */
  node(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Child {
    return this.start(process.execPath, [script, ...args], env);
  }

  start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
    const child = new Child(program, args, {
      cwd: this.#folder.path,
      env: { ...process.env, POSTERN_LOG: "debug", ...env },
    });
    this.#children.push(child);
    return child;
  }

  /** Is there as long as requests are to be slow. */
  get #slow(): string {
    return this.path("slow");
  }

  /** Ends what still runs, and removes the folder. */
  remove(): void {
    for (const child of this.#children) child.signalGroup("SIGKILL");
    this.#folder.remove();
  }
}
