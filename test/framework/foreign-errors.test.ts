// Errors as the package http-errors makes them, answered as Koa does: the message of one with `expose` is for the client.

import { describe, expect, test } from "vitest";
import { application } from "../../lib/index.ts";
import { ask } from "./ask.ts";

/** The members that http-errors gives its errors. */
function httpError(status: number, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { status, statusCode: status, expose: status < 500, ...more });
}

function failing(error: unknown) {
  return application([
    [
      "/",
      () => {
        throw error;
      },
    ],
  ]);
}

describe("an error with `expose`", () => {
  test("is a response of its status, as plain text, and is not logged", async () => {
    const error = httpError(422, "<b> is no name", {
      headers: { "X-Field": "name", "Content-Type": "text/html" },
    });
    const response = await ask(failing(error), "/");
    expect(response).toMatchObject({ status: 422, text: "<b> is no name", errors: "" });
    expect(response.header("Content-Type")).toBe("text/plain; charset=utf-8");
    expect(response.header("X-Field")).toBe("name");
  });

  test("that says no more than its status has the application's page", async () => {
    const app = failing(httpError(404, "Not Found"));
    app.notFound = () => "nothing here";
    expect(await ask(app, "/")).toMatchObject({ status: 404, text: "nothing here", errors: "" });
  });

  test("may be one of the server's", async () => {
    const response = await ask(failing(httpError(503, "back at noon", { expose: true })), "/");
    expect(response).toMatchObject({ status: 503, text: "back at noon", errors: "" });
  });
});

describe("an error without it", () => {
  test("keeps its status, says nothing, and is logged once", async () => {
    const response = await ask(failing(httpError(503, "secret", { headers: { "Retry-After": "5" } })), "/");
    expect(response).toMatchObject({ status: 503, text: "service unavailable" });
    expect(response.header("Retry-After")).toBe("5");
    expect(response.errors.match(/Error: secret/g)).toHaveLength(1);
  });

  test("has the application's page", async () => {
    const inner = failing(httpError(502, "secret"));
    const app = application([["/in", inner]]);
    app.errorPage(502, () => "the other side fails");
    const response = await ask(app, "/in/");
    expect(response).toMatchObject({ status: 502, text: "the other side fails" });
  });
});

// A response of fetch, an error of axios, a system's error: their status is that of another request.
test.each([
  Object.assign(new Error("secret"), { status: 404 }),
  Object.assign(new Error("secret"), { status: 404, expose: "yes" }),
  Object.assign(new Error("secret"), { status: 200, expose: true }),
  Object.assign(new Error("secret"), { status: 404.5, expose: true }),
  { status: 404, expose: true, message: "secret" },
])("what is no such error is 500 as ever: %#", async (error) => {
  expect(await ask(failing(error), "/")).toMatchObject({ status: 500, text: "Internal Server Error\n" });
});
