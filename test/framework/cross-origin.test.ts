import { describe, expect, test } from "vitest";
import { application } from "../../lib/index.ts";
import { ask } from "./ask.ts";

let calls = 0;
const handler = () => {
  calls++;
  return "done";
};
const open = application([["/(.*)", handler]], { checkOrigin: false });
const app = application(
  [
    ["/open", open],
    ["/all", { GET: handler, POST: handler, PUT: handler, PATCH: handler, DELETE: handler }],
    ["/function", handler],
  ],
  { trustedOrigins: ["https://friend.example"] },
);

describe("an unsafe request of another origin is refused", () => {
  test.each<[string, Record<string, string>, string, number]>([
    ["no browser", {}, "here.example", 200],
    ["the same origin", { "Sec-Fetch-Site": "same-origin" }, "here.example", 200],
    ["typed by the user", { "Sec-Fetch-Site": "none" }, "here.example", 200],
    ["another site", { "Sec-Fetch-Site": "cross-site" }, "here.example", 403],
    ["a sister host", { "Sec-Fetch-Site": "same-site" }, "here.example", 403],
    [
      "fetch metadata before Origin",
      { "Sec-Fetch-Site": "cross-site", Origin: "http://here.example" },
      "here.example",
      403,
    ],
    [
      "another name for us",
      { "Sec-Fetch-Site": "same-origin", Origin: "http://there.example" },
      "here.example",
      200,
    ],
    ["Origin is ours", { Origin: "http://here.example" }, "here.example", 200],
    ["Origin is ours, in capitals", { Origin: "http://here.example" }, "HERE.example", 200],
    ["Origin and Host have the port", { Origin: "http://here.example:8080" }, "here.example:8080", 200],
    ["the front drops the port from Host", { Origin: "http://here.example:8080" }, "here.example", 200],
    ["the standard port, spelled out", { Origin: "https://here.example" }, "here.example:443", 200],
    ["another port", { Origin: "http://here.example:81" }, "here.example:82", 403],
    ["no port against another one", { Origin: "http://here.example" }, "here.example:8080", 403],
    ["another host", { Origin: "http://there.example" }, "here.example", 403],
    ["a host that begins like ours", { Origin: "http://here.example.evil" }, "here.example", 403],
    ["a host that ends like ours", { Origin: "http://evil-here.example" }, "here.example", 403],
    ["IPv6", { Origin: "http://[::1]:8080" }, "[::1]:8080", 200],
    ["another IPv6", { Origin: "http://[::2]:8080" }, "[::1]:8080", 403],
    ["an opaque origin", { Origin: "null" }, "here.example", 403],
    ["nonsense", { Origin: "here.example" }, "here.example", 403],
    [
      "a trusted origin",
      { Origin: "https://friend.example", "Sec-Fetch-Site": "cross-site" },
      "here.example",
      200,
    ],
    ["a trusted host on another scheme", { Origin: "http://friend.example" }, "here.example", 403],
  ])("%s", async (_name, headers, host, status) => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      for (const path of ["/all", "/function"]) {
        calls = 0;
        const response = await ask(app, path, { method, headers, host });
        expect([method, path, response.status, calls]).toEqual([
          method,
          path,
          status,
          status === 200 ? 1 : 0,
        ]);
      }
    }
    expect((await ask(app, "/all", { headers, host })).status).toBe(200);
    expect((await ask(app, "/all", { method: "OPTIONS", headers, host })).status).toBe(204);
    expect((await ask(app, "/open/x", { method: "POST", headers, host })).status).toBe(200);
  });

  test("a mounted application trusts whom its parent trusts", async () => {
    const parent = application([["/child", application([["/", handler]])]], {
      trustedOrigins: ["https://friend.example"],
    });
    const request = { method: "POST", headers: { Origin: "https://friend.example" } };
    expect((await ask(parent, "/child", request)).status).toBe(200);
    expect(
      (await ask(parent, "/child", { method: "POST", headers: { Origin: "https://x.example" } })).status,
    ).toBe(403);
  });
});
