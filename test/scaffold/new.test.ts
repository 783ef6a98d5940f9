import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { postern } from "../../lib/cli/postern.ts";
import { temporaryFolder } from "../support/folder.ts";
import { root } from "../support/postern.ts";
import { templateNames } from "../support/project.ts";

/** An empty folder, and the command line called in it. */
function place() {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  const call = async (...argv: string[]) => {
    const lines = { out: [] as string[], err: [] as string[] };
    const io = {
      out: (line: string) => lines.out.push(line),
      err: (line: string) => lines.err.push(line),
      write: () => {},
      cwd: path,
    };
    const status = await postern(["new", ...argv], io);
    return { status, out: lines.out.join("\n"), err: lines.err.join("\n") };
  };
  return { path, call };
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

const languages = [
  { language: "TypeScript", options: [] },
  { language: "JavaScript", options: ["--js"] },
];

describe.each(templateNames)("postern new --template %s", (template) => {
  test.each(languages)("in $language has every file of a project", async ({ language, options }) => {
    const { path, call } = place();
    const { status, out } = await call("my-app", "--template", template, ...options);
    expect(status).toBe(0);
    expect(out).toMatch(new RegExp(`^my-app is there: template ${template}, in ${language}, `));
    const end = language === "TypeScript" ? "ts" : "js";
    const made = files(join(path, "my-app"));
    expect(made).toEqual(
      expect.arrayContaining([
        ".gitignore",
        "README.md",
        `app.${end}`,
        "cgi-bin/index.cgi",
        "deploy/lighttpd.conf",
        `main.${end}`,
        "package.json",
        `test/app.test.${end}`,
      ]),
    );
    const foreign = language === "TypeScript" ? /\.js$/ : /\.ts$|tsconfig/;
    expect(made.filter((name) => foreign.test(name) || /_gitignore|node_modules/.test(name))).toEqual([]);
    expect(statSync(join(path, "my-app/cgi-bin/index.cgi")).mode & 0o111).toBe(0o111);
  });

  test.each(languages)("in $language nothing speaks of the other one, or of a template", async (kind) => {
    const { path, call } = place();
    await call("my-app", "--template", template, ...kind.options);
    const foreign =
      kind.language === "TypeScript" ? /postern-template/ : /postern-template|\.ts\b|tsc\b|(?<!es)build/i;
    const wrong = files(join(path, "my-app")).filter((name) => {
      return foreign.test(readFileSync(join(path, "my-app", name), "utf8"));
    });
    expect(wrong).toEqual([]);
  });
});

test("the project has the folder's name, and depends on the checkout that made it", async () => {
  const { path, call } = place();
  const { out } = await call("deep/er/my-site");
  const manifest = JSON.parse(readFileSync(join(path, "deep/er/my-site/package.json"), "utf8"));
  expect(manifest).toMatchObject({ name: "my-site", dependencies: { postern: `file:${root}` } });
  expect(readFileSync(join(path, "deep/er/my-site/README.md"), "utf8")).toMatch(/^# my-site\n/);
  expect(out).toContain(`with postern from the folder ${root}.`);
  expect(out).toMatch(/^ {2}cd deep\/er\/my-site\n {2}npm install\n {2}npm start /m);
});

test("the templates take the versions that this repository is tested with", () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const template of templateNames) {
    const manifest = JSON.parse(readFileSync(join(root, "templates", template, "package.json"), "utf8"));
    expect(devDependencies, template).toMatchObject(manifest.devDependencies);
  }
});

describe("nothing is overwritten", () => {
  test("a folder that is not empty is left as it is", async () => {
    const { path, call } = place();
    mkdirSync(join(path, "my-site"));
    writeFileSync(join(path, "my-site/notes.txt"), "mine");
    expect(await call("my-site")).toEqual({
      status: 1,
      out: "",
      err: "The folder my-site is not empty (it has notes.txt): choose another name, or move what is in it.",
    });
    expect(files(path)).toEqual(["my-site/notes.txt"]);
    expect(readFileSync(join(path, "my-site/notes.txt"), "utf8")).toBe("mine");
  });

  test("a folder with nothing but Git's own is empty", async () => {
    const { path, call } = place();
    mkdirSync(join(path, "my-site/.git"), { recursive: true });
    expect(await call("my-site")).toMatchObject({ status: 0, err: "" });
  });

  test("a file of that name stays", async () => {
    const { path, call } = place();
    writeFileSync(join(path, "my-site"), "mine");
    const err = `${join(path, "my-site")} is there already and is no empty folder: choose another name.`;
    expect(await call("my-site")).toEqual({ status: 1, out: "", err });
    expect(readFileSync(join(path, "my-site"), "utf8")).toBe("mine");
  });

  test("a place below a file is none", async () => {
    const { path, call } = place();
    writeFileSync(join(path, "file"), "mine");
    const err = `${join(path, "file/my-site")} is below a file that is no folder: choose another name.`;
    expect(await call("file/my-site")).toEqual({ status: 1, out: "", err });
  });
});

test.each([
  [[], "Name the folder of the new project: postern new my-site."],
  [["my", "site"], "Name one folder: postern new my-site."],
  [["a", "--template", "blog"], '--template is one of site, api, cgi, interface; "blog" is none of them.'],
  [["My Site"], 'npm refuses the name "My Site": it has capital letters. Take another one, such as my-site.'],
  [["my site"], 'npm refuses the name "my site": it has a blank in it. Take another one, such as my-site.'],
  [
    ["Çedille!"],
    'npm refuses the name "Çedille!": it has capital letters. Take another one, such as cedille.',
  ],
  [["bücher"], 'npm refuses the name "bücher": it has "ü" in it. Take another one, such as bucher.'],
  [[".hidden"], 'npm refuses the name ".hidden": it begins with ".". Take another one, such as hidden.'],
  [["_x"], 'npm refuses the name "_x": it begins with "_". Take another one, such as x.'],
  [
    ["node_modules"],
    'npm refuses the name "node_modules": it means something else. Take another one, such as my-node_modules.',
  ],
  [
    ["http"],
    'npm refuses the name "http": it is the name of a module of Node. Take another one, such as my-http.',
  ],
  [[""], 'npm refuses the name "": it is empty. Take another one, such as my-site.'],
  [
    ["x".repeat(215)],
    `npm refuses the name "${"x".repeat(215)}": it is longer than 214 characters. Take another one, such as ${"x".repeat(214)}.`,
  ],
])("%j is a mistake, told in one sentence, and makes nothing", async (argv, sentence) => {
  const { path, call } = place();
  expect(await call(...argv)).toEqual({ status: 2, out: "", err: sentence });
  expect(files(path)).toEqual([]);
});
