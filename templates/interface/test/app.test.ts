import { validate } from "postern/middleware/validate";
import { call } from "postern/testing";
import { expect, test } from "vitest";
import { app } from "../app.ts";

// validate complains of whatever the interface does not allow.
const checked = validate(app);

test("it says what was asked for", async () => {
  const { status, text } = await call(checked, "/some/where");
  expect(status).toBe(200);
  expect(text).toBe("Hello World! You asked for /some/where\n");
});

test("it counts what was sent", async () => {
  const { text } = await call(checked, "/", { method: "POST", body: "12345" });
  expect(text).toContain("You sent 5 bytes.");
});
