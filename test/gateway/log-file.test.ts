import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { logsOf, reopenLogFiles } from "../../lib/gateway/log-file.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";

const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[(\d+)\] (\w+): (.*)$/;

let folder: TemporaryFolder;
let logFile: string;

beforeEach(() => {
  folder = temporaryFolder();
  logFile = join(folder.path, "app.log");
});

afterEach(() => {
  vi.restoreAllMocks();
  folder.remove();
});

/** Who wrote what, of each line. */
function lines(path = logFile): string[] {
  const text = readFileSync(path, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => {
      const [, pid, who, what] = LINE.exec(line) ?? [];
      expect(pid, line).toBe(String(process.pid));
      return `${who}: ${what}`;
    });
}

describe("a log file", () => {
  test("has lines with time, process and who wrote them", () => {
    const before = Date.now();
    const { log, writeErrors } = logsOf({ logFile });
    log("error", "refused a request");
    log("info", "größer");
    log("debug", "not wanted");
    writeErrors(Buffer.from("Error: broken\n    at handler\n"));
    writeErrors(Buffer.from("no line break"));
    writeErrors(Buffer.from(""));
    writeErrors(Buffer.from("next\n\n"));
    expect(lines()).toEqual([
      "error: refused a request",
      "info: größer",
      "app: Error: broken",
      "app:     at handler",
      "app: no line break",
      "app: next",
      "app: ",
    ]);
    const time = Date.parse(readFileSync(logFile, "utf8").slice(0, 24));
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  test("has the trace of an error on lines of its own", () => {
    logsOf({ logFile }).log("error", "Error: broken\n    at handler");
    expect(lines()).toEqual(["error: Error: broken", "error:     at handler"]);
  });

  test("keeps the bytes that an application writes, which need be no UTF-8", () => {
    const bytes = Buffer.from([0x66, 0xfc, 0xff, 0x00, 0x0d]);
    logsOf({ logFile }).writeErrors(bytes);
    expect(readFileSync(logFile).subarray(-bytes.length - 1, -1)).toEqual(bytes);
  });

  test("belongs to its owner and is read by its group", () => {
    const umask = process.umask(0o022);
    try {
      logsOf({ logFile }).log("error", "x");
    } finally {
      process.umask(umask);
    }
    expect(statSync(logFile).mode & 0o777).toBe(0o640);
  });

  test("is appended to, and keeps its permissions where it is there already", () => {
    writeFileSync(logFile, "there already\n", { mode: 0o600 });
    logsOf({ logFile }).log("error", "behind it");
    expect(readFileSync(logFile, "utf8")).toMatch(/^there already\n\S+ \[\d+\] error: behind it\n$/);
    expect(statSync(logFile).mode & 0o777).toBe(0o600);
  });

  test("shared by several is opened once in a process", () => {
    const { log } = logsOf({ logFile });
    expect(logsOf({ logFile: join(folder.path, ".", "app.log") }).log).toBe(log);
  });

  test("leaves the server's own lines to a log that is given, and takes the application's", () => {
    const taken: string[] = [];
    const logs = logsOf({ logFile, log: (level, line) => taken.push(`${level}: ${line}`) });
    logs.log("error", "a server's");
    logs.writeErrors(Buffer.from("an application's\n"));
    expect(taken).toEqual(["error: a server's"]);
    expect(lines()).toEqual(["app: an application's"]);
  });

  test.each([
    ["in a folder that does not exist", (path: string) => join(path, "missing", "app.log")],
    ["that is a folder", (path: string) => path],
  ])("%s cannot be written, in a sentence", (_name, where) => {
    const path = where(folder.path);
    expect(() => logsOf({ logFile: path })).toThrow(
      expect.objectContaining({
        name: "GatewayError",
        code: "LOG_FILE",
        message: expect.stringMatching(
          /^the log file \S+ cannot be written \(E\w+: .*\); choose another path/,
        ),
      }),
    );
  });
});

describe("reopened", () => {
  test("writes to a new file where the old one was moved away", () => {
    const { log, writeErrors } = logsOf({ logFile });
    log("error", "before");
    renameSync(logFile, `${logFile}.1`);
    log("error", "still before");
    reopenLogFiles();
    log("error", "behind");
    writeErrors(Buffer.from("behind, too\n"));
    expect(lines(`${logFile}.1`)).toEqual(["error: before", "error: still before"]);
    expect(lines()).toEqual(["error: behind", "app: behind, too"]);
  });

  test("leaves no descriptor open", () => {
    const { log } = logsOf({ logFile });
    const before = descriptors();
    for (let times = 0; times < 20; times++) reopenLogFiles();
    log("error", "x");
    expect(descriptors()).toBe(before);
  });

  test("without a place for a new file goes on in the old one, and says so there", () => {
    const { log } = logsOf({ logFile });
    const moved = `${folder.path}.moved`;
    renameSync(folder.path, moved);
    try {
      reopenLogFiles();
      log("error", "goes on");
      const [said, ...more] = lines(join(moved, "app.log"));
      expect(said).toMatch(/^error: the log file cannot be opened anew, .* ENOENT/);
      expect(more).toEqual(["error: goes on"]);
    } finally {
      renameSync(moved, folder.path);
    }
  });
});

describe.runIf(existsSync("/dev/full"))("on a full disk", () => {
  test("a line that cannot be written goes to standard error, and nothing is thrown", () => {
    symlinkSync("/dev/full", logFile);
    const written: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((bytes) => {
      written.push(Buffer.from(bytes as Uint8Array).toString());
      return true;
    });
    const { log, writeErrors } = logsOf({ logFile });
    log("error", "no room");
    writeErrors(Buffer.from("no room either\n"));
    expect(written.map((line) => LINE.exec(line.trimEnd())?.slice(2))).toEqual([
      ["error", "no room"],
      ["app", "no room either"],
    ]);
    rmSync(logFile);
    reopenLogFiles();
    log("error", "room again");
    expect(lines()).toEqual(["error: room again"]);
  });
});

test("without a log file all goes to standard error", () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const { log, writeErrors } = logsOf({});
  log("error", "a server's");
  const bytes = Buffer.from("an application's");
  writeErrors(bytes);
  expect(write.mock.calls.map(([text]) => text)).toEqual(["postern: a server's\n", bytes]);
});

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
