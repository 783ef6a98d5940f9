import { type BrowserContext, chromium as playwright } from "playwright-core";
import { temporaryFolder } from "./folder.ts";
import { findProgram } from "./programs.ts";

/** Where Chromium is, or undefined: `describe.skipIf(chromium === undefined)`. */
export const chromium = findProgram("chromium");

export interface RunningChromium {
  readonly context: BrowserContext;
  stop(): Promise<void>;
}

/** Debian's Chromium with an empty profile and no wish to talk to anybody. */
export async function startChromium(): Promise<RunningChromium> {
  if (chromium === undefined) throw new Error("Chromium is missing");
  const profile = temporaryFolder();
  const context = await playwright.launchPersistentContext(profile.path, {
    executablePath: chromium,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    context,
    async stop() {
      await context.close();
      profile.remove();
    },
  };
}
