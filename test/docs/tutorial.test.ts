// docs/tutorial.md: what each step shows is a program that does what the step says, and the last one is examples/wiki.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { App, Browser } from "../../lib/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { root } from "../support/postern.ts";
import { wikiFiles, writeProgram } from "../support/wiki-program.ts";

const page = readFileSync(join(root, "docs/tutorial.md"), "utf8");

/** The files there are after each step, by number. */
const steps = new Map<number, ReadonlyMap<string, string>>();
const files = new Map<string, string>();
for (const section of page.split(/^## (?=\d)/m)) {
  for (const [, name = "", text = ""] of section.matchAll(/^```\w+ file=(\S+)\n(.*?)^```$/gms)) {
    files.set(name, text);
  }
  const number = Number.parseInt(section, 10);
  if (!Number.isNaN(number)) steps.set(number, new Map(files));
}

const folder = temporaryFolder();
afterAll(() => {
  // Other files run in this process.
  delete process.env["WIKI_DATA"];
  folder.remove();
});

async function browse(step: number): Promise<Browser> {
  const path = join(folder.path, String(step));
  process.env["WIKI_DATA"] = join(path, "data");
  const program = temporaryFolder();
  afterAll(program.remove);
  writeProgram(program.path, steps.get(step) ?? new Map());
  const { app } = (await import(/* @vite-ignore */ pathToFileURL(join(program.path, "app.js")).href)) as {
    app: App;
  };
  return app.browser({ fatal: true });
}

async function signUp(browser: Browser, name: string): Promise<void> {
  await browser.open("/log-in");
  await browser.form("log-in").fill({ name, password: "correct horse" }).submit("Create account");
}

async function save(browser: Browser, name: string, text: string): Promise<void> {
  await browser.open(`/${name}/edit`);
  await browser.form("edit").fill({ text }).submit("Save");
}

/** What a visitor does at each step. */
const visits: Readonly<Record<number, (browser: Browser) => Promise<void>>> = {
  async 1(browser) {
    await browser.open("/Home");
    expect(browser.text).toBe("You asked for Home.");
    await browser.open("/home");
    expect(browser.status).toBe(404);
  },
  async 2(browser) {
    await browser.open("/");
    expect([browser.path, browser.status, browser.title]).toEqual(["/Home", 404, "Home"]);
    expect(browser.text).toContain("There is no such page yet.");
  },
  async 3(browser) {
    await browser.open("/");
    await browser.follow("Log in");
    const form = () => browser.form("log-in");
    await form().fill({ name: "Zoë", password: "short" }).submit("Create account");
    expect(browser.select(".wrong").map(({ text }) => text)).toEqual([
      "A password has 8 characters or more.",
    ]);
    expect(form().value("name")).toBe("Zoë");
    await form().fill({ password: "correct horse" }).submit("Log in");
    expect([browser.status, browser.text]).toEqual([422, expect.stringContaining("no such user")]);
    const before = [...browser.cookies].length;
    await form().fill({ password: "correct horse" }).submit("Create account");
    expect([before, browser.path, browser.select("header form")[0]?.text]).toEqual([
      0,
      "/Home",
      "Zoë Log out",
    ]);
    await browser.form("/log-out").submit();
    expect(browser.links().map(({ text }) => text)).toContain("Log in");
    await browser.follow("Log in");
    await form().fill({ name: "Zoë", password: "correct horse" }).submit("Log in");
    expect(browser.text).toContain("Zoë Log out");
  },
  async 4(browser) {
    await browser.open("/Home/edit");
    expect(browser.path).toBe("/log-in");
    await signUp(browser, "Ann");
    await save(browser, "Home", "A <b>page</b>\n\nwith a link: [[Other]]");
    expect(browser.select("article p").map(({ text }) => text)).toEqual([
      "A <b>page</b>",
      "with a link: Other",
    ]);
    await browser.follow("Other");
    expect([browser.path, browser.status]).toEqual(["/Other", 404]);
    // Somebody else saves while this one types.
    await browser.open("/Home/edit");
    const typed = browser.form("edit").fill({ text: "mine" });
    await browser.fetch("/Home/edit", { data: { text: "theirs", base: typed.value("base") as string } });
    await typed.submit();
    expect([browser.status, browser.form("edit").value("text")]).toEqual([409, "mine"]);
    expect(browser.select("#theirs")[0]?.text).toBe("theirs");
    // Who has seen the other text can save again, unless there is another one by then.
    await browser.form("edit").fill({ text: "theirs and mine" }).submit();
    expect([browser.path, browser.select("article")[0]?.text]).toEqual(["/Home", "theirs and mine"]);
    const foreign = browser.post("/Home/edit", { text: "x", base: "2" }, { from: "https://evil.example/" });
    // What is refused is in the log, which this browser does not bear.
    await expect(foreign).rejects.toThrow("POST /Home/edit was answered 403");
  },
  async 5(browser) {
    await signUp(browser, "Ann");
    await save(browser, "Home", "one\ntwo\nthree");
    await save(browser, "Home", "one\n2\nthree");
    await browser.follow("History");
    const versions = browser.select("ol a");
    expect(versions.length).toBe(2);
    await browser.follow(versions[0]?.text ?? "");
    expect(browser.select("pre")[0]?.textContent.trim()).toBe("one\ntwo\n2\nthree");
    expect(["del", "ins"].map((tag) => browser.select(tag)[0]?.text)).toEqual(["two", "2"]);
  },
  async 6(browser) {
    await browser.open("/Home/files");
    expect(browser.forms().length).toBe(0);
    await signUp(browser, "Ann");
    await browser.open("/Home/files");
    await browser.form("upload").submit();
    expect([browser.status, browser.text]).toEqual([
      422,
      expect.stringContaining("Choose a file of up to 5 MB."),
    ]);
    await browser
      .form("upload")
      .fill({ file: new File(["content"], "ü (1)'.txt") })
      .submit();
    await browser.follow("ü (1)'.txt");
    expect([browser.path, browser.response.text]).toEqual(["/Home/files", "content"]);
    // RFC 8187: brackets and quotes are no characters of such a value.
    expect(browser.response.header("Content-Disposition")).toBe(
      `attachment; filename="_ (1)'.txt"; filename*=UTF-8''%C3%BC%20%281%29%27.txt`,
    );
  },
  async 7(browser) {
    await signUp(browser, "Ann");
    await save(browser, "Home", "apples");
    await save(browser, "Home", "100 % pears");
    await save(browser, "Other", "Apples");
    const search = async (q: string): Promise<string[]> => {
      await browser.form("/search").fill({ q }).submit();
      return browser.select("ul a").map(({ text }) => text);
    };
    expect(await search("apple")).toEqual(["Other"]);
    expect(await search("%")).toEqual(["Home"]);
  },
  async 8(browser) {
    await signUp(browser, "Ann");
    await save(browser, "Home", "first");
    const source = browser.select("article")[0]?.attribute("data-events") ?? "";
    const events = await browser.fetch(source, { stream: true });
    await save(browser, "Home", "second");
    let heard = "";
    for await (const chunk of events.chunks) {
      heard += String(chunk);
      if (heard.includes("data:")) break;
    }
    expect(heard).toContain('data: {"author":"Ann","html":"<p>second</p>"}');
  },
};

test("there is a visit for each step", () => {
  expect([...steps.keys()].map(String)).toEqual(Object.keys(visits));
});

test.each([...steps.keys()])("step %d", async (step) => {
  await visits[step]?.(await browse(step));
});

test("the reader's own test passes with the last step", () => {
  const [, section = ""] = page.split("## A test of your own");
  const [, text = ""] = /^```ts\n(.*?)^```$/ms.exec(section) ?? [];
  const program = temporaryFolder();
  afterAll(program.remove);
  writeProgram(program.path, new Map([...files, ["app.test.ts", text]]));
  const env = { ...process.env, WIKI_DATA: join(program.path, "data") };
  const report = execFileSync(process.execPath, ["--test", "--test-reporter=tap"], {
    cwd: program.path,
    env,
    encoding: "utf8",
  });
  expect(report).toMatch(/^# pass 1$/m);
});

test("the last step is examples/wiki", () => {
  expect(Object.fromEntries(files)).toEqual(Object.fromEntries(wikiFiles()));
});
