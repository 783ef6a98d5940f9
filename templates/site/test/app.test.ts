import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

// The tests keep their messages and pictures away from the site's own.
process.env.DATA_FOLDER = mkdtempSync(join(tmpdir(), "site-"));
afterAll(() => rmSync(String(process.env.DATA_FOLDER), { recursive: true }));
const { app } = await import("../app.ts");

const pixel = Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAA=", "base64");

test("every page answers", async () => {
  for (const path of ["/", "/guestbook", "/pictures", "/static/site.css"]) {
    expect((await app.request(path)).status, path).toBe(200);
  }
});

test("the guestbook keeps a message, escapes it, and remembers the name", async () => {
  const signed = await app.request("/guestbook", { data: { name: "Ann", text: "<b>Hello</b>" } });
  expect([signed.status, signed.header("Location")]).toEqual([303, "/guestbook"]);

  const cookie = String(signed.header("Set-Cookie")).split(";", 1)[0];
  const { text } = await app.request("/guestbook", { headers: { Cookie: String(cookie) } });
  expect(text).toContain("&lt;b&gt;Hello");
  expect(text).toContain('value="Ann"');
});

test("a message without a name is refused, and the form still has the text", async () => {
  const { status, text } = await app.request("/guestbook", { data: { name: "", text: "Hello" } });
  expect(status).toBe(422);
  expect(text).toContain("Please fill in your name");
  expect(text).toContain("Hello</textarea>");
});

test("a picture is kept, anything else is not", async () => {
  const sent = await app.request("/pictures", { data: { picture: new File([pixel], "dot.gif") } });
  expect(sent.status).toBe(303);
  const { text } = await app.request("/pictures");
  const address = /src="([^"]+)"/.exec(text)?.[1]?.replaceAll("&#x2F;", "/");
  expect((await app.request(address)).body).toEqual(pixel);

  const refused = await app.request("/pictures", { data: { picture: new File(["text"], "dot.gif") } });
  expect(refused.status).toBe(422);
});

test("a picture that is too large has a page that says so", async () => {
  const { status, text } = await app.request("/pictures", {
    data: { picture: new File([Buffer.alloc(5_000_001)], "large.png") },
  });
  expect(status).toBe(413);
  expect(text).toContain("up to 5 MB");
});

test("what is not there has a page of its own", async () => {
  const { status, text } = await app.request("/no/such/page");
  expect(status).toBe(404);
  expect(text).toContain("There is no such page");
});
