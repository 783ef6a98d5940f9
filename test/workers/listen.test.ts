import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ProtocolServer } from "../../lib/gateway/protocol-server.ts";
import { type Listener, listen } from "../../lib/workers/listen.ts";
import type { WorkerOptions } from "../../lib/workers/options.ts";

let folder: string;
const open: { drain(): Promise<void> }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-listen-"));
});

afterEach(async () => {
  for (const listener of open.splice(0)) await listener.drain();
  rmSync(folder, { recursive: true, force: true });
});

function protocolServer(): ProtocolServer {
  const server = createServer((socket) => socket.end("hello"));
  return {
    server,
    drain: () => new Promise((resolve) => server.close(() => resolve())),
    abort: () => {},
  };
}

async function listening(options: WorkerOptions): Promise<Listener[]> {
  const listeners = await listen(protocolServer, options);
  open.push(...listeners);
  return listeners;
}

function refused(options: WorkerOptions): Promise<unknown> {
  return listening(options).then(
    () => "no error",
    (error: unknown) => error,
  );
}

async function foreign(path: string): Promise<Server> {
  const server = createServer().listen(path);
  await once(server, "listening");
  open.push({ drain: () => new Promise((resolve) => server.close(() => resolve())) });
  return server;
}

/** A socket file as a process leaves it that was killed. */
async function abandoned(path: string): Promise<void> {
  const { spawnSync } = await import("node:child_process");
  spawnSync(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`,
  ]);
  expect(statSync(path).isSocket()).toBe(true);
}

describe("unix sockets", () => {
  test.each([
    ["socketMode", 660],
    ["socketMode", "0660"],
    ["socketMode", -1],
    ["umask", "abc"],
    ["umask", 0o1000],
  ])("%s %j is no permission: 660 without 0o would let everybody in", async (name, value) => {
    const path = join(folder, "app.sock");
    expect(await refused({ bindAddress: path, [name]: value })).toMatchObject({
      code: "OPTION",
      message: `option "${name}" is ${JSON.stringify(value)}; give permissions as an octal number, such as 0o660`,
    });
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    [{}, 0o660],
    [{ socketMode: 0o666 }, 0o666],
    [{ socketMode: 0o600 }, 0o600],
    [{ umask: 0o027 }, 0o750],
  ])("with %j have their permissions, whatever the umask", async (options, mode) => {
    const path = join(folder, "app.sock");
    const before = process.umask(0o077);
    try {
      await listening({ bindAddress: path, ...options });
      expect(process.umask()).toBe(0o077);
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).toBe(mode);
  });

  test("belong to the group that is asked for", async () => {
    const path = join(folder, "app.sock");
    const gid = process.getgid?.() ?? 0;
    await listening({ bindAddress: path, socketGroup: gid });
    expect(statSync(path).gid).toBe(gid);
  });

  test("a stale file is replaced", async () => {
    const path = join(folder, "app.sock");
    await abandoned(path);
    await listening({ bindAddress: path });
    const [answer] = await once(connect(path), "data");
    expect(String(answer)).toBe("hello");
  });

  test("a live one is left to its owner", async () => {
    const path = join(folder, "app.sock");
    await foreign(path);
    const { ino } = statSync(path);
    expect(await refused({ bindAddress: path })).toMatchObject({
      name: "GatewayError",
      code: "ADDRESS_IN_USE",
    });
    expect(statSync(path).ino).toBe(ino);
  });

  test("a file that is no socket is never removed", async () => {
    const path = join(folder, "app.sock");
    writeFileSync(path, "precious");
    expect(await refused({ bindAddress: path })).toMatchObject({ code: "NOT_A_SOCKET" });
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  test("the file goes when the server stops", async () => {
    const path = join(folder, "app.sock");
    const [listener] = await listening({ bindAddress: path });
    await listener?.drain();
    open.length = 0;
    expect(existsSync(path)).toBe(false);
  });

  test("but not the file of a successor that took its place", async () => {
    const path = join(folder, "app.sock");
    const [listener] = await listening({ bindAddress: path });
    rmSync(path);
    await foreign(path);
    await listener?.drain();
    open.shift();
    const socket = connect(path);
    await once(socket, "connect");
    socket.destroy();
  });

  test.each([
    ["x".repeat(108), "SOCKET_PATH"],
    ["missing/app.sock", "SOCKET_PATH"],
  ])("a path that cannot be bound is refused: %s", async (name, code) => {
    expect(await refused({ bindAddress: join(folder, name) })).toMatchObject({ code });
  });

  test("a group that cannot be given is refused, and nobody is left listening", async () => {
    const path = join(folder, "app.sock");
    expect(await refused({ bindAddress: path, socketGroup: 2 ** 40 })).toMatchObject({
      code: "SOCKET_GROUP",
    });
    expect(existsSync(path)).toBe(false);
  });

  test("a group that does not exist is refused", async () => {
    const options = { bindAddress: join(folder, "app.sock"), socketGroup: "no-such-group" };
    expect(await refused(options)).toMatchObject({ code: "SOCKET_GROUP" });
  });
});

describe("ports", () => {
  test("several addresses are listened on at once", async () => {
    const path = join(folder, "app.sock");
    const listeners = await listening({ bindAddress: [path, 0] });
    expect(listeners.map((listener) => Object.keys(listener.address))).toEqual([["path"], ["host", "port"]]);
  });

  test("a port in use is named in the message, and no other address stays open", async () => {
    const [first] = await listening({ bindAddress: 0 });
    const address = first?.address;
    const port = address !== undefined && "port" in address ? address.port : 0;
    const path = join(folder, "app.sock");
    const error = await refused({ bindAddress: [path, port] });
    expect(error).toMatchObject({ code: "ADDRESS_IN_USE", message: expect.stringContaining(String(port)) });
    expect(existsSync(path)).toBe(false);
  });

  test("an address of another machine is refused", async () => {
    expect(await refused({ bindAddress: "192.0.2.1:0" })).toMatchObject({ code: "ADDRESS_NOT_AVAILABLE" });
  });

  test("no address at all is refused", async () => {
    expect(await refused({ bindAddress: [] })).toMatchObject({ code: "NO_ADDRESS" });
  });
});
