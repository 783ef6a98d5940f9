import { expect, test } from "vitest";
import { stacked } from "../../lib/gateway/stack.ts";
import type { Application, Middleware } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { call } from "../../lib/testing/call.ts";

const application: Application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [String(environ["way"] ?? "")];
};

function through(name: string): Middleware {
  return (inner) => (environ, startResponse) => {
    environ["way"] = `${environ["way"] ?? ""}${name}`;
    return inner(environ, startResponse);
  };
}

test("the first is the outermost", async () => {
  const stack = stacked(application, { middleware: [validate, through("a"), through("b"), validate] });
  expect((await call(stack, "/")).text).toBe("ab");
});

test("without any the application is what it was", () => {
  expect(stacked(application, {})).toBe(application);
});

test.each([undefined, {}, "app"])("%j is no application, and refused at once", (none) => {
  expect(() => stacked(none as unknown as Application, {})).toThrow(
    expect.objectContaining({ name: "GatewayError", code: "APPLICATION" }),
  );
});
