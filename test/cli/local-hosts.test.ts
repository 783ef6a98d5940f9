import { describe, expect, test } from "vitest";
import { localHosts } from "../../lib/cli/local-hosts.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { call } from "../../lib/testing/call.ts";

const inside: Application = (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["inside"];
};

/** The statuses of two development servers: one that listens on the loopback alone, and one that listens on all there is. */
async function statuses(host: string): Promise<number[]> {
  const servers = [
    ["127.0.0.1", "::1"],
    ["0.0.0.0", "::"],
  ].map((hosts) => localHosts(inside, hosts));
  return Promise.all(servers.map(async (server) => (await call(server, "/", { host })).status));
}

describe("the development server", () => {
  test.each([
    ["localhost", [200, 200]],
    ["localhost:8080", [200, 200]],
    ["LOCALHOST.", [200, 200]],
    ["app.localhost:8080", [200, 200]],
    ["127.0.0.1:8080", [200, 200]],
    ["[::1]:8080", [200, 200]],
    // An address in digits cannot be made to lead elsewhere.
    ["192.0.2.1:8080", [403, 200]],
    ["[2001:db8::1]:8080", [403, 200]],
    ["evil.example", [403, 403]],
    ["evil.example:8080", [403, 403]],
    ["localhost.evil.example", [403, 403]],
    ["127.0.0.1.evil.example", [403, 403]],
    ["evil.example@localhost", [403, 403]],
    ["evil.example,localhost", [403, 403]],
    ["evil.example/.localhost", [403, 403]],
    ["", [403, 403]],
  ])("asked for %j answers %j", async (host, expected) => {
    expect(await statuses(host)).toEqual(expected);
  });

  test("gives nothing away", async () => {
    const { text } = await call(localHosts(inside, ["127.0.0.1"]), "/", { host: "evil.example" });
    expect(text).toMatch(/^The development server answers to localhost/);
  });
});
