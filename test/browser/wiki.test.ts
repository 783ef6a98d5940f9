// The wiki and the guestbook behind lighttpd, as people use them: what only a real browser can show.

import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromium, type RunningChromium, startChromium } from "../support/chromium.ts";
import { temporaryFolder } from "../support/folder.ts";
import { lighttpd, type RunningLighttpd, spawned, startLighttpd } from "../support/lighttpd.ts";
import { root } from "../support/postern.ts";
import { wikiFiles, writeProgram } from "../support/wiki-program.ts";

describe.skipIf(chromium === undefined || lighttpd === undefined)("the wiki in Chromium", () => {
  let browser: RunningChromium;

  beforeAll(async () => {
    browser = await startChromium();
  });

  afterAll(() => browser?.stop());

  async function open(url: string): Promise<Page> {
    const page = await browser.context.newPage();
    onTestFinished(() => page.close());
    await page.goto(url);
    return page;
  }

  /** A page of another site, with a form that is sent here at once. */
  async function attack(action: string, fields: string): Promise<number | undefined> {
    const page = await browser.context.newPage();
    onTestFinished(() => page.close());
    const html = `<form method="post" action="${action}">${fields}</form>`;
    await page.route("http://evil.example/", (route) =>
      route.fulfill({ contentType: "text/html", body: html }),
    );
    await page.goto("http://evil.example/");
    const answered = page.waitForResponse(action);
    await page.locator("form").evaluate((form) => (form as unknown as { submit(): void }).submit());
    return (await answered).status();
  }

  test("log in, edit, see an edit of another tab, upload, be attacked, log out", {
    timeout: 120_000,
  }, async () => {
    const front = await behindLighttpd((folder) => {
      writeProgram(folder, wikiFiles());
      return { program: join(folder, "app.js"), variables: { WIKI_DATA: join(folder, "data") } };
    });
    const page = await open(front.url("/"));
    await page.getByRole("link", { name: "Log in" }).click();
    await page.getByLabel("Name").fill("Zoë");
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByText("Zoë").waitFor();

    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByLabel("Text").fill("The first text.");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The first text.").waitFor();

    const other = await open(front.url("/Home/edit"));
    await other.getByLabel("Text").fill("Another tab's <b>text</b>.");
    await other.getByRole("button", { name: "Save" }).click();
    await page.getByText("Another tab's <b>text</b>.").waitFor();

    await page.getByRole("link", { name: "Files" }).click();
    await page
      .getByLabel("File")
      .setInputFiles({ name: "ü.txt", mimeType: "text/plain", buffer: Buffer.from("content") });
    await page.getByRole("button", { name: "Upload" }).click();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "ü.txt" }).click();
    expect((await download).suggestedFilename()).toBe("ü.txt");

    const fields = '<input name="text" value="stolen"><input name="base" value="2">';
    expect(await attack(front.url("/Home/edit"), fields)).toBe(403);

    const [cookie] = await browser.context.cookies();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("link", { name: "Log in" }).waitFor();
    await page.getByText("Another tab's").waitFor();
    // The session is over, also for who has kept its cookie.
    if (cookie) await browser.context.addCookies([cookie]);
    await page.goto(front.url("/Home/edit"));
    expect(new URL(page.url()).pathname).toBe("/log-in");
  });

  test("a page of another site cannot sign the guestbook", async () => {
    const front = await behindLighttpd((folder) => ({
      program: join(root, "examples/guestbook/app.js"),
      variables: { GUESTBOOK_DATA: join(folder, "data") },
    }));
    const fields = '<input name="name" value="Eve"><input name="text" value="was not here">';
    expect(await attack(front.url("/"), fields)).toBe(403);
    const page = await open(front.url("/"));
    await page.getByText("Nobody yet").waitFor();
  });
});

async function behindLighttpd(
  prepare: (folder: string) => { program: string; variables: Readonly<Record<string, string>> },
): Promise<RunningLighttpd> {
  const folder = temporaryFolder();
  const { program, variables } = prepare(folder.path);
  const command = [process.execPath, program];
  const front = await startLighttpd(spawned(command, folder.path, "/", 1), { ...process.env, ...variables });
  onTestFinished(async () => {
    await front.stop();
    folder.remove();
  });
  return front;
}
