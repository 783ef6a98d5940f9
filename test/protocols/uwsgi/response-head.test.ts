import { expect, test } from "vitest";
import { encodeUwsgiResponseHead } from "../../../lib/protocols/uwsgi/response-head.ts";

test("a uwsgi response begins with a status line, without which Apache answers 500", () => {
  const head = encodeUwsgiResponseHead("404 Not Found", [
    ["Content-Type", "text/plain"],
    ["X-\xe9", "\xe9"],
  ]);
  expect(head).toBe("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX-\xe9: \xe9\r\n\r\n");
});
