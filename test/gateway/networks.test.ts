import { describe, expect, test } from "vitest";
import { Networks } from "../../lib/gateway/networks.ts";

describe("a list of addresses and networks", () => {
  const list = new Networks(["127.0.0.0/8", " 192.0.2.7 ", "2001:db8::/32", "::1"], "CODE");

  test.each([
    "127.0.0.1",
    "127.255.0.9",
    "192.0.2.7",
    "2001:db8:1::2",
    "::1",
    "::ffff:127.0.0.1",
    "::FFFF:192.0.2.7",
  ])("has %s", (address) => {
    expect(list.has(address)).toBe(true);
  });

  // nginx says `unix:` where its client came over a unix socket.
  test.each([
    "128.0.0.1",
    "192.0.2.70",
    "2001:db9::1",
    "::2",
    "::ffff:10.0.0.1",
    "",
    "unix:",
    "localhost",
    "127.0.0.1 ",
  ])("has not %j", (address) => {
    expect(list.has(address)).toBe(false);
  });

  test("may be empty", () => {
    expect(new Networks([], "CODE").has("127.0.0.1")).toBe(false);
  });
});

test.each([
  "",
  "localhost",
  "10.0.0.0/",
  "10.0.0.0/33",
  "10.0.0.0/8/8",
  "10.0.0.0/-1",
  "::/129",
  "10.0.0",
  "/8",
])("%j is refused", (entry) => {
  expect(() => new Networks([entry], "CODE")).toThrow(
    expect.objectContaining({
      code: "CODE",
      message: `${JSON.stringify(entry)} is neither an address nor a network`,
    }),
  );
});

test.each(["192.0.2.1", 7, null])("%j is no list", (entries) => {
  expect(() => new Networks(entries as never, "CODE")).toThrow(
    expect.objectContaining({
      code: "CODE",
      message: `${JSON.stringify(entries)} is no list of addresses and networks, such as ["192.0.2.1", "10.0.0.0/8"]`,
    }),
  );
});

test("an entry that is no text is none", () => {
  expect(() => new Networks([7 as never], "CODE")).toThrow("7 is neither an address nor a network");
});
