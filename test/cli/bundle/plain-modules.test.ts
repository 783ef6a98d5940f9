// Modules without the functions that esbuild puts around them run when they ran, and as they ran.

import { createRequire, SourceMap } from "node:module";
import { Script } from "node:vm";
import { expect, test } from "vitest";
import { bundled, type Files } from "./bundled.ts";

interface Case {
  /** `main.js` exports a function by default. What modules say with `log()` is kept. */
  readonly files: Files;
  /** What was said, and behind it what that function gives. */
  readonly gives: readonly unknown[];
  /** Functions of esbuild's that are left. */
  readonly kept: readonly string[];
  /** Functions of esbuild's that are not. */
  readonly plain: readonly string[];
}

const START = 'import * as main from "./main.js"; give(main);';

const cases: Readonly<Record<string, Case>> = {
  "what the start needs, in its order": {
    files: {
      "main.js": `
        import { one } from "./one.js";
        import two from "./two.cjs";
        import { three } from "./three.js";
        log("main " + one + two + three);
        export default async () => (await import("./lazy.js")).all;`,
      "one.js": 'import { three } from "./three.js"; log("one " + three); export const one = 1;',
      "two.cjs": 'log("two"); module.exports = 2;',
      "three.js": 'log("three"); export const three = 3;',
      "lazy.js": `
        import { three } from "./three.js";
        import { one } from "./one.js";
        log("lazy");
        export const all = one + three;`,
    },
    gives: ["three", "one 3", "two", "main 123", "lazy", 4],
    kept: ["init_lazy"],
    plain: ["init_one", "init_three"],
  },
  "what runs along with a module, in its order": {
    files: {
      "main.js":
        'export default async () => [(await import("./lazy.js")).lazy, (await import("./lazy.js")).lazy];',
      "lazy.js": `
        log("lazy " + typeof later);
        import { one, later } from "./one.js";
        import two from "./two.cjs";
        import "./three.js";
        export const lazy = [one, two];`,
      "one.js": 'import "./three.js"; log("one"); export const one = 1; export const later = () => one;',
      "two.cjs": 'log("two"); module.exports = 2;',
      "three.js": 'log("three");',
    },
    gives: [
      "three",
      "one",
      "two",
      "lazy function",
      [
        [1, 2],
        [1, 2],
      ],
    ],
    kept: ["init_lazy"],
    plain: ["init_one", "init_three"],
  },
  "bindings that change, and circles": {
    files: {
      "main.js": `
        import { count, counter } from "./counter.js";
        count();
        log(counter);
        export default async () => { await import("./lazy.js"); count(); return counter; };`,
      "counter.js": `
        import { other } from "./other.js";
        export let counter = 0;
        export function count() { counter += 1; }
        log("counter " + other());`,
      "other.js": `
        import { count, counter } from "./counter.js";
        count();
        log("other " + counter);
        export const other = () => counter;`,
      "lazy.js": `
        import { own } from "./own.js";
        import { count, counter } from "./counter.js";
        export const lazy = "lazy";
        export const seen = () => own;
        count();
        log(own + counter);`,
      "own.js": `
        import { lazy, seen } from "./lazy.js";
        log("own " + lazy + seen?.());
        export const own = "own";`,
    },
    gives: ["other NaN", "counter 0", 1, "own undefinedundefined", "own2", 3],
    kept: ["init_lazy"],
    plain: ["init_counter", "init_other", "init_own"],
  },
  "what throws, at each import() anew": {
    files: {
      "main.js": `export default async () => {
        const failure = (error) => error.message;
        const first = await import("./lazy.js").catch(failure);
        const second = await import("./lazy.js").catch(failure);
        return [first, second, first === second];
      };`,
      "lazy.js": 'import "./one.js"; import "./bad.js"; import "./two.js"; log("lazy");',
      "one.js": 'log("one");',
      "bad.js": 'log("bad"); if (typeof log) throw new Error("bad");',
      "two.js": 'log("two");',
    },
    gives: ["one", "bad", ["bad", "bad", true]],
    kept: ["init_lazy"],
    plain: ["init_one", "init_bad", "init_two"],
  },
  "what runs behind a module that has thrown, for another one that needs it": {
    files: {
      "main.js": `export default async () => {
        const pages = (globalThis.pages = []);
        const failure = (error) => error.message;
        const first = await import("./lazy.js").catch(failure);
        return [first, ...(await Promise.all(pages.map((page) => page().catch(failure))))];
      };`,
      "lazy.js": 'import "./one.js"; import "./bad.js"; import "./two.js"; log("lazy");',
      "one.js": 'globalThis.pages.push(() => import("./page.js"), () => import("./worse.js"));',
      "bad.js": 'log("bad"); if (typeof log) throw new Error("bad");',
      "two.js": 'import { three } from "./three.js"; log("two"); export const two = 2 + three;',
      "three.js": 'log("three"); export const three = 3;',
      "page.js": 'import { two } from "./two.js"; export const page = two;',
      "worse.js": 'import "./bad.js"; export const worse = true;',
    },
    gives: ["bad", "three", "two", ["bad", { page: 5 }, "bad"]],
    kept: ["init_lazy", "init_page", "init_worse", "init_bad", "init_two", "init_three"],
    plain: ["init_one"],
  },
  "import() of what is needed at the start too": {
    files: {
      "main.js": `
        import { one } from "./one.js";
        export default async () => (await import("./one.js")).one === one;`,
      "one.js": 'import "./two.js"; log("one"); export const one = {};',
      "two.js": 'log("two");',
    },
    gives: ["two", "one", true],
    kept: ["init_one", "init_two"],
    plain: [],
  },
  "require() of modules, at the top and late": {
    files: {
      "main.js": `
        import "./early.cjs";
        import { top } from "./top.js";
        log("main " + top);
        export default async () => [require("./late.js").late, (await import("./lazy.js")).lazy];`,
      "early.cjs": 'log("early"); exports.top = require("./top.js").top; log("early " + exports.top);',
      "top.js": 'import { base } from "./base.js"; log("top"); export const top = "top" + base;',
      "base.js": 'log("base"); export const base = "base";',
      "late.js": 'import { plain } from "./plain.js"; log("late"); export const late = "late" + plain;',
      "plain.js": 'log("plain"); export const plain = "plain";',
      "lazy.js": 'import { own } from "./own.js"; export const lazy = own;',
      "own.js": 'log("own"); export const own = "own";',
    },
    gives: [
      "early",
      "base",
      "top",
      "early topbase",
      "main topbase",
      "plain",
      "late",
      "own",
      ["lateplain", "own"],
    ],
    kept: ["init_top", "init_base", "init_late", "init_plain", "init_lazy"],
    plain: ["init_own"],
  },
  "JSON, whole modules, and what they hand on": {
    files: {
      "main.js": `
        import * as all from "./all.js";
        log(Object.keys(all).join());
        export default async () => {
          const lazy = await import("./lazy.js");
          return [Object.keys(lazy), lazy.named.data, lazy.data, lazy.own, lazy.named === (await import("./lazy.js")).named];
        };`,
      "all.js": 'export * from "./data.js"; export * as named from "./data.js";',
      "data.js": 'import data from "./data.json"; export { data }; export default data;',
      "data.json": '{ "text": "    init_nobody();\\n});\\n" }',
      "lazy.js": 'export * from "./all.js"; export * from "./own.js";',
      "own.js": 'export { default as own } from "./own.json"; export { default as other } from "./data.js";',
      "own.json": "[1]",
    },
    gives: [
      "data,named",
      [
        ["data", "named", "other", "own"],
        { text: "    init_nobody();\n});\n" },
        { text: "    init_nobody();\n});\n" },
        [1],
        true,
      ],
    ],
    kept: ["init_lazy"],
    plain: ["init_all", "init_data", "init_data2", "init_own", "init_own2"],
  },
  "what TypeScript declares": {
    files: {
      "main.js": `
        import { Level, space } from "./types.ts";
        log([Level.High, Level[1], space.own, space.level].join());
        export default async () => (await import("./lazy.ts")).told;`,
      "types.ts": `
        export enum Level { Low, High }
        const enum Hidden { One = "one" }
        export namespace space { export const own = Hidden.One; export let level = Level.Low; }`,
      "lazy.ts": `
        import { Told } from "./told.ts";
        import { Level } from "./types.ts";
        export const told = [new Told("name").tell(), Told.name, Level.High];`,
      "told.ts": `
        const seen: string[] = [];
        function noted(_value: unknown, { name }: { name: string | symbol | undefined }): any { seen.push(String(name)); }
        @noted export class Told {
          constructor(private readonly own: string) {}
          @noted accessor one = 1;
          @noted tell() { return [this.own, this.one, ...seen].join(); }
        }`,
    },
    gives: ["1,High,one,0", ["name,1,one,tell,Told", "Told", 1]],
    kept: ["init_lazy"],
    plain: ["init_types", "init_told"],
  },
  "what declares something for itself alone": {
    files: {
      "main.js": `export default async () => (await import("./lazy.ts")).default();`,
      "lazy.ts": `
        import "./used.ts";
        import "./evaluated.ts";
        import "./others.ts";
        import { own } from "./own.ts";
        export default () => [typeof held, typeof evaluated, own];`,
      "used.ts": `
        using held = { [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() { log("left"); } } as any;
        var declared = typeof held;
        log(declared);`,
      "evaluated.ts": 'export const own = 1; eval("var evaluated = 1"); log("evaluated");',
      "others.ts": "log(typeof declared + typeof evaluated);",
      "own.ts": "export const own = 1;",
    },
    gives: ["object", "left", "evaluated", "undefinedundefined", ["undefined", "undefined", 1]],
    kept: ["init_lazy", "init_used", "init_evaluated"],
    plain: ["init_others", "init_own"],
  },
  "variables in blocks, and names that stand in several modules": {
    files: {
      "main.js": `
        import { own } from "./one.js";
        var index = "main", deep = "main";
        log(own() + index);
        export default async () => [(await import("./lazy.js")).own(), own(), index, deep];`,
      "one.js": `
        import { index as other } from "./two.js";
        for (var index = 0, held = []; index < 2; index++) { let lazy_exports = index; held.push(() => lazy_exports); }
        if (index) { var deep = other; function own2() { return deep; } }
        label: for (var name of ["a", "b"]) { if (name) continue label; }
        const { a: [first] = [5], ...others } = { z: 1 };
        export function own() { return [index, deep, name, first, others.z, held.map((own) => own())].join(); }`,
      "two.js": "export var index = 7; var deep, name, own; let others, held = 1; class first {}",
      "lazy.js": `
        import { index } from "./two.js";
        import { own as shown } from "./own.js";
        import { own as other } from "./one.js";
        let deep = "lazy";
        export const own = () => deep + index + shown + other();`,
      "own.js": 'let deep = "own"; const lazy_exports = deep; export { lazy_exports as own };',
    },
    gives: ["2,7,b,5,1,0,1main", ["lazy7own2,7,b,5,1,0,1", "2,7,b,5,1,0,1", "main", "main"]],
    kept: ["init_lazy"],
    plain: ["init_one", "init_two", "init_own"],
  },
  "lines of a text that look like esbuild's": {
    files: {
      "main.js": `
        import { one } from "./one.js";
        import "./two.js";
        import "./three.js";
        export default async () => [one, (await import("./lazy.js")).lazy];`,
      "one.js": `
export const one = \`
    init_own();
init_own();
  }
});

// two.js
\${1}
\`;`,
      "two.js": `
        require("node:path"), log(\`();
    init_three();
\`);`,
      "three.js": "export const three = 3;",
      "lazy.js": `
        import { own } from "./own.js";
        import "./one.js";
        export const text = () => \`
var init_own = __esm({
  "own.js"() {
\`;
        export const lazy = own;
        import "./two.js";
        import "./three.js";`,
      "own.js": `
        export const own = \`\${1}
var init_own = __esm({
  "own.js"() {
    "use strict";
    init_own();
  }
});
\`;`,
    },
    gives: [
      "();\n    init_three();\n",
      [
        "\n    init_own();\ninit_own();\n  }\n});\n\n// two.js\n1\n",
        '1\nvar init_own = __esm({\n  "own.js"() {\n    "use strict";\n    init_own();\n  }\n});\n',
      ],
    ],
    kept: ["init_three", "init_own", "init_lazy"],
    plain: ["init_one", "init_two"],
  },
  "a text that looks like the beginning of a module, and code like its end": {
    files: {
      "main.js": `
        import "./text.js";
        import "./one.js";
        export default async () => (await import("./lazy.js")).lazy;`,
      "text.js": `
        log(\`
var init_nobody = __esm({
  "text.js"() {
    init_one();
\`);
        log({
          own() {}
        });`,
      "one.js": 'log("one"); export const one = 1;',
      "lazy.js": 'import { one } from "./one.js"; export const lazy = one;',
    },
    gives: [
      '\nvar init_nobody = __esm({\n  "text.js"() {\n    init_one();\n',
      { own: expect.any(Function) },
      "one",
      1,
    ],
    kept: ["init_nobody", "init_one", "init_lazy"],
    plain: [],
  },
  "names of the application's that are like esbuild's": {
    files: {
      "main.js": `
        import { init_one, one } from "./one.js";
        import { init_two } from "./two.js";
        init_two();
        init_one();
        export default async () => [one, (await import("./lazy.js")).lazy];`,
      "one.js": 'export let one = 0; export function init_one() { log("own " + ++one); }',
      "two.js": 'export const init_two = () => log("two"), two = 2, two_exports = 3;',
      "lazy.js":
        'import { one } from "./one.js"; import { two_exports } from "./two.js"; export const lazy = one + two_exports;',
    },
    gives: ["two", "own 1", [1, 4]],
    // esbuild's helper for the names of functions is told them.
    kept: ["init_lazy", "init_one", "init_two"],
    plain: [],
  },
  "functions of the application's like esbuild's, which run at each call": {
    files: {
      "main.js": `
        import { init_own } from "./made.js";
        init_own();
        import { again } from "./again.js";
        again();
        export default () => again();`,
      "made.js": `
        const __esm = (methods) => Object.values(methods)[0];
        export const init_own = __esm({
  "own"() {
    log("own");
  }
});`,
      "again.js": 'import { init_own } from "./made.js"; export const again = () => init_own();',
    },
    gives: ["own", "own", "own", undefined],
    kept: ["init_own"],
    plain: [],
  },
  "a function of the application's like esbuild's, which is called once": {
    files: {
      "main.js":
        'import { init_own } from "./made.js"; init_own(); log("main"); export default async () => 1;',
      "made.js": `
        const __esm = (methods) => () => { log("made"); Object.values(methods)[0](); };
        export const init_own = __esm({
  "own"() {
    log("own");
  }
});`,
    },
    gives: ["made", "own", "main", 1],
    kept: ["init_own"],
    plain: [],
  },
  "strict modules along with one that does not say so": {
    files: {
      "main.js": `
        import "./plain.js";
        export default async () => (await import("./lazy.js")).lazy;`,
      "plain.js": '"use strict"; log(function () { return this; }());',
      "lazy.js":
        'import "./own.js"; import { strict } from "./strict.js"; import "./plain.js"; export const lazy = strict;',
      "own.js": 'log("own");',
      "strict.js": `"use client"; "use strict";
        let strict;
        try { Object.freeze([]).push(1), Object.freeze({}).own = 1; } catch { }
        try { Object.freeze({}).own = 1; strict = "changed"; } catch { strict = "refused"; }
        export { strict };`,
    },
    gives: [undefined, "own", "refused"],
    kept: ["init_lazy"],
    plain: ["init_own", "init_plain", "init_strict"],
  },
  "a first statement that begins and ends with a text": {
    files: {
      "main.js": 'import "./one.js"; export default async () => (await import("./lazy.js")).lazy;',
      "one.js": '"one" + log("one") + "one"; export const one = 1;',
      "lazy.js": 'import { one } from "./one.js"; export const lazy = one;',
    },
    gives: ["one", 1],
    kept: ["init_lazy"],
    plain: ["init_one"],
  },
  "packages that were bundled before": {
    files: {
      "main.js": `
        import { two } from "package";
        log("main " + two);
        export default async () => [(await import("./lazy.js")).lazy, (await import("package")).two];`,
      "lazy.js":
        'import { three } from "package/three"; import { two } from "package"; export const lazy = two + three;',
      "node_modules/package/package.json":
        '{ "name": "package", "exports": { ".": "./index.mjs", "./three": "./three.mjs" } }',
      "node_modules/package/index.mjs": `
var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res) => function __init() { return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res; };
// one.js
var one;
var init_one = __esm({
  "one.js"() {
    log("one");
    one = 1;
  }
});
// two.js
init_one();
export var two = one + 1;`,
      "node_modules/package/three.mjs": `
var __esm = (fn, res) => function __init() { return fn && (res = (0, fn[Object.getOwnPropertyNames(fn)[0]])(fn = 0)), res; };
export var three;
var init_three = __esm({
  "three.js"() {
    three = 3;
  }
});
init_three();`,
    },
    gives: ["one", "main 2", [5, 2]],
    // The package's own are among them.
    kept: ["init_lazy", "init_package", "init_one", "init_three2"],
    plain: ["init_three"],
  },
};

test.each(Object.entries(cases))("%s", async (_name, { files, gives, kept, plain }) => {
  const { code, scoped } = await bundled(files, START);
  expect(await given(code)).toEqual(gives);
  expect(await given(scoped)).toEqual(gives);
  expect(functionsOf(scoped)).toEqual([...kept].sort());
  expect(functionsOf(code)).toEqual([...kept, ...plain].sort());
});

test("the source map names the places of what was moved, and of what stands behind it", async () => {
  const files: Files = {
    "main.js": `
      import "./one.js"; import "./two.ts";
      log(new Error("main"));
      export default async () => { await import("./lazy.js"); log(new Error("late")); };`,
    "one.js": `
      import "./two.ts";
      export const text = \`\${1}
        \${log(new Error("text"))}\`; log(new Error("one"));`,
    "two.ts": 'interface Two { two: string }\nlog(new Error("two") satisfies Error);',
    "lazy.js": `
      import "./own.js";
      import "./one.js";
      export const lazy = () => {}; log(new Error("lazy"));`,
    "own.js": `
      import "./two.ts"; import "./sub/deep.js";
      "use strict"; export let own; log(new Error("own"));`,
    "sub/deep.js": 'function deep() {\n  return new Error("deep");\n}\nlog(deep());',
  };
  const { scoped, map } = await bundled(files, START);
  expect(functionsOf(scoped)).toEqual(["init_lazy"]);
  const sources = new SourceMap(JSON.parse(map));
  const places = ((await given(scoped)).slice(0, -1) as Error[]).map(({ message, stack = "" }) => {
    const [, line, column] = /bundle\.js:(\d+):(\d+)/.exec(stack) ?? [];
    const entry = sources.findEntry(Number(line) - 1, Number(column) - 1);
    if (!("originalSource" in entry)) return message;
    const text = files[entry.originalSource]?.split("\n")[entry.originalLine]?.slice(entry.originalColumn);
    return `${message} ${entry.originalSource}: ${text?.slice(0, `new Error("${message}`.length)}`;
  });
  expect(places).toEqual([
    'two two.ts: new Error("two',
    'text one.js: new Error("text',
    'one one.js: new Error("one',
    'main main.js: new Error("main',
    'deep sub/deep.js: new Error("deep',
    'own own.js: new Error("own',
    'lazy lazy.js: new Error("lazy',
    'late main.js: new Error("late',
  ]);
});

/** The functions around modules, by their names. */
function functionsOf(code: string): string[] {
  const names = [...code.matchAll(/^ *(?:var )?(init_\w+) = __esm\d*\(\{$/gm)].map(([, name = ""]) => name);
  return [...new Set(names)].sort();
}

/** What the modules of a bundle say, and what the function gives that they export. */
async function given(code: string): Promise<unknown[]> {
  const said: unknown[] = [];
  let main: { default?: () => unknown } = {};
  const give = (exported: typeof main) => {
    main = exported;
  };
  const require = createRequire(import.meta.url);
  const script = new Script(`(function (give, log, require) {${code}\n})`, { filename: "bundle.js" });
  script.runInThisContext()(give, (value: unknown) => said.push(value), require);
  const value = await main.default?.();
  return [...said, value];
}
