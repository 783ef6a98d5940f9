import { type Command, UsageError } from "./command.ts";
import { loadApplication } from "./load-application.ts";

const help = `\
usage: postern routes <module>

Lists the URL map of the application that a module exports: the first pattern that matches a path wins. Routes of
mounted applications stand where they are mounted. A target that answers every method has * for its methods; GET
answers HEAD too, and OPTIONS is answered for every route.

  -h, --help  this text

Examples:
  postern routes app.ts
  postern routes app.ts | grep POST
`;

interface Route {
  readonly pattern: string;
  readonly methods: readonly string[];
  readonly target: string;
}

export const routesCommand: Command = {
  summary: "lists the URL map of an application",
  help,
  options: {},

  async run({ positionals: [module, ...more] }, io) {
    if (module === undefined || more.length > 0) {
      throw new UsageError("Name one module that exports an application: postern routes <module>.");
    }
    const application = await loadApplication(module, io.cwd, { compile: true });
    // Asked by name: the application may come from another copy of postern than this one.
    const { routes } = application as { routes?: unknown };
    if (typeof routes !== "function") {
      io.out(`${module} exports a gateway application without a URL map: it looks at paths by itself.`);
      return 0;
    }
    const list = (await routes.call(application)) as Route[];
    if (list.length === 0) io.out(`The URL map of ${module} is empty.`);
    else for (const line of table(list)) io.out(line);
    return 0;
  },
};

function table(routes: readonly Route[]): string[] {
  const rows = routes.map(({ pattern, methods, target }) => [pattern, methods.join(" ") || "*", target]);
  rows.unshift(["PATTERN", "METHODS", "TARGET"]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
}
