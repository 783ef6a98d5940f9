import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findLighttpd } from "../../lib/cli/lighttpd.ts";
import { lighttpdConfig } from "../../lib/cli/lighttpd-config.ts";
import { temporaryFolder } from "../support/folder.ts";
import { lighttpd } from "../support/lighttpd.ts";

describe("finding lighttpd", () => {
  test("POSTERN_LIGHTTPD=none is a machine without it", () => {
    expect(findLighttpd({ POSTERN_LIGHTTPD: "none", PATH: process.env["PATH"] })).toBeUndefined();
  });

  test("POSTERN_LIGHTTPD names another one", () => {
    expect(findLighttpd({ POSTERN_LIGHTTPD: "/opt/lighttpd" })).toBe("/opt/lighttpd");
  });

  test("PATH comes first, and what cannot be executed is passed over", () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    for (const [name, mode] of [
      ["plain", 0o644],
      ["executable", 0o755],
    ] as const) {
      mkdirSync(join(folder.path, name));
      writeFileSync(join(folder.path, name, "lighttpd"), "");
      chmodSync(join(folder.path, name, "lighttpd"), mode);
    }
    const path = ["", join(folder.path, "plain"), join(folder.path, "executable")].join(":");
    expect(findLighttpd({ PATH: path })).toBe(join(folder.path, "executable", "lighttpd"));
  });

  test.skipIf(lighttpd === undefined)("it is found without /usr/sbin in PATH", () => {
    expect(findLighttpd({ PATH: "/usr/bin:/bin" })).toBe(findLighttpd());
  });
});

describe.skipIf(lighttpd === undefined)("its configuration", () => {
  test.each(["127.0.0.1", "::1", "0.0.0.0"])("passes lighttpd's own test for %s", (host) => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const strange = join(folder.path, 'a "quoted" name');
    mkdirSync(join(strange, "empty"), { recursive: true });
    const config = join(folder.path, "lighttpd.conf");
    writeFileSync(config, lighttpdConfig({ host, port: 8080, folder: strange, application: "/bin/true" }));
    const { status, stdout, stderr } = spawnSync(lighttpd as string, ["-tt", "-f", config], {
      encoding: "utf8",
    });
    expect(status, `${stdout}${stderr}`).toBe(0);
  });
});
