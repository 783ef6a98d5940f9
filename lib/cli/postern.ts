import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { GatewayError } from "../errors.ts";
import { nearest } from "../gateway/option-names.ts";
import { type Command, type Io, UsageError } from "./command.ts";

/** Each verb's file is loaded when it is called: what a command does not use costs it nothing. */
const verbs: Readonly<Record<string, () => Promise<Command>>> = {
  new: async () => (await import("./new.ts")).newCommand,
  serve: async () => (await import("./serve.ts")).serveCommand,
  get: async () => (await import("./get.ts")).getCommand,
  routes: async () => (await import("./routes.ts")).routesCommand,
  bundle: async () => (await import("./bundle.ts")).bundleCommand,
};

/**
 * The command line of postern.
 *
 * @param argv the arguments after the program's name
 * @returns the exit status: 0, 1 when something went wrong, 2 for a mistake in the arguments
 */
export async function postern(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv;
  try {
    if (name === "--version" || name === "-v") return print(io, await version());
    if (name === "--help" || name === "-h") return print(io, await help());
    if (name === undefined) throw new UsageError(await help());
    if (!Object.hasOwn(verbs, name)) throw new UsageError(unknownVerb(name));
    const command = await (verbs[name] as () => Promise<Command>)();
    return await run(name, command, rest, io);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof GatewayError)) throw error;
    io.err(error.message);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function run(name: string, command: Command, argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parse(name, command, argv);
  if (values["help"] === true) return print(io, command.help);
  return command.run({ values, positionals }, io);
}

function parse(name: string, command: Command, argv: readonly string[]) {
  const options: Command["options"] = { ...command.options, help: { type: "boolean", short: "h" } };
  try {
    const parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
    // As of a shell's variable that is not set. A text, such as a request's body, may be empty.
    const empty = Object.entries(parsed.values).find(
      ([option, value]) => [value].flat().includes("") && takenBy(command.help, `--${option}`) !== "<text>",
    );
    if (empty !== undefined) throw new UsageError(missingValue(command.help, `--${empty[0]}`));
    return parsed;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [, unknown] = /^Unknown option '(-[^']+)'/.exec(error.message) ?? [];
    if (unknown !== undefined) throw new UsageError(unknownOption(name, unknown, Object.keys(options)));
    throw new UsageError(valueMistake(command, error.message));
  }
}

/** What parseArgs says of an option's value, with what the option takes. */
function valueMistake({ help }: Command, message: string): string {
  const [, option] = /^Option '(?:-\w, )?(--?[\w-]+)(?: <value>)?' /.exec(message) ?? [];
  if (option === undefined) return message;
  if (message.includes("does not take an argument"))
    return `${option} takes no value: leave out what follows it.`;
  return missingValue(help, option, message.includes("ambiguous"));
}

/** @param isDashed something follows that begins with a dash */
function missingValue(help: string, option: string, isDashed = false): string {
  const takes = takenBy(help, option);
  const other = isDashed ? `, or ${option}=${takes} where that begins with a dash` : "";
  return `${option} needs a value: ${option} ${takes}${other}.`;
}

/** What an option takes, as its command's help has it, such as `<path>`. */
function takenBy(help: string, option: string): string {
  const [, takes = "<value>"] = new RegExp(`^ +(?:-\\w, )?${option} (<[^>]+>|\\S+)`, "m").exec(help) ?? [];
  return takes;
}

async function help(): Promise<string> {
  const lines = ["usage: postern <verb> [arguments]", ""];
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  for (const [name, load] of Object.entries(verbs)) {
    lines.push(`  ${name.padEnd(width)}  ${(await load()).summary}`);
  }
  lines.push(
    "",
    "postern <verb> --help says more about one of them, postern --version which postern this is.",
  );
  return lines.join("\n");
}

function unknownVerb(name: string): string {
  const all = Object.keys(verbs);
  const near = nearest(name, all);
  if (near.length > 0) return `postern has no verb "${name}"; did you mean ${near.join(" or ")}?`;
  return `postern has no verb "${name}"; it has: ${all.join(", ")}.`;
}

function unknownOption(verb: string, option: string, names: readonly string[]): string {
  const near = nearest(option.replace(/^-+/, ""), names).map((name) => `--${name}`);
  const advice =
    near.length > 0 ? `did you mean ${near.join(" or ")}?` : `postern ${verb} --help lists them.`;
  return `postern ${verb} has no option ${option}; ${advice}`;
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

function print(io: Io, text: string): 0 {
  io.out(text);
  return 0;
}
