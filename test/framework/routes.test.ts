import { expect, test } from "vitest";
import { application } from "../../lib/framework/application.ts";
import { movedPermanently } from "../../lib/framework/responses.ts";

test("routes() is the map in its order, mounted applications and later routes included", async () => {
  class Users {
    GET() {}
    POST() {}
  }
  class MoreUsers extends Users {
    DELETE() {}
  }
  const inner = application([["/list", MoreUsers]]);
  const middle = application([["/inner/", inner]]);
  const app = application([
    [/^\/Files\/(.+)$/i, Users],
    ["/middle/", middle],
    ["/moved", movedPermanently("/list")],
  ]);
  app.addMapping("/late", function late() {});

  expect(await app.routes()).toEqual([
    { pattern: "(?i:/Files/(.+))", methods: ["GET", "POST"], target: "Users" },
    { pattern: "/middle/inner/list", methods: ["GET", "POST", "DELETE"], target: "MoreUsers" },
    { pattern: "/moved", methods: [], target: "redirect to /list" },
    { pattern: "/late", methods: [], target: "late" },
  ]);
});
