import { expect, test } from "vitest";
import { app } from "../app.ts";

test("it greets whoever tells a name", async () => {
  expect((await app.request("/")).text).toContain("<h1>Hello!</h1>");
  expect((await app.request("/?name=Zo%C3%AB")).text).toContain("<h1>Hello, Zoë!</h1>");
});

test("a name cannot smuggle in markup", async () => {
  const { text } = await app.request("/?name=%3Cscript%3E");
  expect(text).not.toContain("<script>");
});

test("it knows no other address", async () => {
  expect((await app.request("/other")).status).toBe(404);
});
