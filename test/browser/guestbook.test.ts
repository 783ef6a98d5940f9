import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromium, type RunningChromium, startChromium } from "../support/chromium.ts";
import { temporaryFolder } from "../support/folder.ts";
import { lighttpd, type RunningLighttpd, spawned, startLighttpd } from "../support/lighttpd.ts";
import { root } from "../support/postern.ts";

const widths = [
  { device: "phone", width: 375, height: 740 },
  { device: "desktop", width: 1280, height: 800 },
];

/** What is read of an element here; the tests do without the types of a whole browser. */
interface Focusable {
  readonly labels?: readonly { readonly textContent: string }[];
  readonly textContent: string;
}

describe.skipIf(chromium === undefined || lighttpd === undefined)("the guestbook in Chromium", () => {
  let browser: RunningChromium;

  beforeAll(async () => {
    browser = await startChromium();
  });

  afterAll(() => browser?.stop());

  test.each(widths)(
    "is signed, shows it, and remembers the name, on a $device",
    async ({ width, height }) => {
      const front = await guestbook();
      const { page, complaints } = await open(browser, front.url("/"));
      await page.setViewportSize({ width, height });
      expect(await page.getByText("Nobody yet").isVisible()).toBe(true);

      await page.getByLabel("Your name").fill("Zoë");
      await page.getByLabel("What you want to say").fill("I was here.\nTwice, <b>boldly</b>.");
      const picture = await page.locator("h1").screenshot();
      await page
        .getByLabel("A picture")
        .setInputFiles({ name: "ü.png", mimeType: "image/png", buffer: picture });
      await page.getByRole("button", { name: "Sign the guestbook" }).click();

      const entry = page.getByRole("listitem");
      await entry.waitFor();
      expect(new URL(page.url()).pathname).toBe("/");
      expect(await entry.locator("strong").textContent()).toBe("Zoë");
      expect(await entry.locator("p").textContent()).toBe("I was here.\nTwice, <b>boldly</b>.");
      await isShown(page);
      await page.reload();
      expect(await page.getByLabel("Your name").inputValue()).toBe("Zoë");
      expect(await page.getByLabel("What you want to say").inputValue()).toBe("");
      await isShown(page);
      expect(await fits(page)).toBe(true);
      expect(complaints).toEqual([]);
    },
  );

  test("the list stands beside the form on a desktop, and below it on a phone", async () => {
    const front = await guestbook();
    const { page } = await open(browser, front.url("/"));
    for (const { device, width, height } of widths) {
      await page.setViewportSize({ width, height });
      const form = await page.locator("form").boundingBox();
      const list = await page.getByRole("main").boundingBox();
      if (form === null || list === null) throw new Error("form and list are not both shown");
      const beside = list.x >= form.x + form.width;
      const below = list.y >= form.y + form.height;
      expect({ beside, below }, device).toEqual({ beside: device === "desktop", below: device === "phone" });
      expect(await fits(page), device).toBe(true);
    }
  });

  test("every field has a label, and the button can be reached with the keyboard", async () => {
    const front = await guestbook();
    const { page } = await open(browser, front.url("/"));
    const reached: string[] = [];
    for (let stop = 0; stop < 4; stop++) {
      await page.keyboard.press("Tab");
      const focused = page.locator(":focus");
      const label = await focused.evaluate((element) => {
        const { labels, textContent } = element as unknown as Focusable;
        return labels?.[0]?.textContent ?? textContent;
      });
      reached.push(label);
    }
    expect(reached).toEqual([
      "Your name",
      "What you want to say",
      "A picture, if you like",
      "Sign the guestbook",
    ]);
  });

  test("what is refused is said next to the form, with the text still there", async () => {
    const front = await guestbook();
    const { page } = await open(browser, front.url("/"));
    await page.getByLabel("Your name").fill("Ann");
    await page.getByLabel("What you want to say").fill("a long story");
    const script = Buffer.from("<script>alert(1)</script>");
    await page
      .getByLabel("A picture")
      .setInputFiles({ name: "a.png", mimeType: "image/png", buffer: script });
    await page.getByRole("button", { name: "Sign the guestbook" }).click();
    expect(await page.getByRole("alert").textContent()).toBe(
      "Please choose a PNG, JPEG, GIF or WebP picture.",
    );
    expect(await page.getByLabel("What you want to say").inputValue()).toBe("a long story");
  });
});

/** The guestbook behind a lighttpd that spawns two processes of it. */
async function guestbook(): Promise<RunningLighttpd> {
  const folder = temporaryFolder();
  const command = [process.execPath, join(root, "examples/guestbook/app.js")];
  const variables = { ...process.env, GUESTBOOK_DATA: join(folder.path, "data") };
  const front = await startLighttpd(spawned(command, folder.path, "/", 2), variables);
  onTestFinished(async () => {
    await front.stop();
    folder.remove();
  });
  return front;
}

/** A page, and what the browser complains of while it is shown. */
async function open(browser: RunningChromium, url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.context.newPage();
  await browser.context.clearCookies();
  onTestFinished(() => page.close());
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => complaints.push(`${request.url()} failed`));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

/** Waits for the entry's picture to be there in its full size. */
async function isShown(page: Page): Promise<void> {
  const picture = page.getByRole("listitem").getByRole("img");
  await picture.scrollIntoViewIfNeeded();
  await expect
    .poll(() => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
    .toBeGreaterThan(0);
}

/** Whether nothing sticks out at the side. */
function fits(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth");
}
