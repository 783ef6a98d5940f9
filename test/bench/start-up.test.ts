import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the floor of the guestbook's front page answers the guestbook's own, byte for byte", async () => {
  const folder = temporaryFolder();
  try {
    const env = {
      PATH: process.env["PATH"],
      GUESTBOOK_DATA: folder.path,
      GATEWAY_INTERFACE: "CGI/1.1",
      SERVER_SOFTWARE: "lighttpd/1.4.69",
      SERVER_PROTOCOL: "HTTP/1.1",
      SERVER_NAME: "guestbook.example.org",
      SERVER_PORT: "80",
      REQUEST_METHOD: "GET",
      QUERY_STRING: "page=2",
      SCRIPT_NAME: "/cgi-bin/site.cgi",
      PATH_INFO: "/",
      HTTP_COOKIE: "name=Ada%20Lovelace",
    };
    const answers: string[] = [];
    for (const args of [
      ["examples/guestbook/app.js"],
      ["bench/backends/guestbook-packages.js", "examples/guestbook/templates"],
    ]) {
      const script = new Child(process.execPath, args, { cwd: root, env });
      expect(await script.ended, script.stderr).toBe(0);
      answers.push(script.stdout);
    }
    expect(answers[0]).toContain('value="Ada Lovelace"');
    expect(answers[1]).toBe(answers[0]);
  } finally {
    folder.remove();
  }
});
