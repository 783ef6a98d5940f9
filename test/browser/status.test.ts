import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { status } from "../../lib/middleware/status.ts";
import { serve } from "../../lib/serve.ts";
import { chromium, type RunningChromium, startChromium } from "../support/chromium.ts";

const TOKEN = "0123456789abcdef";

const application: Application = (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello World!\n"];
};

describe.skipIf(chromium === undefined)("the status in Chromium", () => {
  let browser: RunningChromium;

  beforeAll(async () => {
    browser = await startChromium();
  });

  afterAll(() => browser?.stop());

  /** A page that has the token, and what the browser complains of. */
  async function open(query: string): Promise<{ page: Page; url: string; complaints: string[] }> {
    const middleware = [status({ path: "/server-status", token: TOKEN })];
    const server = serve(application, { protocol: "http", bindAddress: 0, log: () => {}, middleware });
    onTestFinished(() => server.close());
    const [address] = await server.listening;
    if (address === undefined || "path" in address) throw new Error("it listens elsewhere");
    const url = `http://127.0.0.1:${address.port}`;
    const page = await browser.context.newPage();
    onTestFinished(() => page.close());
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.setExtraHTTPHeaders({ Authorization: `Bearer ${TOKEN}` });
    await fetch(url);
    await page.goto(`${url}/server-status${query}`);
    return { page, url, complaints };
  }

  const figure = (page: Page, name: string) =>
    page.locator("dl > div", { hasText: name }).locator("dd").first();

  test.each([
    { device: "phone", width: 375, height: 740 },
    { device: "desktop", width: 1280, height: 800 },
  ])("looks as it should and fits, on a $device", async ({ width, height }) => {
    const { page, complaints } = await open("");
    await page.setViewportSize({ width, height });
    expect(await figure(page, "Requests").textContent()).toBe("2");
    // The policy lets the page's own style in: a browser's own table is not as wide as its page.
    const table = await page.locator("table").boundingBox();
    expect(table?.width).toBeGreaterThan(width * 0.85);
    expect(await page.locator("thead").isVisible()).toBe(width > 900);
    expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    expect(complaints).toEqual([]);
  });

  test("asks again by itself", async () => {
    const { page } = await open("?refresh=1");
    const requests = figure(page, "Requests");
    await expect
      .poll(async () => Number(await requests.textContent()), { timeout: 20_000 })
      .toBeGreaterThan(2);
    await page.getByRole("link", { name: "Stop refreshing" }).click();
    await page.getByRole("link", { name: "Refresh every 5 s" }).waitFor();
  });
});
