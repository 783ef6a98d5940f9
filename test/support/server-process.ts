// Servers as processes of their own, in a folder of their own.

import { writeFileSync } from "node:fs";
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
   * Writes a script that serves, says how it ended, and answers with the path; `/slow` after 300 ms, when it has printed
   * `slow`. What `/errors` has as query goes to `wsgi.errors`, that of `/late` behind the answer.
   *
   * @param options what is passed to it, as JavaScript
   * @param module where the function or class to serve with comes from, below lib
   */
  script(options: string, module = "run.ts", name = "run", file = "script.mjs"): string {
    const call =
      name === "run" ? `run(application, ${options})` : `new ${name}(application, ${options}).run()`;
    writeFileSync(
      this.path(file),
      `import { ${name} } from ${JSON.stringify(compiled(module))};
       const application = async (environ, startResponse) => {
         const { PATH_INFO: path, QUERY_STRING: query } = environ;
         if (path === "/slow") { console.log("slow"); await new Promise((resolve) => setTimeout(resolve, 300)); }
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

  /** Ends what still runs, and removes the folder. */
  remove(): void {
    for (const child of this.#children) child.signalGroup("SIGKILL");
    this.#folder.remove();
  }
}
