import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { lutimes, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { diskStore } from "../../../lib/framework/sessions/stores/disk.ts";
import type { SessionStore } from "../../../lib/framework/sessions.ts";
import { Child, kill } from "../../support/child.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { until } from "../../support/until.ts";
import { Browser, changeAtOnce, startApplication } from "./machines.ts";
import { sample, storeSuite } from "./shared-suite.ts";
import { Visitor } from "./visitor.ts";

const temporary = temporaryFolder();
afterAll(() => temporary.remove());
let number = 0;
let folder = "";
beforeEach(() => {
  number += 1;
  folder = join(temporary.path, `sessions-${number}`);
});

const shared = diskStore(join(temporary.path, "shared"));
storeSuite("a folder", () => shared, { onServer: true });

const minute = 60_000;
const id = "0123456789abcdef0123456789abcdef";
const other = "fedcba9876543210fedcba9876543210";

test("a path that is empty is refused: it would be whatever folder the process was started in", () => {
  expect(() => diskStore("")).toThrow(expect.objectContaining({ code: "OPTION" }));
});

describe("a folder that cannot be used", () => {
  const remedy = "keep sessions in a folder of mode 0700 that belongs to the user who runs the application";

  test.each([
    ["a file", "file", "file"],
    ["below a file", "file/a/b", "file"],
  ])("%s is refused when the store is made", (_name, below, file) => {
    mkdirSync(folder);
    writeFileSync(join(folder, "file"), "");
    const path = join(folder, below);
    expect(() => diskStore(path)).toThrow(
      expect.objectContaining({
        code: "SESSION_FOLDER",
        message: `sessions cannot be kept in ${path} (ENOTDIR: ${join(folder, file)} is no folder): ${remedy}`,
      }),
    );
  });

  test("making the store makes no folder", () => {
    diskStore(join(folder, "a/b"));
    expect(() => statSync(folder)).toThrow("ENOENT");
  });

  test("a folder in folders that are missed is made, all of mode 0700", async () => {
    const store = diskStore(join(folder, "a/b"));
    await Promise.all([store.create(id, new Map(), minute), store.create(other, new Map(), minute)]);
    expect(await store.read(id)).toBeDefined();
    for (const path of [folder, join(folder, "a"), join(folder, "a/b")])
      expect(statSync(path).mode & 0o777, path).toBe(0o700);
  });

  // Node's own recursive mkdir tries there for ever.
  test.skipIf(process.platform !== "linux")(
    "below /proc the answer is 503 at once, and the log says why",
    async () => {
      const visitor = new Visitor(sample(diskStore("/proc/sessions/of-postern")));
      const failed = await visitor.ask("/set/user/%22ada%22");
      expect(failed.status).toBe(503);
      expect(failed.errors).toBe(
        "the session store fails (sessions cannot be kept in /proc/sessions/of-postern (ENOENT: no such file or directory): " +
          `${remedy}): 503 for a request\n`,
      );
    },
  );

  test("that has become a file fails by its name, without the id", async () => {
    const store = diskStore(folder);
    await store.create(id, new Map(), minute);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "");
    const sentence = `sessions cannot be kept in ${folder} (ENOTDIR: not a directory): ${remedy}`;
    await expect(store.read(id)).rejects.toThrow(sentence);
    await expect(store.merge(id, new Map(), minute)).rejects.toThrow(sentence);
    await expect(store.create(other, new Map(), minute)).rejects.toThrow(sentence);
  });
});

test("files and folder are their owner's alone, and nothing else is left behind", async () => {
  const visitor = new Visitor(sample(diskStore(folder)));
  await visitor.ask("/set/user/%22ada%22");
  await visitor.ask("/set/count/2");
  await visitor.ask("/add");
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const names = readdirSync(folder);
  expect(names).toEqual([visitor.cookies.get("session")]);
  const path = join(folder, names[0] ?? "");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, "utf8")).toMatch(/^\d{15}\n\{.*"user":"ada".*\}$/);
});

test("a file that a crash has cut, or that is none of ours, is no session", async () => {
  const store = diskStore(folder);
  await store.create(id, new Map([["a", "1"]]), minute);
  const path = join(folder, id);
  const whole = readFileSync(path);
  for (const length of [0, 5, 15, 16, whole.length - 1]) {
    writeFileSync(path, whole);
    truncateSync(path, length);
    expect(await store.read(id), `${length}`).toBeUndefined();
    expect(await store.merge(id, new Map([["b", "2"]]), minute)).toBe(false);
  }
  writeFileSync(path, "something else");
  expect(await store.read(id)).toBeUndefined();
});

test("nothing but an id becomes a name of a file", async () => {
  const store = diskStore(folder);
  for (const name of ["../x", "", "a/b", `${id}x`, `${id}\0`]) {
    await expect(store.read(name)).rejects.toThrow("no id");
    await expect(store.create(name, new Map(), minute)).rejects.toThrow("no id");
  }
});

test("a use makes it live on without another file", async () => {
  const store = diskStore(folder);
  await store.create(id, new Map([["a", "1"]]), 1_000);
  const { ino } = statSync(join(folder, id));
  expect(await store.merge(id, new Map(), minute)).toBe(true);
  expect(statSync(join(folder, id)).ino).toBe(ino);
  expect((await store.read(id))?.remainingMs).toBeGreaterThan(50_000);
  expect((await store.read(id))?.values).toEqual(new Map([["a", "1"]]));
});

/** A session of which the time is over for a while, in milliseconds. */
async function createExpired(store: SessionStore, id: string, sinceMs: number): Promise<void> {
  await store.create(id, new Map(), minute);
  const file = readFileSync(join(folder, id), "utf8");
  writeFileSync(join(folder, id), String(Date.now() - sinceMs).padStart(15, "0") + file.slice(15));
}

test("cleanUp() removes what is past its time, and what dead processes have left", async () => {
  const store = diskStore(folder);
  await store.cleanUp?.();
  await createExpired(store, id, minute + 1);
  await store.create(other, new Map(), minute);
  writeFileSync(join(folder, `${id}.0123456789ab.new`), "");
  writeFileSync(join(folder, `${other}.0123456789ab.new`), "");
  utimesSync(join(folder, `${id}.0123456789ab.new`), 0, 0);
  symlinkSync("elsewhere:1:0:x", join(folder, `${id}.lock`));
  await lutimes(join(folder, `${id}.lock`), 0, 0);
  writeFileSync(join(folder, "readme.txt"), "another's");
  await store.cleanUp?.();
  expect(readdirSync(folder).sort()).toEqual([other, `${other}.0123456789ab.new`, "readme.txt"].sort());
});

test("cleanUp() goes on after what it cannot read, and says so at the end", async () => {
  const store = diskStore(folder);
  await createExpired(store, other, 2 * minute);
  mkdirSync(join(folder, id));
  writeFileSync(join(folder, `${id}.lock`), "a file, not a link");
  await expect(store.cleanUp?.()).rejects.toThrow(/EISDIR|EINVAL/);
  expect(readdirSync(folder).sort()).toEqual([id, `${id}.lock`]);
});

test("cleanUp() leaves alone what another process may be about to prolong", async () => {
  const store = diskStore(folder);
  await createExpired(store, id, minute / 2);
  await store.cleanUp?.();
  expect(readdirSync(folder)).toEqual([id]);
  expect(await store.read(id)).toBeUndefined();
});

describe("cleanUp() of many sessions", () => {
  const sessionIds = (count: number) => Array.from({ length: count }, () => randomBytes(16).toString("hex"));
  const expired = `${"1".padStart(15, "0")}\n{}`;

  test("looks at as many as it is told, and at others the next time, until none is left out", async () => {
    const store = diskStore(folder);
    const living = sessionIds(20);
    for (const one of living) await store.create(one, new Map(), minute);
    for (const one of sessionIds(30)) writeFileSync(join(folder, one), expired);
    await store.cleanUp?.(10);
    expect(readdirSync(folder).length).toBeGreaterThanOrEqual(40);
    for (let i = 0; i < 200; i += 1) await store.cleanUp?.(5);
    expect(readdirSync(folder).sort()).toEqual(living.sort());
  });

  test("lets other work come between", async () => {
    const store = diskStore(folder);
    await store.create(id, new Map(), minute);
    for (const one of sessionIds(600)) writeFileSync(join(folder, one), expired);
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await store.cleanUp?.();
    isOver = true;
    expect(readdirSync(folder)).toEqual([id]);
    expect(turns).toBeGreaterThan(3);
  });
});

describe("a folder in which others have a hand", () => {
  const foreign = 65534;
  const isRoot = process.getuid?.() === 0;
  /** A folder such as `/tmp`. */
  const shared = (mode: number): string => {
    mkdirSync(folder);
    chmodSync(folder, mode);
    return folder;
  };
  const make = (path: string, mode: number, owner?: number): string => {
    mkdirSync(path);
    chmodSync(path, mode);
    if (owner !== undefined) chownSync(path, owner, owner);
    return path;
  };
  const said = async (path: string): Promise<string> => {
    const lines = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const store = diskStore(path);
      await store.create(id, new Map([["a", "1"]]), minute);
      await store.create(other, new Map(), minute);
      expect((await store.read(id))?.values).toEqual(new Map([["a", "1"]]));
      return lines.mock.calls.map(([line]) => line).join("");
    } finally {
      lines.mockRestore();
    }
  };

  test.each([0o777, 0o1777, 0o733])("is refused where everybody writes to it (%o)", async (mode) => {
    const store = diskStore(shared(mode));
    writeFileSync(join(folder, id), `${Date.now() + minute}`.padStart(15, "0").concat('\n{"user":"admin"}'));
    const words = "every user of this machine can write to";
    await expect(store.read(id)).rejects.toThrow(words);
    await expect(store.create(other, new Map(), minute)).rejects.toThrow(words);
    await expect(store.merge(id, new Map(), minute)).rejects.toThrow(words);
    await expect(store.rename(id, other)).rejects.toThrow(words);
    await expect(store.delete(id)).rejects.toThrow(words);
    await expect(store.cleanUp?.()).rejects.toThrow(words);
    const refused = await new Visitor(sample(store), [["session", id]]).ask("/see");
    expect(refused.status).toBe(503);
    expect(refused.errors).toMatch(/^the session store fails \(every user [^\n]*0700[^\n]*\n$/);
    // Who mends it need not start the program again.
    chmodSync(folder, 0o700);
    expect(await store.read(id)).toBeDefined();
  });

  test("is not read where it was not there yet when it was asked about", async () => {
    for (let i = 0; i < 50; i += 1) {
      writeFileSync(join(make(folder, 0o777), id), `${Date.now() + minute}`.padStart(15, "0").concat("\n{}"));
      const late = `${folder}-late`;
      const reading = diskStore(late).read(id);
      renameSync(folder, late);
      expect(await reading.catch(() => undefined)).toBeUndefined();
      rmSync(late, { recursive: true });
    }
  });

  test.each([
    ["is open to all", () => chmodSync(folder, 0o1777)],
    [
      "is another one that is",
      () => {
        renameSync(folder, `${folder}-old`);
        make(folder, 0o777);
        renameSync(join(`${folder}-old`, id), join(folder, id));
      },
    ],
  ])("is refused where it was safe and now %s", async (_what, change) => {
    const store = diskStore(make(folder, 0o700));
    await store.create(id, new Map([["a", "1"]]), minute);
    expect(await store.read(id)).toBeDefined();
    change();
    await expect(store.read(id)).rejects.toThrow("every user of this machine can write to");
    await expect(store.merge(id, new Map(), minute)).rejects.toThrow(
      "every user of this machine can write to",
    );
  });

  test.runIf(isRoot)(
    "is refused where somebody else has made it, or what it lies in, in such a folder",
    async () => {
      const own = make(join(shared(0o1777), "app"), 0o755, foreign);
      for (const path of [own, join(own, "sessions")]) {
        await expect(diskStore(path).create(id, new Map(), minute), path).rejects.toThrow(
          `${own} belongs to user ${foreign}`,
        );
      }
    },
  );

  test.runIf(isRoot)("is refused where somebody else's link in such a folder leads to it", async () => {
    const target = make(join(temporary.path, `target-${number}`), 0o700);
    symlinkSync(target, join(shared(0o1777), "link"));
    lchownSync(join(folder, "link"), foreign, foreign);
    await expect(diskStore(join(folder, "link")).read(id)).rejects.toThrow("belongs to user");
    lchownSync(join(folder, "link"), 0, 0);
    expect(await said(join(folder, "link"))).toBe("");
  });

  test.runIf(isRoot)("may be somebody else's where only they and their like could make it", async () => {
    expect(await said(make(join(shared(0o755), "app"), 0o770, foreign))).toBe("");
  });

  test("is our own in such a folder, and nothing is said of it", async () => {
    expect(await said(join(shared(0o1777), "app/sessions"))).toBe("");
  });

  test("is warned of once where everybody reads its names, which are ids", async () => {
    expect(await said(shared(0o755))).toMatch(
      /^postern: every user [^\n]* can read session ids in [^\n]*\n$/,
    );
  });

  test("is warned of once where everybody can exchange it", async () => {
    expect(await said(join(shared(0o777), "app"))).toMatch(
      /^postern: every user [^\n]* can exchange [^\n]*\n$/,
    );
  });
});

describe("a lock", () => {
  const change = () => diskStore(folder).merge(id, new Map([["b", "2"]]), minute);
  const hold = (holder: string) => symlinkSync(holder, join(folder, `${id}.lock`));

  test("that lives is waited for as long as lockTimeoutMs says", async () => {
    const store = diskStore(folder, { lockTimeoutMs: 20 });
    await store.create(id, new Map([["a", "1"]]), minute);
    hold("elsewhere/1:1:1:x");
    await expect(store.merge(id, new Map([["b", "2"]]), minute)).rejects.toThrow(
      /lock \S+ was not released in 20 ms \(lockTimeoutMs\)/,
    );
    expect(() => diskStore(folder, { lockTimeoutMs: -1 })).toThrow(
      expect.objectContaining({ code: "OPTION", message: expect.stringContaining("lockTimeoutMs") }),
    );
  });

  test("of a process that has died is taken over at once", async () => {
    const child = new Child(process.execPath, ["--eval", ""]);
    await child.ended;
    await diskStore(folder).create(id, new Map([["a", "1"]]), minute);
    hold(`${hostname()}/${await pidNamespace()}:${child.pid}:1:x`);
    const begin = performance.now();
    expect(await change()).toBe(true);
    expect(performance.now() - begin).toBeLessThan(2_000);
  });

  test("of a process whose number another one has by now, too", async () => {
    await diskStore(folder).create(id, new Map([["a", "1"]]), minute);
    hold(`${hostname()}/${await pidNamespace()}:${process.pid}:1:x`);
    expect(await change()).toBe(true);
  });

  test("of another machine is taken over when it is old", async () => {
    await diskStore(folder).create(id, new Map([["a", "1"]]), minute);
    hold("elsewhere/1:1:1:x");
    await lutimes(join(folder, `${id}.lock`), 0, Date.now() / 1000 - 31);
    expect(await change()).toBe(true);
  });

  test("that is held is waited for, and given up in time", async () => {
    await diskStore(folder).create(id, new Map([["a", "1"]]), minute);
    hold("elsewhere/1:1:1:x");
    await expect(change()).rejects.toThrow("was not released");
    expect((await diskStore(folder).read(id))?.values).toEqual(new Map([["a", "1"]]));
  });
});

describe("a disk that is full", () => {
  // A file system of its own that is very small; only root may mount one, and not everywhere.
  const mounted = join(temporary.path, "small");
  let isMounted = false;
  beforeAll(() => {
    mkdirSync(mounted);
    isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mounted]).status === 0;
  });
  afterAll(() => {
    if (isMounted) spawnSync("umount", [mounted]);
  });

  test("fails the request; the session stays whole, and goes on when there is room", async ({ skip }) => {
    skip(!isMounted, "no file system can be mounted here");
    const visitor = new Visitor(sample(diskStore(join(mounted, "sessions"))));
    await visitor.ask("/set/user/%22ada%22");
    writeFileSync(join(mounted, "filler"), "");
    for (let full = false; !full; ) {
      try {
        appendFileSync(join(mounted, "filler"), Buffer.alloc(4096));
      } catch {
        full = true;
      }
    }
    const failed = await visitor.ask(`/set/text/%22${"x".repeat(8_000)}%22`);
    expect(failed.status).toBe(503);
    expect(failed.errors).toMatch(/^the session store fails \(ENOSPC[^\n]*\n$/);
    const again = await visitor.ask(`/set/text/%22${"x".repeat(8_000)}%22`);
    expect(again).toMatchObject({ status: 503, errors: "" });
    expect(await visitor.json("/see")).toMatchObject({ user: "ada", isNew: false });
    expect(readdirSync(join(mounted, "sessions"))).toEqual([visitor.cookies.get("session")]);
    rmSync(join(mounted, "filler"));
    const works = await visitor.ask("/set/text/1");
    expect(works).toMatchObject({ status: 200 });
    expect(await visitor.json("/see")).toMatchObject({ user: "ada", text: 1 });
  });
});

describe("four processes with one folder", () => {
  let child: Child;
  let port: number;
  beforeAll(async () => {
    const pool = await startApplication(`disk=${join(temporary.path, "pool")}`, 4);
    child = pool.child;
    port = pool.port;
  });
  afterAll(async () => {
    await child?.stop();
  });

  test("of 2,000 changes of different keys at once none is lost, nor of 48 of eight keys", async () => {
    const browsers = Array.from({ length: 8 }, () => new Browser(port));
    await Promise.all(browsers.map((browser) => changeAtOnce(browser, 250, 6)));
    for (const browser of browsers) browser.close();
    expect(readdirSync(join(temporary.path, "pool"))).toHaveLength(8);
  }, 120_000);

  test("nobody is logged out by the end of a process, whatever it was at", async () => {
    const visitor = new Browser(port);
    await visitor.ask("/set/user/grace");
    const pids = new Set<number>();
    await until("all four have answered", async () => {
      const answers = Array.from({ length: 8 }, async () => {
        const one = new Browser(port);
        pids.add(Number((await one.ask("/pid")).text));
        one.close();
      });
      await Promise.all(answers);
      return pids.size === 4;
    });
    const changes = Array.from({ length: 40 }, () => visitor.ask("/add").catch(() => undefined));
    const [first] = pids;
    kill(first, "SIGKILL");
    const counted = (await Promise.all(changes)).filter((answer) => answer?.status === 200).length;
    const seen = await visitor.see();
    expect(seen).toMatchObject({ user: "grace" });
    // What was answered is there; what the dead one had stored and not answered may be.
    expect(seen["count"]).toBeGreaterThanOrEqual(counted);
    expect(seen["count"]).toBeLessThanOrEqual(40);
    visitor.close();
  });
});

async function pidNamespace(): Promise<string> {
  return (await readlink("/proc/self/ns/pid")).replace(/\D/g, "");
}
