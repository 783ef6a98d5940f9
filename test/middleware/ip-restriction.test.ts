import { expect, test } from "vitest";
import { type IpRestrictionOptions, ipRestriction } from "../../lib/middleware/ip-restriction.ts";
import { call } from "../../lib/testing/call.ts";
import { between, says } from "./between.ts";

const inside = { allow: ["10.0.0.0/8", "2001:db8::/32"] };
const blocked = { deny: ["203.0.113.0/24"] };
const both = { allow: ["10.0.0.0/8"], deny: ["10.0.0.7"] };

test.each<[IpRestrictionOptions, string, number]>([
  [inside, "10.1.2.3", 200],
  [inside, "::ffff:10.1.2.3", 200],
  [inside, "2001:db8::1", 200],
  [inside, "192.0.2.1", 403],
  [inside, "2001:db9::1", 403],
  [inside, "", 403],
  [inside, "unix:", 403],
  [inside, "nonsense", 403],
  [{ allow: ["unix:"] }, "", 200],
  [{ allow: ["unix:"] }, "unix:", 200],
  [{ allow: ["unix:"] }, "127.0.0.1", 403],
  [{ allow: [] }, "127.0.0.1", 403],
  [blocked, "203.0.113.9", 403],
  [blocked, "::ffff:203.0.113.9", 403],
  [blocked, "203.0.114.9", 200],
  [blocked, "", 200],
  [both, "10.0.0.8", 200],
  [both, "10.0.0.7", 403],
])("%j: %j gets %d", async (options, REMOTE_ADDR, status) => {
  const response = await call(between(ipRestriction(options), says("inside")), "/", {
    environ: { REMOTE_ADDR },
  });
  expect([response.status, response.text]).toEqual([status, status === 200 ? "inside" : "Forbidden\n"]);
});

test.each<IpRestrictionOptions>([{}, { allow: ["localhost"] }, { deny: ["10.0.0.0/33"] }])(
  "%j is refused",
  (options) => {
    expect(() => ipRestriction(options)).toThrow(expect.objectContaining({ code: "OPTION" }));
  },
);
