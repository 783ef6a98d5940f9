import { describe, expect, test } from "vitest";
import { formatAddress } from "../../lib/gateway/protocol-server.ts";
import { parseBindAddress } from "../../lib/workers/bind-address.ts";

describe("a bind address", () => {
  test.each([
    ["/run/app.sock", { path: "/run/app.sock" }, "/run/app.sock"],
    ["./app.sock", { path: "./app.sock" }, "./app.sock"],
    [9000, { host: "127.0.0.1", port: 9000 }, "127.0.0.1:9000"],
    ["9000", { host: "127.0.0.1", port: 9000 }, "127.0.0.1:9000"],
    ["10.0.0.1:9000", { host: "10.0.0.1", port: 9000 }, "10.0.0.1:9000"],
    ["localhost:0", { host: "localhost", port: 0 }, "localhost:0"],
    ["[::1]:80", { host: "::1", port: 80 }, "[::1]:80"],
    ["*:80", { host: "::", port: 80 }, "[::]:80"],
    [{ host: "0.0.0.0", port: 1 }, { host: "0.0.0.0", port: 1 }, "0.0.0.0:1"],
  ])("%j", (given, parsed, text) => {
    expect(parseBindAddress(given)).toEqual(parsed);
    expect(formatAddress(parseBindAddress(given))).toBe(text);
  });

  // Node would listen on all interfaces where the host is left out.
  test.each([{ port: 9000 }, { host: "", port: 9000 }, {}, null, undefined, true])(
    "%j is none either",
    (given) => {
      expect(() => parseBindAddress(given as never)).toThrow(
        expect.objectContaining({
          code: "BIND_ADDRESS",
          message: expect.stringContaining(
            `${JSON.stringify(given)} is no address to listen on; give a path`,
          ),
        }),
      );
    },
  );

  test.each([
    ["http://localhost:9000", "localhost:9000"],
    ["http://127.0.0.1:9000/app?x#y", "127.0.0.1:9000"],
    ["tcp://[::1]:9000", "[::1]:9000"],
    ["fcgi://localhost", "localhost:9000"],
    ["unix:/run/app.sock", "/run/app.sock"],
    ["unix:///run/app.sock", "/run/app.sock"],
    ["file:///run/app.sock", "/run/app.sock"],
  ])("%s is a URL, which stands for %s", (given, meant) => {
    expect(() => parseBindAddress(given)).toThrow(
      expect.objectContaining({
        code: "BIND_ADDRESS",
        message: `"${given}" is a URL and no address to listen on; give "${meant}"`,
      }),
    );
  });

  test.each(["./unix:/app.sock", "a:b/app.sock", "/run/http://x"])("%s is a path", (path) => {
    expect(parseBindAddress(path)).toEqual({ path });
  });

  test.each(["", "app.sock", "host:", "host:port", "1:2:3x", 65_536, -1, 1.5, "70000"])(
    "%j is none",
    (given) => {
      expect(() => parseBindAddress(given)).toThrow(expect.objectContaining({ code: "BIND_ADDRESS" }));
    },
  );
});
