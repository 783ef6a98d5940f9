import { mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { GatewayError } from "../errors.ts";
import { type Arguments, type Command, type Io, UsageError } from "./command.ts";
import { nameComplaint, similarName } from "./new-name.ts";
import { type Origin, origin } from "./new-origin.ts";
import { type Project, packageRoot, writeProject } from "./new-project.ts";
import { ask, canAsk } from "./new-question.ts";

const templates = ["site", "api", "cgi", "interface"] as const;

const help = `\
usage: postern new <folder> [options]

Makes a project that runs: npm install, then npm start. The folder is new or empty; nothing is ever overwritten.
Without a name it asks for one.

  --template <name>  site       pages, a form, a cookie, an upload, static files, a layout; when left out
                     api        JSON
                     cgi        one page as a CGI script
                     interface  no framework: a function of environ and startResponse
  --js               JavaScript in the place of TypeScript
  -h, --help         this text

  postern new my-site
  postern new my-api --template api --js
`;

export const newCommand: Command = {
  summary: "makes a project that runs: a site, an API, a CGI script",
  help,
  options: {
    template: { type: "string", default: "site" },
    js: { type: "boolean", default: false },
  },

  async run(args, io) {
    const template = templates.find((name) => name === args.values["template"]);
    if (template === undefined) {
      throw new UsageError(
        `--template is one of ${templates.join(", ")}; "${args.values["template"]}" is none of them.`,
      );
    }
    const wanted = await wantedFolder(args, io);
    if (wanted === undefined) return 1;
    const name = projectName(wanted, io.cwd);
    const folder = emptyFolder(wanted, io.cwd);
    const source = origin(realpathSync(packageRoot), ownVersion());
    const language = args.values["js"] === true ? "JavaScript" : "TypeScript";
    const project: Project = { template, language, name, postern: source.spec };
    refusedByTheSystem(folder, () => writeProject(folder, project));
    io.out(welcome(project, source, relative(io.cwd, folder)));
    return 0;
  },
};

/** The folder as it was named, or else asked for; undefined when there was no answer. */
async function wantedFolder(
  { positionals: [folder, ...more] }: Arguments,
  io: Io,
): Promise<string | undefined> {
  if (more.length > 0) {
    throw new UsageError(`Name one folder: postern new ${similarName([folder, ...more].join("-"))}.`);
  }
  if (folder !== undefined) return folder;
  if (!canAsk()) throw new UsageError("Name the folder of the new project: postern new my-site.");
  for (;;) {
    const answer = await ask("Folder of the new project", "my-site");
    if (answer === undefined) return undefined;
    try {
      projectName(answer, io.cwd);
      return answer;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      io.err(error.message);
    }
  }
}

/** npm's name for a project in that folder. */
function projectName(folder: string, cwd: string): string {
  const name = folder === "" ? "" : basename(resolve(cwd, folder));
  const complaint = nameComplaint(name);
  if (complaint === undefined) return name;
  throw new UsageError(
    `npm refuses the name "${name}": ${complaint}. Take another one, such as ${similarName(name)}.`,
  );
}

/** The folder's whole path. It exists then, and has nothing in it but perhaps Git's own. */
function emptyFolder(wanted: string, cwd: string): string {
  const folder = resolve(cwd, wanted);
  const found = refusedByTheSystem(folder, () => {
    mkdirSync(folder, { recursive: true });
    return readdirSync(folder).filter((name) => name !== ".git");
  });
  if (found.length === 0) return folder;
  throw new GatewayError(
    "FOLDER_NOT_EMPTY",
    `The folder ${wanted} is not empty (it has ${found.sort()[0]}): choose another name, or move what is in it.`,
  );
}

/** @throws {GatewayError} in the place of what the system says of the folder */
function refusedByTheSystem<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const words = reasons[code ?? ""];
    if (words === undefined) throw error;
    throw new GatewayError("FOLDER_REFUSED", `${folder} ${words}.`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "cannot be written by this user: choose another place",
  EPERM: "cannot be written by this user: choose another place",
  EROFS: "is on a file system that cannot be written: choose another place",
  ENOSPC: "is on a full disk: make room, empty the folder and try again",
  EEXIST: "is there already and is no empty folder: choose another name",
  ENOTDIR: "is below a file that is no folder: choose another name",
};

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}

function welcome({ name, template, language }: Project, { words }: Origin, folder: string): string {
  const enter = folder === "" ? [] : [`  cd ${/[^\w./-]/.test(folder) ? `'${folder}'` : folder}`];
  return [
    `${name} is there: template ${template}, in ${language}, with postern from ${words}.`,
    "",
    ...enter,
    "  npm install",
    "  npm start      serves it at http://127.0.0.1:8080/, behind lighttpd where that is installed",
    "",
    "npm run dev restarts when a file changes, npm test runs its tests, README.md says what is where.",
  ].join("\n");
}
