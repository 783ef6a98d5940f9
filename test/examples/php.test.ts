import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Child } from "../support/child.ts";
import { temporaryFolder } from "../support/folder.ts";
import { PhpFpm, phpFpm } from "../support/php-fpm.ts";
import { freePort, isListening, untilListening } from "../support/port.ts";
import { root } from "../support/postern.ts";
import { until } from "../support/until.ts";

const app = join(root, "examples/php/app.js");

interface Site {
  readonly base: string;
  readonly child: Child;
}

async function start(env: NodeJS.ProcessEnv = {}): Promise<Site> {
  const port = await freePort();
  const child = new Child(process.execPath, [app], { env: { ...process.env, PORT: String(port), ...env } });
  await untilListening(port);
  return { base: `http://127.0.0.1:${port}`, child };
}

/** The processes that are the master of a PHP-FPM whose configuration is below a folder, as their titles say. */
function masterOf(folder: string): string[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return numbers.filter((number) => {
    try {
      return readFileSync(`/proc/${number}/cmdline`, "utf8").includes(`php-fpm: master process (${folder}/`);
    } catch {
      // It ended while we looked.
      return false;
    }
  });
}

describe.skipIf(phpFpm === undefined)("PHP below an application, with a PHP-FPM of its own", () => {
  let site: Site;
  beforeAll(async () => {
    site = await start();
  });
  afterAll(() => site?.child.stop());

  const ask = (path: string, init: RequestInit = {}) =>
    fetch(site.base + path, { redirect: "manual", ...init });

  test("GET: JavaScript at the root, PHP below /php/", async () => {
    expect(await (await ask("/")).text()).toContain("JavaScript");
    const moved = await ask("/php");
    expect([moved.status, moved.headers.get("location")]).toEqual([301, "/php/"]);
    const page = await ask("/php/?name=Zo%C3%AB");
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await page.text()).toContain("<h1>Hello, Zoë!</h1>");
  });

  test("POST, with several cookies that come back", async () => {
    const posted = await ask("/php/", { method: "POST", body: new URLSearchParams({ name: "<Ann>" }) });
    expect(await posted.text()).toContain("<h1>Hello, &lt;Ann&gt;!</h1>");
    const cookies = posted.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0] ?? "");
    expect(cookies).toEqual(["name=%3CAnn%3E", "visits=1"]);
    const again = await ask("/php/", { headers: { Cookie: cookies.join("; ") } });
    expect(await again.text()).toContain("<h1>Hello, &lt;Ann&gt;!</h1>");
  });

  test("an upload", async () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_value, index) => (index * 31) & 0xff);
    const body = new FormData();
    body.append("file", new File([bytes], "bytes.bin"));
    const response = await ask("/php/upload.php", { method: "POST", body });
    expect(await response.text()).toBe(
      `bytes.bin 3000000 ${createHash("sha1").update(bytes).digest("hex")}\n`,
    );
    expect((await ask("/php/upload.php", { method: "POST", body: "nothing" })).status).toBe(400);
  });

  test("10 MB to download", async () => {
    const response = await ask("/php/download.php?megabytes=10");
    expect(response.headers.get("content-length")).toBe("10000000");
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.length).toBe(10_000_000);
    expect(body.subarray(-1_000, -995).toString()).toBe("9999.");
  });

  test("a fatal error: a bare 500 for the visitor, the message in the log", async () => {
    const response = await ask("/php/error.php");
    expect([response.status, await response.text()]).toEqual([500, ""]);
    await site.child.printed(/PHP Fatal error: .*undefined function this_function_is_missing/);
  });

  test("no file but a script", async () => {
    for (const path of [
      "/php/missing.php",
      "/php/site/../app.js",
      "/php/%2e%2e/app.js",
      "/php/index.php%00.jpg",
    ]) {
      expect([path, (await ask(path)).status]).toEqual([path, 404]);
    }
  });

  test("stopped, it leaves no PHP-FPM behind, and no file", async () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const own = await start({ TMPDIR: folder.path });
    onTestFinished(() => void own.child.stop());
    await fetch(`${own.base}/php/`);
    expect(masterOf(folder.path)).toHaveLength(1);
    await own.child.stop();
    await until("PHP-FPM has ended", () => masterOf(folder.path).length === 0);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe.skipIf(phpFpm === undefined)("PHP below an application, with a PHP-FPM that is there", () => {
  test("stopped it is a 502, started again a 200, and the application goes on all the while", async () => {
    const fpm = new PhpFpm();
    await fpm.start();
    const site = await start({ PHP_FPM: fpm.socket });
    try {
      expect((await fetch(`${site.base}/php/`)).status).toBe(200);
      await fpm.stop();
      expect(await isListening(fpm.socket)).toBe(false);
      const response = await fetch(`${site.base}/php/`);
      expect([response.status, await response.text()]).toEqual([502, "Bad Gateway\n"]);
      await site.child.printed(
        /cannot connect to the FastCGI server at .*fpm\.sock: \w+, .*; start the server/,
      );
      expect((await fetch(`${site.base}/`)).status).toBe(200);
      await fpm.start();
      expect((await fetch(`${site.base}/php/`)).status).toBe(200);
    } finally {
      await site.child.stop();
      await fpm.remove();
    }
  });
});
