import { describe, expect, test } from "vitest";
import { isSocketActivated, systemdSockets } from "../../lib/workers/systemd-sockets.ts";

const LISTEN_PID = String(process.pid);

// Descriptors 3 and 4 of a process of Node's are always open: its event loop waits on them.
describe("LISTEN_FDS", () => {
  test.each<[string, NodeJS.ProcessEnv, object]>([
    ["1", {}, [{ fd: 3, name: "" }]],
    ["1", { LISTEN_FDNAMES: "" }, [{ fd: 3, name: "" }]],
    ["1", { LISTEN_FDNAMES: "site.socket" }, [{ fd: 3, name: "site.socket" }]],
    [
      "2",
      { LISTEN_FDNAMES: "fcgi:" },
      [
        { fd: 3, name: "fcgi" },
        { fd: 4, name: "" },
      ],
    ],
    ["0", {}, []],
    ["1", { LISTEN_PID: "1" }, []],
    ["1", { LISTEN_PID: "" }, []],
    ["garbage", { LISTEN_PID: "1" }, []],
  ])("%s with %j", (LISTEN_FDS, more, sockets) => {
    expect(systemdSockets({ LISTEN_PID, LISTEN_FDS, ...more })).toEqual(sockets);
  });

  test("of another process are not ours", () => {
    expect(isSocketActivated({ LISTEN_PID, LISTEN_FDS: "1" })).toBe(true);
    expect(isSocketActivated({ LISTEN_PID: "1", LISTEN_FDS: "1" })).toBe(false);
    expect(isSocketActivated({})).toBe(false);
  });

  test.each(["", "x", "-1", "1.5", " 1", "0x1", "00", "4096000", "1000000000000", "Infinity"])(
    "%j is refused by its name, and costs no memory",
    (LISTEN_FDS) => {
      const before = process.memoryUsage.rss();
      const message = expect.stringContaining(`LISTEN_FDS=${LISTEN_FDS} is`);
      expect(() => systemdSockets({ LISTEN_PID, LISTEN_FDS })).toThrow(
        expect.objectContaining({ name: "GatewayError", code: "LISTEN_FDS", message }),
      );
      expect(process.memoryUsage.rss() - before).toBeLessThan(10_000_000);
    },
  );

  test.each(["fcgi:fcgi", ":"])("with %j as names of one socket is refused", (LISTEN_FDNAMES) => {
    expect(() => systemdSockets({ LISTEN_PID, LISTEN_FDS: "1", LISTEN_FDNAMES })).toThrow(
      expect.objectContaining({ code: "LISTEN_FDS", message: expect.stringContaining(LISTEN_FDNAMES) }),
    );
  });
});
