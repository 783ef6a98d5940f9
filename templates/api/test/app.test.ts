import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

// The tests keep their notes away from the application's own.
process.env.DATA_FOLDER = mkdtempSync(join(tmpdir(), "notes-"));
afterAll(() => rmSync(String(process.env.DATA_FOLDER), { recursive: true }));
const { app } = await import("../app.ts");

test("a note is added, read, listed and removed", async () => {
  const added = await app.request("/notes", { data: JSON.stringify({ text: "buy milk" }) });
  expect(added.status).toBe(201);
  const note = JSON.parse(added.text);
  expect(added.header("Location")).toBe(`/notes/${note.id}`);

  expect(JSON.parse((await app.request(`/notes/${note.id}`)).text)).toEqual(note);
  expect(JSON.parse((await app.request("/notes")).text)).toEqual([note]);

  expect((await app.request(`/notes/${note.id}`, { method: "DELETE" })).status).toBe(204);
  expect((await app.request(`/notes/${note.id}`)).status).toBe(404);
});

test("what is no note is refused, with the reason", async () => {
  for (const data of ['{"text": ""}', '{"text": 1}', "null"]) {
    const { status, text } = await app.request("/notes", { data });
    expect([status, Object.keys(JSON.parse(text))], data).toEqual([422, ["error"]]);
  }
  expect((await app.request("/notes", { data: "no JSON" })).status).toBe(400);
});

test("what is not there is told as JSON", async () => {
  const { status, text, header } = await app.request("/no/such/address");
  expect(status).toBe(404);
  expect(header("Content-Type")).toMatch(/^application\/json/);
  expect(JSON.parse(text)).toEqual({ error: "There is nothing at this address." });
});
