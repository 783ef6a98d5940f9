import { Buffer } from "node:buffer";
import { createCipheriv, hkdfSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { cookieStore } from "../../../lib/framework/sessions/stores/cookie.ts";
import { sample, storeSuite } from "./shared-suite.ts";
import { setCookies, Visitor } from "./visitor.ts";

const secrets = ["a secret of thirty-two characters", "an older secret of 32 characters."];
const store = cookieStore({ secrets });
storeSuite("a sealed cookie", () => store, { onServer: false });

/** What a cookie store of ours seals, made by hand: see `docs/sessions.md`. */
function seal(text: string, secret: string, name = "session"): string {
  const salt = Buffer.alloc(16, 7);
  const derived = Buffer.from(hkdfSync("sha256", secret, salt, `postern session 1 ${name}`, 44));
  const cipher = createCipheriv("aes-256-gcm", derived.subarray(0, 32), derived.subarray(32));
  const parts = [salt, cipher.update(text), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString("base64url");
}

const id = "0123456789abcdef0123456789abcdef";
const content = (seconds = 1000, json = '{"user":"ada"}') => `${Date.now() + seconds * 1000} ${id} ${json}`;
const see = (cookie: string, kept = store) => new Visitor(sample(kept), [["session", cookie]]).json("/see");

describe("a sealed cookie", () => {
  test.each([
    ["sealed with the key", seal(content(), secrets[0] ?? ""), { isNew: false, user: "ada", id }],
    ["sealed with an older key", seal(content(), secrets[1] ?? ""), { isNew: false, user: "ada" }],
    ["sealed with a foreign key", seal(content(), "another secret of 32 characters.."), { isNew: true }],
    ["sealed for another cookie", seal(content(), secrets[0] ?? "", "other"), { isNew: true }],
    ["past its time", seal(content(-1), secrets[0] ?? ""), { isNew: true }],
    ["sealed with nothing in it", seal("", secrets[0] ?? ""), { isNew: true }],
    ["sealed with no object in it", seal(content(1000, "[1]"), secrets[0] ?? ""), { isNew: true }],
    ["sealed with broken JSON in it", seal(content(1000, "{"), secrets[0] ?? ""), { isNew: true }],
    ["with a character more", `${seal(content(), secrets[0] ?? "")}A`, { isNew: true }],
    ["in other letters for the same bytes", `${seal(content(), secrets[0] ?? "")}=`, { isNew: true }],
  ])("%s", async (_name, cookie, expected) => {
    expect(await see(cookie)).toMatchObject(expected);
  });

  test("shows nothing of what is in it, and is never the same twice", async () => {
    const app = sample(store);
    const seen = new Set<string>();
    for (let i = 0; i < 3; i += 1) {
      const visitor = new Visitor(app, [["session", seal(content(), secrets[0] ?? "")]]);
      await visitor.ask("/set/user/%22grace%22");
      const cookie = visitor.cookies.get("session") ?? "";
      expect(Buffer.from(cookie, "base64url").toString("latin1")).not.toContain("grace");
      seen.add(cookie);
    }
    expect(seen.size).toBe(3);
  });

  test("is sealed with the new key at its next change, so that the old one can go", async () => {
    const visitor = new Visitor(sample(store), [["session", seal(content(), secrets[1] ?? "")]]);
    await visitor.ask("/set/count/1");
    const renewed = cookieStore({ secrets: secrets.slice(0, 1) });
    expect(await see(visitor.cookies.get("session") ?? "", renewed)).toMatchObject({ user: "ada", count: 1 });
  });

  test("that would be too long is an error that names the limit; the old one stays", async () => {
    const visitor = new Visitor(sample(store));
    await visitor.ask("/set/user/1");
    const before = visitor.cookies.get("session");
    const response = await visitor.ask(`/set/text/%22${"x".repeat(2_800)}%22`);
    expect(response.status).toBe(500);
    expect(visitor.cookies.get("session")).toBe(before);
    const app = sample(store);
    app.internalError = undefined;
    const failed = await new Visitor(app).ask(`/set/text/%22${"x".repeat(2_800)}%22`);
    expect(failed.errors).toContain("SESSION_SIZE");
    expect(failed.errors).toContain("maxBytes of the cookie store is 3800");
    const [line = ""] = setCookies(await visitor.ask(`/set/text/%22${"x".repeat(2_700)}%22`));
    expect(line.length).toBeGreaterThan(3_600);
    expect(line.length).toBeLessThan(4_096);
  });

  test("needs a change for each cookie, also in a stream", async () => {
    const visitor = new Visitor(sample(store));
    await visitor.ask("/set/user/1");
    expect(setCookies(await visitor.ask("/add"))).toHaveLength(1);
    expect(setCookies(await visitor.ask("/login/ada"))).toHaveLength(1);
    expect(setCookies(await visitor.ask("/see"))).toEqual([]);
  });

  test.each([
    ["none", []],
    ["a short one", ["secret"]],
    ["one short of two", [secrets[0] ?? "", ""]],
    ["a text in the place of a list", "a text that is longer than thirty-two characters"],
    ["a variable that is not set", [undefined]],
    ["a number", [7]],
    ["left out", undefined],
  ])("keys: %s is refused", (_name, keys) => {
    expect(() => cookieStore({ secrets: keys as readonly string[] })).toThrow(
      expect.objectContaining({
        code: "SECRETS",
        message: "a cookie store needs the option `secrets`, a list of keys of 32 characters or more",
      }),
    );
  });
});
