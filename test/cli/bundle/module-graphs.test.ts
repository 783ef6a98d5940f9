// Modules that import one another in all ways, from fixed seeds on: what esbuild alone makes of them, and what is made of that,
// say the same in the same order. POSTERN_FUZZ_GRAPHS makes it longer, POSTERN_FUZZ_SEED begins elsewhere.

import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Dice } from "../../support/fuzz.ts";
import { bundled, type Files } from "./bundled.ts";

const graphs = Number(process.env["POSTERN_FUZZ_GRAPHS"] ?? 200);
const firstSeed = Number(process.env["POSTERN_FUZZ_SEED"] ?? 1);
const LIMIT_MS = 60_000 * Math.max(1, graphs / 200);

/** How many things that modules leave for later are done, each twice. */
const MAX_LATER = 60;

const START = 'import * as main from "./main.js"; read("main", () => main);';

test(
  `${graphs} graphs of modules, from seed ${firstSeed} on`,
  async () => {
    let fewer = 0;
    for (let seed = firstSeed; seed < firstSeed + graphs; seed++) {
      const { code, scoped } = await bundled(graphOf(new Dice(seed)), START);
      expect(await said(scoped), `POSTERN_FUZZ_SEED=${seed}`).toEqual(await said(code));
      if (functions(scoped) < functions(code)) fewer++;
    }
    expect(fewer, "graphs with modules that lost their functions").toBeGreaterThan(graphs / 10);
  },
  LIMIT_MS,
);

function functions(code: string): number {
  return code.match(/ = __esm\(\{\n/g)?.length ?? 0;
}

/** What the modules of a bundle say at the start, and behind it. */
async function said(code: string): Promise<string[]> {
  const lines: string[] = [];
  const later: [name: string, run: () => unknown][] = [];
  const log = (value: unknown) => lines.push(String(value));
  const read = (name: string, value: () => unknown) => {
    try {
      log(`${name}: ${shown(value())}`);
    } catch (error) {
      log(`${name} fails: ${error}`);
    }
  };
  const leave = (name: string, run: () => unknown) => later.length < MAX_LATER && later.push([name, run]);
  const start = new Function("log", "read", "later", "module", code);
  try {
    start(log, read, leave, {});
  } catch (error) {
    return [...lines, `the start fails: ${error}`];
  }
  await new Promise(setImmediate);
  for (const [name, run] of later) {
    for (const time of ["first", "again"]) {
      try {
        log(`${name}, ${time}: ${shown(await run())}`);
      } catch (error) {
        log(`${name}, ${time} fails: ${error}`);
      }
    }
  }
  return lines;
}

function shown(value: unknown): string {
  return inspect(value, { depth: 3, getters: true, breakLength: Number.POSITIVE_INFINITY });
}

type Kind = "cjs" | "js" | "json" | "ts";

/** Modules with side effects, the first of which leads to the others; some in circles, some that throw. */
function graphOf(dice: Dice): Files {
  const count = 3 + dice.below(10);
  const others = "js js js js js js ts ts cjs json".split(" ") as Kind[];
  const kinds = Array.from({ length: count }, (_, at): Kind => (at === 0 ? "js" : dice.of(others)));
  const graph: Graph = {
    dice,
    names: kinds.map((kind, at) => (at === 0 ? "main.js" : `m${at}.${kind}`)),
    kinds,
    // What import() leads to is mostly not what others need too.
    pages: kinds.map((_, at) => at).filter((at) => at > 0 && dice.below(3) === 0),
    isCyclic: dice.below(2) === 0,
    isThrowing: dice.below(3) === 0,
  };
  const modules = kinds.map((kind, at) => [graph.names[at], TEXTS[kind](graph, at)]);
  const isStrict = dice.below(4) === 0;
  return Object.fromEntries([
    ...modules,
    ...(isStrict ? [["tsconfig.json", '{ "compilerOptions": { "strict": true } }']] : []),
  ]);
}

interface Graph {
  readonly dice: Dice;
  readonly names: readonly string[];
  readonly kinds: readonly Kind[];
  readonly pages: readonly number[];
  readonly isCyclic: boolean;
  readonly isThrowing: boolean;
}

const TEXTS: Readonly<Record<Kind, (graph: Graph, at: number) => string>> = {
  cjs: commonJs,
  js: module,
  json: ({ dice }) => dice.of(['{ "v": 1, "text": "a\\n});\\n" }', "[1, 2]", '"x"']),
  ts: module,
};

/** A module that another one may need: a later one, or where there are circles any but the first; seldom a page. */
function target({ dice, kinds, pages, isCyclic }: Graph, at: number): number | undefined {
  const isBack = isCyclic && (dice.below(4) === 0 || at + 1 === kinds.length);
  const hasPages = dice.below(6) === 0;
  const targets = kinds.map((_, other) => other).filter((other) => other > (isBack ? 0 : at));
  const found = targets.filter((other) => hasPages || !pages.includes(other));
  return found.length > 0 ? dice.of(found) : undefined;
}

function commonJs(graph: Graph, at: number): string {
  const { dice, names, isThrowing } = graph;
  const lines = [`log("m${at} begins");`];
  for (let left = dice.below(3); left > 0; left--) {
    const other = target(graph, at);
    if (other === undefined) continue;
    const path = `"./${names[other]}"`;
    lines.push(
      dice.of([
        `read("m${at} requires m${other}", () => require(${path}));`,
        `later("m${at} imports m${other}", () => import(${path}));`,
        `later("m${at} requires m${other}", () => require(${path}));`,
        `require(${path});`,
      ]),
    );
    if (isThrowing && dice.below(6) === 0) lines.push(`throw new Error("m${at}");`);
  }
  if (dice.below(4) === 0) lines.push("exports.__esModule = true; exports.default = 7;");
  lines.push(`exports.v${at} = ${at}; exports.f${at} = () => exports.v${at}++;`, `log("m${at} ends");`);
  return lines.join("\n");
}

function module(graph: Graph, at: number): string {
  const { dice, kinds, isThrowing } = graph;
  const body = [
    `log("m${at} begins");`,
    `export ${dice.of(["let", "var"])} v${at} = ${at};`,
    `export function f${at}() { return ++v${at}; }`,
    `export const c${at} = () => v${at};`,
    ...OWN.filter(() => dice.below(6) === 0).map((text) => text.replaceAll("AT", `${at}`)),
  ];
  if (kinds[at] === "ts") body.push(...TYPED.filter(() => dice.below(3) === 0));
  for (let left = dice.below(6); left > 0; left--) body.push(...link(graph, at, left));
  if (isThrowing && dice.below(5) === 0)
    body.splice(1 + dice.below(body.length), 0, `throw new Error("m${at}");`);
  const directive = dice.of(["", "", "", '"use strict"; log(function () { return this === undefined; }());']);
  return [directive, ...body, `log("m${at} ends");`].join("\n");
}

/** What a module has to do with another one, in lines that stand behind one another or not. */
function link(graph: Graph, at: number, number: number): string[] {
  const { dice, names, kinds, pages } = graph;
  const other = target(graph, at);
  if (other === undefined) return [];
  const path = `"./${names[other]}"`;
  const [own, value, call] = [`${at}_${number}`, `v${other}_${number}`, `f${other}_${number}`];
  const page = pages.length > 0 && dice.below(8) > 0 ? dice.of(pages) : other;
  const pagePath = `"./${names[page]}"`;
  switch (dice.below(dice.below(3) === 0 ? 12 : 8)) {
    case 0:
      return [`import ${path};`];
    case 1:
    case 2:
      if (kinds[other] === "json")
        return [`import d${own} from ${path};`, `read("m${at} has m${other}", () => d${own});`];
      return [
        `import { v${other} as ${value}, f${other} as ${call} } from ${path};`,
        `read("m${at} calls m${other}", () => [${value}, ${call}(), ${value}]);`,
        `export function g${own}() { return [${value}, ${call}()]; }`,
        `later("m${at} calls m${other}", () => g${own}());`,
      ];
    case 3:
      return [`import * as n${own} from ${path};`, `read("m${at} has m${other}", () => ({ ...n${own} }));`];
    case 4:
      return kinds[other] === "json" ? [] : [`export * from ${path};`];
    case 5:
      return [`export * as x${own} from ${path};`];
    case 6:
    case 7:
      return [`later("m${at} imports m${page}", () => import(${pagePath}));`];
    case 8:
      return [
        `import(${pagePath}).then((all) => log("m${at} has got " + Object.keys(all)), (error) => log(error));`,
      ];
    case 9:
      return [`later("m${at} requires m${other}", () => require(${path}));`];
    case 10:
      return [`read("m${at} requires m${other}", () => require(${path}));`];
    default:
      return [`export { default as d${own} } from ${path};`].filter(() => kinds[other] === "json");
  }
}

const OWN: readonly string[] = [
  "export default class { static said = log('static'); own() { return vAT; } }",
  "let shared = AT, other = () => shared++; later('mAT counts', other);",
  "for (var index = 0, held = []; index < 2; index++) { let m1_exports = index; held.push(() => m1_exports); } log(held.map((get) => get()));",
  "if (vAT) { var deep = 'deep'; } log(deep); { function inBlock() { return 1; } log(typeof inBlock); }",
  "const { a: [first] = [5], ...rest } = { z: 1 }; log(first + JSON.stringify(rest));",
  'const text = `AT\n    init_m9();\n});\n// m1.js\n  }\n});\nvar init_m8 = __esm({\n  "m8.js"() {\n`; log(text.length);',
  "const own = 3; export { own as 'own name' };",
  "class Own { static #count = 1; static count() { return Own.#count++; } } log(Own.count() + Own.name);",
  "const init_m7 = () => log('own'); init_m7();",
];

const TYPED: readonly string[] = [
  "enum Level { Low, High } namespace space { export const own = Level.High; } log(Level[0] + space.own);",
  "using used = { [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() { log('left'); } } as any;",
];
