// Template site in Chromium, behind the lighttpd that npm start brings up.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromium, type RunningChromium, startChromium } from "../support/chromium.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import { lighttpd } from "../support/lighttpd.ts";
import { isListening } from "../support/port.ts";
import { Stand } from "../support/postern.ts";
import { newProject } from "../support/project.ts";
import { until } from "../support/until.ts";

const widths = [
  { device: "phone", width: 360, height: 740 },
  { device: "desktop", width: 1280, height: 800 },
];

describe.skipIf(chromium === undefined || lighttpd === undefined)("template site in Chromium", () => {
  let browser: RunningChromium;
  let folder: TemporaryFolder;
  let project: string;

  beforeAll(async () => {
    browser = await startChromium();
    folder = temporaryFolder();
    project = newProject(folder.path, { template: "site", js: true });
  });

  afterAll(async () => {
    await browser?.stop();
    folder?.remove();
  });

  async function started(): Promise<Stand> {
    const stand = await Stand.make();
    stand.env["DATA_FOLDER"] = join(stand.folder, "data");
    const child = stand.start("npm", ["start"], { cwd: project });
    // The browser has opened connections that it does not use, for which a stop waits; the second signal does not.
    onTestFinished(async () => {
      child.signalGroup("SIGTERM");
      await until("it no longer listens", async () => !(await isListening(stand.port)));
      child.signalGroup("SIGTERM");
      await child.ended;
    });
    await child.printed(/behind lighttpd/, 30_000);
    return stand;
  }

  test.each(widths)("every page, the form, the upload and the error page, on a $device", async (size) => {
    const stand = await started();
    const { page, complaints } = await open(browser);
    await page.setViewportSize(size);

    await page.goto(stand.url("/"));
    expect(await page.locator("h1").textContent()).toBe("Welcome");
    await looksRight(page);

    await page.getByRole("navigation").getByRole("link", { name: "Guestbook" }).click();
    await page.getByLabel("Your name").fill("Zoë");
    await page.getByLabel("Your message").fill(`I was here.\nTwice, <b>boldly</b>. ${"x".repeat(200)}`);
    await page.getByRole("button", { name: "Sign the guestbook" }).click();
    const message = page.getByRole("listitem");
    await message.waitFor();
    expect(await message.locator("b").textContent()).toBe("Zoë");
    expect(await message.locator("p").textContent()).toContain("Twice, <b>boldly</b>.");
    expect(await page.getByLabel("Your name").inputValue()).toBe("Zoë");
    await looksRight(page);

    await page.getByRole("navigation").getByRole("link", { name: "Pictures" }).click();
    const picture = await page.locator("h1").screenshot();
    await page
      .getByLabel("A picture")
      .setInputFiles({ name: "ü.png", mimeType: "image/png", buffer: picture });
    await page.getByRole("button", { name: "Send it" }).click();
    const shown = page.getByRole("listitem").getByRole("img");
    await shown.waitFor();
    await expect
      .poll(() => shown.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
      .toBeGreaterThan(0);
    await looksRight(page);

    await page.getByRole("navigation").getByRole("link", { name: "Home" }).click();
    await page.getByText("Good to see you again, Zoë.").waitFor();
    await looksRight(page);
    expect(complaints).toEqual([]);

    await page.goto(stand.url("/no/such/page"));
    expect(await page.locator("h1").textContent()).toBe("There is no such page");
    await looksRight(page);
  });

  test("what is refused is said above the form, which still has what was typed", async () => {
    const stand = await started();
    const { page } = await open(browser);
    await page.goto(stand.url("/guestbook"));
    await page.getByLabel("Your name").fill("  ");
    await page.getByLabel("Your message").fill("a long story");
    await page.getByRole("button", { name: "Sign the guestbook" }).click();
    expect(await page.getByRole("alert").textContent()).toBe("Please fill in your name and a message.");
    expect(await page.getByLabel("Your message").inputValue()).toBe("a long story");

    await page.goto(stand.url("/pictures"));
    const script = Buffer.from("<script>alert(1)</script>");
    await page
      .getByLabel("A picture")
      .setInputFiles({ name: "a.png", mimeType: "image/png", buffer: script });
    await page.getByRole("button", { name: "Send it" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("PNG, JPEG, GIF or WebP");
    await looksRight(page);

    // A data folder that is a file: whatever wants to write there fails.
    rmSync(join(stand.folder, "data"), { recursive: true, force: true });
    writeFileSync(join(stand.folder, "data"), "");
    const response = await page.goto(stand.url("/pictures"));
    expect(response?.status()).toBe(500);
    expect(await page.locator("h1").textContent()).toBe("Something went wrong");
    expect(await page.content()).not.toMatch(/EEXIST|ENOTDIR|\.ts|\.js\b/);
    await looksRight(page);
  });

  test("with the keyboard: the content can be reached at once, every field has a label, focus is seen", async () => {
    const stand = await started();
    const { page } = await open(browser);
    await page.goto(stand.url("/guestbook"));
    const reached: string[] = [];
    for (let stop = 0; stop < 7; stop++) {
      await page.keyboard.press("Tab");
      const [name, outline] = (await page.evaluate(`(() => {
        const { labels, textContent } = document.activeElement;
        return [labels?.[0]?.textContent ?? textContent, getComputedStyle(document.activeElement).outlineStyle];
      })()`)) as [string, string];
      reached.push(name);
      expect(outline, name).toBe("solid");
    }
    expect(reached).toEqual([
      "To the content",
      "Home",
      "Guestbook",
      "Pictures",
      "Your name",
      "Your message",
      "Sign the guestbook",
    ]);
    // It lies on the menu, whose words must not shine through.
    const behind = "getComputedStyle(document.querySelector('.skip')).backgroundColor";
    await page.locator(".skip").focus();
    expect(await page.evaluate(behind)).toMatch(/^rgb\(/);
    expect(await page.locator("nav [aria-current=page]").textContent()).toBe("Guestbook");
  });
});

/** A page, and what the browser complains of while it is shown. */
async function open(browser: RunningChromium): Promise<{ page: Page; complaints: string[] }> {
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
  return { page, complaints };
}

/** Nothing sticks out at the side, text and background differ enough in both schemes, targets are large enough. */
async function looksRight(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const { overflow, weak, small } = (await page.evaluate(look)) as Record<string, unknown>;
    expect({ overflow, weak, small, colorScheme }).toEqual({ overflow: 0, weak: [], small: [], colorScheme });
  }
}

/** WCAG 2.2: contrast of text 4.5:1 (1.4.3), targets of 24 pixels and more (2.5.8, those inside of text excepted). */
const look = `(() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = rgb(color).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return rgb(backgroundColor)[3] === 0 && element.parentElement ? background(element.parentElement) : backgroundColor;
  };
  const contrast = (element) => {
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(background(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const texts = [...document.body.querySelectorAll("*")].filter(hasText);
  const targets = [...document.querySelectorAll("button, input, textarea, nav a")];
  return {
    overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    weak: texts.filter((element) => contrast(element) < 4.5).map((element) => element.outerHTML),
    small: targets.filter((element) => element.getBoundingClientRect().height < 24).map((element) => element.outerHTML),
  };
})()`;
