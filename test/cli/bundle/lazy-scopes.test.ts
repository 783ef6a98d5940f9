// Bundles whose lazy modules stand in functions of their own do what they did before.

import { expect, test } from "vitest";
import { bundled, type Files } from "./bundled.ts";

interface Case {
  /** By their names; `main.js` exports a function by default. */
  readonly files: Files;
  /** What that function gives. */
  readonly gives: unknown;
  /** The names of the functions, in their order. */
  readonly functions: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  "bindings that change, and a circle through a module that runs at the start": {
    files: {
      "main.js": `
        import { log } from "./log.js";
        export const start = log.push("main");
        export default async () => {
          const lazy = await import("./lazy.js");
          lazy.count();
          return [lazy.counter, lazy.seen(), log];
        };`,
      "log.js": "export const log = [];",
      "lazy.js": `
        import { start } from "./main.js";
        import { log } from "./log.js";
        log.push("lazy");
        export let counter = 0;
        export function count() { counter++; }
        export const seen = () => start;`,
    },
    gives: [1, 1, ["main", "lazy"]],
    functions: ["__lazy_init_lazy"],
  },
  "a module that two of them import, with what only it needs": {
    files: {
      "main.js": `export default async () => {
        const [{ one }, { two }] = await Promise.all([import("./one.js"), import("./two.js")]);
        return [await one(), await two()];
      };`,
      "one.js": 'export const one = async () => (await import("./both.js")).next();',
      "two.js": 'export const two = async () => (await import("./both.js")).next();',
      "both.js": 'import { state } from "./state.js"; export const next = () => ++state.count;',
      "state.js": "export const state = { count: 0 };",
    },
    gives: [1, 2],
    functions: ["__lazy_init_both", "__lazy_init_one", "__lazy_init_two"],
  },
  "a module within a module": {
    files: {
      "main.js": 'export default async () => (await import("./outer.js")).ask();',
      "outer.js": `
        import { shared } from "./shared.js";
        export const ask = async () => [(await import("./inner.js")).inner, shared];`,
      "inner.js": 'import { shared } from "./shared.js"; export const inner = shared + 1;',
      "shared.js": "export const shared = 1;",
    },
    gives: [2, 1],
    functions: ["__lazy_init_outer", "__lazy_init_inner"],
  },
  "require() of what is imported too": {
    files: {
      "main.js": `export default async () => {
        const { own } = await import("./lazy.cjs");
        return [own, (await import("./other.js")).other, require("./other.js").other];
      };`,
      "lazy.cjs": 'exports.own = require("./part.cjs").part + require("./part.cjs").part;',
      "part.cjs": "global.partsRun = (global.partsRun ?? 0) + 1; exports.part = global.partsRun;",
      "other.js": "export const other = 3;",
    },
    gives: [2, 3, 3],
    functions: ["__lazy_require_lazy"],
  },
  "JSON, with attributes and without": {
    files: {
      "main.js": `
        export default async () => [
          (await import("./data.json", { with: { type: "json" } })).default,
          (await import("./data.json")).default,
          (await import("./lazy.js")).data,
        ];`,
      "lazy.js": 'import data from "./own.json"; export { data };',
      "data.json": '{ "a": "\\n// main.js\\n" }',
      "own.json": "[1]",
    },
    gives: [{ a: "\n// main.js\n" }, { a: "\n// main.js\n" }, [1]],
    functions: expect.arrayContaining(["__lazy_init_lazy"]),
  },
  "names that stand in several modules, and outside of ASCII": {
    files: {
      "main.js": `
        import { name } from "./sub/lazy.js";
        const init_lazy = "main";
        export default async () => [name, init_lazy, (await import("./lazy.js")).name, (await import("./é.js")).é];`,
      "sub/lazy.js": 'export const name = "sub"; export const lazy_exports = 1;',
      "lazy.js": 'import { name as sub } from "./sub/lazy.js"; export const name = sub + "lazy";',
      "é.js": "export const é = /é/.test('é');",
    },
    gives: ["sub", "main", "sublazy", true],
    functions: expect.arrayContaining(["__lazy_init_lazy2"]),
  },
  "classes, directives and words for the kernel": {
    files: {
      "main.js": `
        export default async () => {
          const { Lazy } = await import("./lazy.js");
          return [Lazy.made, new Lazy().own(), Lazy.name];
        };`,
      "lazy.js": `#!/usr/bin/env node
        "use strict";
        export class Lazy {
          static #made = [];
          static { Lazy.#made.push(this.name); }
          static get made() { return Lazy.#made; }
          own() { return typeof this; }
        }`,
    },
    gives: [["Lazy"], "object", "Lazy"],
    functions: ["__lazy_init_lazy"],
  },
  "lines of a text that look like those in front of modules": {
    files: {
      "main.js": `
        import { text } from "./text.js";
        export default async () => [text, (await import("./lazy.js")).after(), (await import("./late.js")).late];`,
      "text.js":
        "export const text = `\n// late.js\nvar late = 1;\n\n// lazy.js\nvar lazy = 1;\n// text.js\n`;",
      "lazy.js": `
        export const text = \`
// text.js
var text = 1;

// lazy.js
var lazy = 2;
// late.js
// main.js
\${1}
// late.js
\`;
        export function after() { return text.length; }`,
      "late.js": 'export const late = "late";',
    },
    gives: [
      "\n// late.js\nvar late = 1;\n\n// lazy.js\nvar lazy = 1;\n// text.js\n",
      "\n// text.js\nvar text = 1;\n\n// lazy.js\nvar lazy = 2;\n// late.js\n// main.js\n1\n// late.js\n"
        .length,
      "late",
    ],
    functions: ["__lazy_init_lazy", "__lazy_init_late"],
  },
  "modules that are found by a pattern": {
    files: {
      "main.js": `
        export default async () => {
          const { page } = await import("./lazy.js");
          const found = (name) => import("./pages/" + name + ".js");
          return [await page("one"), (await found("two")).two];
        };`,
      "lazy.js": 'export const page = async (name) => (await import("./parts/" + name + ".js")).one;',
      "parts/one.js": 'import { shared } from "../shared.js"; export const one = shared;',
      "pages/two.js": 'import { shared } from "../shared.js"; export const two = shared;',
      "shared.js": "export const shared = 1;",
    },
    gives: [1, 1],
    functions: expect.anything(),
  },
  "a package that was bundled and shortened before": {
    files: {
      "main.js": `
        import { start } from "package";
        export default async () => [await start(), (await import("package/late")).default()];`,
      "node_modules/package/package.json":
        '{ "name": "package", "exports": { ".": "./index.mjs", "./late": "./late.cjs" }, "sideEffects": false }',
      "node_modules/package/index.mjs": `
var __esm = (fn, res) => function __init() { return fn && (res = (0, fn[Object.getOwnPropertyNames(fn)[0]])(fn = 0)), res; };
// lazy.js
var lazy_exports = {};
var lazy, init_lazy = __esm({
  "lazy.js"() {
    lazy = 1; lazy_exports.lazy = lazy;
  }
});
export const start = () => Promise.resolve().then(() => (init_lazy(), lazy_exports)).then(({ lazy }) => lazy);`,
      "node_modules/package/late.cjs":
        "var t=Object.create,e=(n,r)=>()=>(r||n((r={exports:{}}).exports,r),r.exports),i=e((n,r)=>{r.exports=()=>7});module.exports=i();",
    },
    gives: [1, 7],
    functions: ["__lazy_require_late"],
  },
  "a circle through the entry": {
    files: {
      "main.js": 'export const own = 1; export default async () => (await import("./lazy.js")).ask();',
      "lazy.js": 'export const ask = async () => (await import("./main.js")).own;',
    },
    gives: 1,
    functions: ["__lazy_init_lazy"],
  },
  "a text that looks like what asks for a module": {
    files: {
      "main.js": `
        const text = "Promise.resolve().then(() => (init_lazy(), lazy_exports))";
        export default async () => [text, (await import("./lazy.js")).lazy];`,
      "lazy.js": "export const lazy = 1;",
    },
    gives: ["Promise.resolve().then(() => (init_lazy(), lazy_exports))", 1],
    functions: [],
  },
  "what others name, but do not use": {
    files: {
      "package.json": '{ "sideEffects": false }',
      "main.js": `
        import { lazy } from "./lazy.js";
        export * as all from "./barrel.js";
        export default async () => (await import("./lazy.js")).other;`,
      "barrel.js": 'export { lazy } from "./lazy.js";',
      "lazy.js": "export const lazy = 1; export const other = 2;",
    },
    gives: 2,
    functions: [],
  },
};

test.each(Object.entries(cases))("%s", async (_name, { files, gives, functions }) => {
  const { code, scoped } = await bundled(files);
  expect([await given(code), await given(scoped)]).toEqual([gives, gives]);
  expect([...scoped.matchAll(/^function (__lazy_\w+)\(\) \{$/gm)].map(([, name]) => name)).toEqual(functions);
});

/** What a bundle's function gives. */
async function given(code: string): Promise<unknown> {
  Reflect.deleteProperty(globalThis, "partsRun");
  const module = { exports: {} as { default?: () => unknown } };
  new Function("module", "exports", "require", code)(module, module.exports, undefined);
  return module.exports.default?.();
}
