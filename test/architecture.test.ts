// DESIGN.md's house: who may know whom, and what files are called.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const lib = join(root, "lib");

/** Rooms of lib, and the rooms that each may import. All may import themselves and lib/errors.ts. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  gateway: [],
  protocols: [],
  servers: ["gateway", "protocols"],
  workers: ["gateway"],
  middleware: ["gateway"],
  framework: ["gateway"],
  bridges: ["gateway"],
  testing: ["gateway"],
  clients: ["gateway", "protocols"],
};

/** May know everybody. */
const ends = [
  "cli",
  "faces",
  "serve.ts",
  "serve-options.ts",
  "protocol-word.ts",
  "run.ts",
  "detect-cgi.ts",
  "detect.ts",
  "server.ts",
  "index.ts",
];

type Kind = "static" | "dynamic" | "type";

interface Import {
  readonly from: string;
  /** Below lib, or a package's name. */
  readonly to: string;
  readonly kind: Kind;
}

/** What goes against the direction, each with its reason. A static import would load it at every start. */
const exceptions: readonly (Import & { readonly reason: string })[] = [
  { from: "framework/application.ts", to: "run.ts", kind: "dynamic", reason: "app.run() serves" },
  { from: "framework/application.ts", to: "run.ts", kind: "type", reason: "the options of app.run()" },
  {
    from: "framework/application.ts",
    to: "testing/request.ts",
    kind: "dynamic",
    reason: "app.request() asks",
  },
  { from: "framework/application.ts", to: "testing/request.ts", kind: "type", reason: "its request" },
  { from: "framework/application.ts", to: "testing/call.ts", kind: "type", reason: "its response" },
  {
    from: "framework/application.ts",
    to: "testing/browser.ts",
    kind: "dynamic",
    reason: "app.browser() browses",
  },
  { from: "framework/application.ts", to: "testing/browser.ts", kind: "type", reason: "its browser" },
  {
    from: "framework/application.ts",
    to: "testing/browser-transport.ts",
    kind: "type",
    reason: "its options",
  },
  {
    from: "testing/conformance.ts",
    to: "middleware/validate.ts",
    kind: "static",
    reason: "conformance cases run under the specification",
  },
  {
    from: "testing/session-store.ts",
    to: "framework/sessions/store.ts",
    kind: "type",
    reason: "the interface whose cases they are",
  },
];

const sources = readdirSync(lib, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .sort();
const imports = sources.flatMap(importsOf);

function importsOf(from: string): Import[] {
  const text = readFileSync(join(lib, from), "utf8");
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: Kind) => {
    if (specifier === undefined) return;
    if (!ts.isStringLiteralLike(specifier)) {
      // `postern serve` and `appBin` load the user's own modules.
      if (roomOf(from) === "cli" || from === "middleware/app-bin.ts") return;
      throw new Error(`lib/${from} imports what only a run can tell`);
    }
    const { text: name } = specifier;
    found.push({
      from,
      kind,
      to: name.startsWith(".") ? relative(lib, join(lib, dirname(from), name)) : name,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(
        node.moduleSpecifier,
        node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? "type" : "static",
      );
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? "type" : "static");
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], "dynamic");
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, "type");
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(from, text, ts.ScriptTarget.Latest));
  return found;
}

function roomOf(path: string): string {
  return path.split("/", 1)[0] ?? path;
}

function isOwn({ to }: Import): boolean {
  return existsSync(join(lib, to));
}

function isException({ from, to, kind }: Import): boolean {
  return exceptions.some((one) => one.from === from && one.to === to && one.kind === kind);
}

function shown({ from, to, kind }: Import): string {
  return `${from} → ${to} (${kind})`;
}

describe("the direction of imports", () => {
  test("every file is in a room of the house", () => {
    const known = [...Object.keys(rooms), ...ends, "errors.ts"];
    expect(sources.filter((path) => !known.includes(roomOf(path)))).toEqual([]);
  });

  test.each(Object.entries(rooms))("lib/%s imports only %o, itself and errors.ts", (room, allowed) => {
    const wrong = imports
      .filter((one) => roomOf(one.from) === room && isOwn(one))
      .filter(({ to }) => ![room, ...allowed, "errors.ts"].includes(roomOf(to)))
      .filter((one) => !isException(one));
    expect(wrong.map(shown)).toEqual([]);
  });

  test("errors.ts imports nothing", () => {
    expect(imports.filter(({ from }) => from === "errors.ts").map(shown)).toEqual([]);
  });

  test("nothing imports index.ts, the front door", () => {
    expect(imports.filter(({ to }) => to === "index.ts").map(shown)).toEqual([]);
  });

  test("no exception is out of use", () => {
    const used = imports.map(shown);
    expect(exceptions.map(shown).filter((exception) => !used.includes(exception))).toEqual([]);
  });

  test("codecs do no input or output and read no clock", () => {
    const foreign = imports.filter((one) => roomOf(one.from) === "protocols" && !isOwn(one));
    expect(foreign.filter(({ to }) => to !== "node:buffer").map(shown)).toEqual([]);
    const clocks = /\b(Date\.now|new Date|setTimeout|setInterval|setImmediate|performance\.|process\.)/;
    const protocols = sources.filter((path) => roomOf(path) === "protocols");
    expect(protocols.filter((path) => clocks.test(readFileSync(join(lib, path), "utf8")))).toEqual([]);
  });
});

describe("files", () => {
  test("are named for what they are, in kebab-case", () => {
    const drawers = /(^|[/-])(utils?|helpers?|common|misc)[./-]/;
    expect(sources.filter((path) => drawers.test(path) || !/^[a-z0-9/-]+\.ts$/.test(path))).toEqual([]);
  });
});

describe("package.json", () => {
  const { exports, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, string | { types: string; default: string }>;
    bin: Record<string, string>;
  };

  /** The source of what a build puts there. */
  function sourceOf(target: string): string {
    const source = target
      .replace(/^(\.\/)?dist\//, "lib/")
      .replace(/(\.d\.ts|\.js)$/, ".ts")
      .replace(/\.cjs$/, ".cts");
    return join(root, source);
  }

  const targets = Object.entries(exports)
    .flatMap(([name, target]) =>
      typeof target === "string" ? [] : Object.entries(target).map(([, path]) => [name, path]),
    )
    .concat(Object.entries(bin));

  test.each(targets)("%s: %s has a source", (_name, target = "") => {
    const source = sourceOf(target);
    const found = source.includes("*")
      ? readdirSync(dirname(source)).filter((name) => name.endsWith(".ts"))
      : [source].filter((path) => existsSync(path));
    expect(found).not.toEqual([]);
  });

  test("postern/server/* are the faces of the protocols", () => {
    const faces = readdirSync(dirname(sourceOf("./dist/faces/*.js"))).sort();
    expect(faces).toEqual([
      "ajp-fork.ts",
      "ajp.ts",
      "cgi.ts",
      "fcgi-fork.ts",
      "fcgi.ts",
      "http-fork.ts",
      "http.ts",
      "scgi-fork.ts",
      "scgi.ts",
      "uwsgi-fork.ts",
      "uwsgi.ts",
    ]);
  });
});
