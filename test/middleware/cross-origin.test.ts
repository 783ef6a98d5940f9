// The rules themselves are tested with the framework, which has the same ones.

import { expect, test } from "vitest";
import { application } from "../../lib/framework/application.ts";
import { crossOrigin } from "../../lib/middleware/cross-origin.ts";
import { call } from "../../lib/testing/call.ts";
import { between, says } from "./between.ts";

const app = between(crossOrigin({ trustedOrigins: ["https://friend.example"] }), says("done"));

test.each<[string, Record<string, string>, number]>([
  ["POST", {}, 200],
  ["POST", { "Sec-Fetch-Site": "same-origin" }, 200],
  ["POST", { "Sec-Fetch-Site": "cross-site" }, 403],
  ["DELETE", { "Sec-Fetch-Site": "same-site" }, 403],
  ["PROPFIND", { "Sec-Fetch-Site": "cross-site" }, 403],
  ["GET", { "Sec-Fetch-Site": "cross-site" }, 200],
  ["OPTIONS", { "Sec-Fetch-Site": "cross-site" }, 200],
  ["POST", { Origin: "http://here.example" }, 200],
  ["POST", { Origin: "http://there.example" }, 403],
  ["POST", { Origin: "null" }, 403],
  ["POST", { Origin: "https://friend.example", "Sec-Fetch-Site": "cross-site" }, 200],
])("%s with %j gets %d", async (method, headers, status) => {
  expect((await call(app, "/", { method, headers, host: "here.example" })).status).toBe(status);
});

test("nobody is trusted by default", async () => {
  const response = await call(between(crossOrigin(), says("done")), "/", {
    method: "POST",
    headers: { Origin: "https://friend.example" },
  });
  expect(response.status).toBe(403);
});

test.each(["https://shop.company.com", ["https://x.example/"], ["x.example"]])(
  "trustedOrigins of %j are a mistake",
  (trustedOrigins) => {
    const options = { trustedOrigins: trustedOrigins as string[] };
    expect(() => crossOrigin(options)).toThrow(expect.objectContaining({ code: "OPTION" }));
    expect(() => application([], options)).toThrow(expect.objectContaining({ code: "OPTION" }));
  },
);
