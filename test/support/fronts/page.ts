// The part of docs/deployment.md that is made from the configurations of the tests and from what they measured.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../postern.ts";
import { type Check, checks } from "./checks.ts";
import { serverOptions } from "./site.ts";
import type { Place, Way, WebServer } from "./way.ts";

const begin = "<!-- Made by test/real-servers/fronts.test.ts from what it measures: see its first lines. -->";
const end = "<!-- Here ends what is made by test/real-servers/fronts.test.ts. -->";

/** The places of the documentation's examples. */
const example: Place = {
  listen: "listen 80;",
  socket: "/run/site/app.sock",
  port: 9000,
  programs: "/srv/site",
  path: "/usr/local/bin:/usr/bin:/bin",
  secret: "swordfish",
};

/** What came of the checks. */
export class Measurements {
  readonly #outcomes = new Map<string, string>();

  add(way: Way, check: Check, withSettings: boolean, outcome: string): void {
    this.#outcomes.set(keyOf(way, check, withSettings), outcome);
  }

  /**
   * The outcome in the smallest configuration, and behind an arrow that with the way's settings where it differs.
   *
   * @throws {Error} when it was not measured
   */
  cell(way: Way, check: Check): string {
    const plain = this.#outcomes.get(keyOf(way, check, false));
    const withSettings = check.once ? plain : this.#outcomes.get(keyOf(way, check, true));
    if (plain === undefined || withSettings === undefined) {
      throw new Error(`${way.name}: "${check.name}" was not measured: run the whole file`);
    }
    return plain === withSettings ? plain : `${plain} → ${withSettings}`;
  }
}

function keyOf(way: Way, check: Check, withSettings: boolean): string {
  return JSON.stringify([way.name, check.name, withSettings]);
}

/** A document with its part about web servers as it should be. The part's marks have to be there. */
export function withFronts(document: string, servers: readonly WebServer[], measured: Measurements): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error("the marks of what is made from measurements are missing");
  const parts = [...servers.map(serverPart), tablesPart(servers, measured)];
  return `${document.slice(0, from)}${begin}\n\n${parts.join("\n\n")}\n\n${document.slice(to)}`;
}

function serverPart({ name, notes, ways }: WebServer): string {
  const list = notes.map((note) => `- ${note}`).join("\n");
  return [`## ${name}`, list, ...ways.map((way) => wayPart(name, way))].join("\n\n");
}

function wayPart(name: WebServer["name"], way: Way): string {
  const language = name === "lighttpd" ? "" : name.toLowerCase();
  const plain = way.config(example, "/", []);
  return [
    `### ${name}, ${way.name}`,
    applicationPart(way),
    way.modules.length === 0 ? `${name}:` : `${name}, after \`a2enmod ${way.modules.join(" ")}\`:`,
    block(language, plain),
    `At \`/app\`${mountWords(way)}:`,
    block(language, changedLines(plain, way.config(example, "/app", []))),
    name === "nginx" ? "Settings, for `server`:" : "Settings:",
    block(language, settingsText(way)),
  ].join("\n\n");
}

function applicationPart({ application }: Way): string {
  if ("program" in application) {
    const { program } = application;
    const source = readFileSync(join(root, "test/real-servers/programs", program), "utf8");
    const text = source.replace("./application.js", "./app.js");
    return `The application, \`${example.programs}/${program}\`, which may be executed:\n\n${block("js", text)}`;
  }
  const { socket, port } = example;
  const address =
    application.on === "socket"
      ? { bindAddress: socket, socketGroup: "www-data" }
      : { bindAddress: `127.0.0.1:${port}` };
  const options = Object.entries({ ...serverOptions(application, "/"), ...address });
  const text = options.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ");
  return `The application:\n\n${block("js", `await serve(app, { ${text} }).run();`)}`;
}

/** What the application has to be told of its mount. */
function mountWords({ application }: Way): string {
  if ("program" in application || application.namesMount !== true) return "";
  return ', where the application needs option `scriptName: "/app"`';
}

/** Those of the changed configuration that are not in the plain one. */
function changedLines(plain: string, changed: string): string {
  const known = plain.split("\n");
  return changed
    .split("\n")
    .filter((line) => !known.includes(line))
    .map((line) => line.trim())
    .join("\n");
}

function settingsText(way: Way): string {
  const parameters = way.settings.filter(({ isParameter }) => isParameter);
  const own = way.settings.filter(({ isParameter }) => !isParameter);
  const withParameters = changedLines(way.config(example, "/", []), way.config(example, "/", parameters));
  return [
    ...parameters.map(({ text, purpose }) => `# ${text}: ${purpose}`),
    ...(parameters.length > 0 ? [withParameters] : []),
    ...own.map(({ text, purpose }) => `# ${purpose}\n${text}`),
  ].join("\n");
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

const tables: Readonly<Record<Check["table"], string>> = {
  requests: "What arrives",
  responses: "What goes through",
  streams: "Streams and failures",
};

function tablesPart(servers: readonly WebServer[], measured: Measurements): string {
  const kinds = Object.entries(tables) as [Check["table"], string][];
  return kinds.map(([kind, title]) => `## ${title}\n\n${table(kind, servers, measured)}`).join("\n\n");
}

function table(kind: Check["table"], servers: readonly WebServer[], measured: Measurements): string {
  const columns = checks.filter((check) => check.table === kind);
  const rows = servers.flatMap(({ name, ways }) =>
    ways.map((way) => [`${name}, ${way.name}`, ...columns.map((check) => measured.cell(way, check))]),
  );
  const lines = [
    ["", ...columns.map((check) => check.name)],
    columns.map(() => "---").concat("---"),
    ...rows,
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
