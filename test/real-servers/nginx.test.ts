// What nginx does only where it is told to; what it does by itself is in fronts.test.ts.

import { createHash } from "node:crypto";
import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask } from "../support/fronts/ask.ts";
import { site } from "../support/fronts/nginx.ts";
import { nginx, startNginx } from "../support/nginx.ts";
import { scgi, serving } from "../support/wire-protocol.ts";

describe.skipIf(nginx === undefined)("nginx with scgi_request_buffering off", () => {
  // Before 2026 it announced as much of the body as it had read: https://github.com/nginx/nginx/pull/1118
  test("a request body arrives whole, or is refused", async () => {
    const { path, log } = await serving(
      scgi,
      async (environ, startResponse) => {
        const hash = createHash("sha256");
        for await (const chunk of environ["wsgi.input"]) hash.update(chunk);
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        return [hash.digest("hex")];
      },
      process.getuid?.() === 0 ? { socketGroup: "nogroup" } : {},
    );
    chmodSync(dirname(path), 0o755);
    const settings = [
      { text: "client_max_body_size 0;", purpose: "bodies of any length" },
      { text: "scgi_request_buffering off;", purpose: "the request goes through as it comes" },
    ];
    const location = ["include scgi_params;", `scgi_pass unix:${path};`];
    const front = await startNginx((listen) => site(listen, "/", settings, location));
    onTestFinished(front.stop);
    const body = Buffer.alloc(1_000_000, "abcdefg");
    const answer = await ask(front.port, "/", { method: "POST", body });
    if (answer.status === 200) {
      expect(String(answer.body)).toBe(createHash("sha256").update(body).digest("hex"));
    } else {
      expect(answer.status).toBe(400);
      expect(log.join("\n")).toContain("scgi_request_buffering");
    }
    const small = await ask(front.port, "/", { method: "POST", body: Buffer.from("small") });
    expect(String(small.body)).toBe(createHash("sha256").update("small").digest("hex"));
  });
});
