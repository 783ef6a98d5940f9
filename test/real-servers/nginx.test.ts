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

describe.skipIf(nginx === undefined)("what nginx's auth_request asks over SCGI", () => {
  /** Asks nginx for a page, which it gives to whom the application lets pass. */
  async function visit(lines: readonly string[]) {
    const asked: string[] = [];
    const { path, log } = await serving(
      scgi,
      async (environ, startResponse) => {
        const chunks: Buffer[] = [];
        for await (const chunk of environ["wsgi.input"]) chunks.push(chunk as Buffer);
        asked.push(`${environ.REQUEST_METHOD} ${environ.PATH_INFO} ${chunks.length}`);
        startResponse("204 No Content", []);
        return [];
      },
      process.getuid?.() === 0 ? { socketGroup: "nogroup" } : {},
    );
    chmodSync(dirname(path), 0o755);
    const front = await startNginx(
      (listen) => `server {
        ${listen}
        location / {
          auth_request /auth;
          try_files /missing @page;
        }
        location @page { return 200 "let in"; }
        location = /auth {
          internal;
          include scgi_params;
          scgi_pass unix:${path};
          scgi_pass_request_body off;
          ${lines.join("\n")}
        }
      }`,
    );
    onTestFinished(front.stop);
    const answer = await ask(front.port, "/page", { method: "POST", body: Buffer.from("small") });
    return { answer, asked, log };
  }

  test("a body that is left out looks like one that is cut, and is refused with a line that says what to do", async () => {
    const { answer, asked, log } = await visit([]);
    expect(answer.status).toBe(500);
    expect(asked).toEqual([]);
    expect(log.join("\n")).toContain('scgi_param HTTP_CONTENT_LENGTH ""');
  });

  test("the lines of docs/deployment.md let it through, at the path of auth_request", async () => {
    const { answer, asked, log } = await visit([
      'scgi_param HTTP_CONTENT_LENGTH "";',
      "scgi_param PATH_INFO $document_uri;",
    ]);
    expect(String(answer.body)).toBe("let in");
    expect(asked).toEqual(["POST /auth 0"]);
    expect(log).toEqual([]);
  });

  test("without PATH_INFO it is asked for the path of the page", async () => {
    const { asked } = await visit(['scgi_param HTTP_CONTENT_LENGTH "";']);
    expect(asked).toEqual(["POST /page 0"]);
  });
});
