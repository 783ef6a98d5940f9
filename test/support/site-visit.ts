// A visitor of the site that `postern new` makes.

import { expect } from "vitest";

const pixel = Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAA=", "base64");

/** What a visitor does, and sees. */
export async function visit(base: string): Promise<void> {
  const home = await fetch(`${base}/`);
  expect(home.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const [, style = ""] = /rel="stylesheet" href="([^"]+)"/.exec(await page(home)) ?? [];
  expect((await fetch(new URL(style, base))).headers.get("content-type")).toBe("text/css; charset=utf-8");

  const body = new URLSearchParams({ name: "Zoë", text: "by hand" });
  const signed = await fetch(`${base}/guestbook`, { method: "POST", body, redirect: "manual" });
  expect(signed.status).toBe(303);
  expect(signed.headers.get("set-cookie")).toContain(`Path=${new URL(base).pathname.replace(/\/?$/, "/")};`);
  const guestbook = await fetch(new URL(signed.headers.get("location") ?? "", base));
  expect(await page(guestbook)).toContain("<b>Zoë</b>");

  const form = new FormData();
  form.append("picture", new Blob([pixel]), "dot.gif");
  const pictures = await fetch(`${base}/pictures`, { method: "POST", body: form });
  const [, picture = ""] = /<img src="([^"]+)"/.exec(await page(pictures)) ?? [];
  expect(Buffer.from(await (await fetch(new URL(picture, base))).arrayBuffer())).toEqual(pixel);

  const missing = await fetch(`${base}/no/such/page`);
  expect(missing.status).toBe(404);
  expect(await page(missing)).toContain("There is no such page");
}

/** A page's HTML, with slashes as they are. */
export async function page(response: Response): Promise<string> {
  return (await response.text()).replaceAll("&#x2F;", "/");
}
