// What is left of the origin check behind nginx as Debian ships it: its parameter files send $host, which has no port.

import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { application, type Web } from "../../lib/index.ts";
import { ask } from "../support/fronts/ask.ts";
import { site } from "../support/fronts/nginx.ts";
import { nginx, startNginx } from "../support/nginx.ts";
import { scgi, serving } from "../support/wire-protocol.ts";

test.skipIf(nginx === undefined)("behind nginx with Debian's scgi_params", async () => {
  const app = application([["/", { GET: (web: Web) => web.ctx.host, POST: () => "posted" }]], {
    allowedHosts: ["127.0.0.1", "site.example"],
  });
  const { path } = await serving(scgi, app, process.getuid?.() === 0 ? { socketGroup: "nogroup" } : {});
  chmodSync(dirname(path), 0o755);
  const location = ["include scgi_params;", `scgi_pass unix:${path};`];
  const front = await startNginx((listen) => site(listen, "/", [], location));
  onTestFinished(front.stop);
  const here = `http://127.0.0.1:${front.port}`;
  const post = async (headers: Record<string, string>) =>
    (await ask(front.port, "/", { method: "POST", body: Buffer.from("a=1"), headers })).status;

  // Otherwise the rest proves nothing.
  expect(String((await ask(front.port, "/")).body)).toBe("127.0.0.1");

  expect(await post({ Origin: here })).toBe(200);
  expect(await post({ Origin: "http://site.example:8080", Host: "site.example:8080" })).toBe(200);

  expect(await post({ Origin: "http://evil.example" })).toBe(403);
  expect(await post({ Origin: `http://127.0.0.1.evil.example:${front.port}` })).toBe(403);
  expect(await post({ Origin: here, "Sec-Fetch-Site": "same-site" })).toBe(403);

  expect(await post({ Host: "evil.example", Origin: "http://evil.example" })).toBe(400);
});
