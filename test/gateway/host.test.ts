import { describe, expect, test } from "vitest";
import { isLoopbackName, parseHost } from "../../lib/gateway/host.ts";

// RFC 9110 §7.2 and RFC 3986 §3.2.2, of which only what can be looked up as a name is taken.
describe("parseHost()", () => {
  test.each<[string, string, string | undefined]>([
    ["example.org", "example.org", undefined],
    ["EXAMPLE.org:8080", "example.org", "8080"],
    ["example.org.", "example.org", undefined],
    ["example.org.:80", "example.org", "80"],
    ["example.org:", "example.org", undefined],
    ["example.org:65535", "example.org", "65535"],
    ["my_host-1", "my_host-1", undefined],
    ["xn--bcher-kva.example", "xn--bcher-kva.example", undefined],
    ["192.0.2.1:81", "192.0.2.1", "81"],
    ["[::1]", "[::1]", undefined],
    ["[2001:DB8:0:0:0:0:0:1]:443", "[2001:db8::1]", "443"],
    ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", undefined],
    [`${"a".repeat(63)}.${"b".repeat(189)}`, `${"a".repeat(63)}.${"b".repeat(189)}`, undefined],
  ])("%s", (text, name, port) => {
    expect(parseHost(text)).toEqual({ name, port });
  });

  test.each([
    "",
    ".",
    ":80",
    ".example.org",
    "example..org",
    "example.org..",
    "user@example.org",
    "user:secret@example.org",
    "example.org@evil.example",
    "example.org,evil.example",
    "example.org, evil.example",
    "example.org evil.example",
    " example.org",
    "example.org\n",
    "example.org/path",
    "example.org\\@evil.example",
    "example.org?x",
    "example.org#x",
    "ex%61mple.org",
    "bücher.example",
    "example.org:0",
    "example.org:65536",
    "example.org:123456",
    "example.org:80:80",
    "example.org:8o",
    "example.org:-1",
    "::1",
    "[::1",
    "[::1]]",
    "[::1%25eth0]",
    "[:::1]",
    "[1.2.3.4]",
    "a".repeat(254),
  ])("%j is no host", (text) => {
    expect(parseHost(text)).toBeUndefined();
  });
});

test.each([
  ["localhost", true],
  ["app.localhost", true],
  ["127.0.0.1", true],
  ["127.9.8.7", true],
  ["[::1]", true],
  ["[::ffff:7f00:1]", true],
  ["localhost.evil.example", false],
  ["evillocalhost", false],
  ["127.0.0.1.evil.example", false],
  ["128.0.0.1", false],
  ["0.0.0.0", false],
  ["[::]", false],
  ["[::ffff:a00:1]", false],
])("isLoopbackName(%s) is %s", (name, expected) => {
  expect(isLoopbackName(name)).toBe(expected);
});
