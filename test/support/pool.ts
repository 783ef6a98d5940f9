// A pool of processes for tests: a script of its own in a folder of its own, and questions to it.

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Agent, request } from "node:http";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { PoolStatus, WorkerStatus } from "../../lib/gateway/pool-status.ts";
import type { Address, ServeOptions } from "../../lib/serve.ts";
import { Child, killAll, processesWith } from "./child.ts";
import { compiled } from "./dist.ts";
import { FastCgiClient, responderRequest } from "./fastcgi-client.ts";
import { get, post } from "./fcgi-server.ts";
import { temporaryFolder } from "./folder.ts";
import { freePort } from "./port.ts";
import { until } from "./until.ts";

/**
 * A request's second word is its name: the process that has begun with it leaves a file that says which it is, and waiting
 * ends when a test makes a file of that name.
 */
const SCRIPT = `
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { poolStatus } from ${JSON.stringify(compiled("gateway/pool-status.ts"))};
import { validate } from ${JSON.stringify(compiled("middleware/validate.ts"))};
import { run } from ${JSON.stringify(compiled("run.ts"))};

const isChild = process.send !== undefined;
const there = (name) => existsSync(join(import.meta.dirname, name));
// Whole or not at all: a test kills processes at any moment.
const leave = (name, text) => {
  const path = join(import.meta.dirname, name);
  writeFileSync(path + "." + process.pid, text);
  renameSync(path + "." + process.pid, path);
};

const answers = {
  status: async () => JSON.stringify(await poolStatus()),
  multiprocess: (_name, environ) => String(environ["wsgi.multiprocess"]),
  async wait(name) {
    while (!there(name)) await new Promise((resolve) => setTimeout(resolve, 5));
    return String(process.pid);
  },
  compute(name) {
    while (!there(name));
    return String(process.pid);
  },
  exit: () => process.exit(7),
  grow(name) {
    globalThis.grown = Buffer.alloc(Number(name), 1);
    return String(process.pid);
  },
  spawn: () => execFileSync("/bin/sh", ["-c", "ls -l /proc/$$/fd; env"]).toString(),
};

const application = validate(async (environ, startResponse) => {
  const [, word, name = ""] = environ.PATH_INFO.split("/");
  let body = "";
  for await (const chunk of environ["wsgi.input"]) body += chunk;
  if (name !== "") leave("begun-" + name, String(process.pid));
  if (body !== "") appendFileSync(join(import.meta.dirname, "posted"), body + "\\n");
  const text = word in answers ? await answers[word](name, environ) : String(process.pid);
  startResponse("200 OK", [["Content-Type", "text/plain"], ["X-Version", version]]);
  return [text];
});
`;

interface Options extends Omit<ServeOptions, "protocol" | "log" | "environ" | "bindAddress"> {
  readonly protocol?: "fcgi" | "http";
  /** Where there is none, the script is to find sockets that it was started with. */
  readonly bindAddress?: undefined;
}

interface Start {
  /** Lines of the script in front of where it serves; `globalThis.options` are more options. */
  readonly before?: string;
  /** Whether HTTP listens on a port; a unix socket is for a web server in front. @defaultValue `true` */
  readonly overTcp?: boolean;
  /** What starts it: a program and its arguments. */
  readonly through?: readonly string[];
}

/** What the script answers, and which version of it. */
interface Answer {
  readonly body: string;
  readonly version: string;
}

export class Pool {
  readonly folder: string;
  readonly address: Address;
  readonly #options: Options;
  readonly #mark = `POSTERN_TEST=${randomUUID()}`;
  #before: string;
  #parent: Child | undefined;

  private constructor(folder: string, address: Address, options: Options, before: string) {
    this.folder = folder;
    this.address = address;
    this.#options = options;
    this.#before = before;
  }

  /** A pool for one test, on a unix socket or, for HTTP, a port; everything that is left of it goes with the test. */
  static async prepare(options: Options = {}, { before = "", overTcp = true }: Start = {}): Promise<Pool> {
    const { path, remove } = temporaryFolder();
    const address =
      options.protocol === "http" && overTcp
        ? { host: "127.0.0.1", port: await freePort() }
        : { path: join(path, "socket") };
    const pool = new Pool(path, address, options, before);
    onTestFinished(async () => {
      await killAll(() => pool.processes());
      remove();
    });
    pool.write("1");
    return pool;
  }

  /** The same, serving. */
  static async start(options?: Options, start: Start = {}): Promise<Pool> {
    const pool = await Pool.prepare(options, start);
    const parent = pool.run(start.through);
    const where = "path" in pool.address ? pool.address.path : `127.0.0.1:${pool.address.port}`;
    await parent.printed(new RegExp(`listening on ${where}$`, "m"));
    return pool;
  }

  run(through: readonly string[] = []): Child {
    const [name = "", value] = this.#mark.split("=");
    const env = { ...process.env, POSTERN_LOG: "debug", [name]: value };
    const [program = "", ...args] = [...through, process.execPath, join(this.folder, "script.mjs")];
    this.#parent = new Child(program, args, { env });
    return this.#parent;
  }

  get parent(): Child {
    if (this.#parent === undefined) throw new Error("the pool was not started");
    return this.#parent;
  }

  /** Writes the script anew. */
  write(version: string, before = this.#before): void {
    this.#before = before;
    const bindAddress = "path" in this.address ? this.address.path : this.address;
    const options = { protocol: "fcgi", workers: "prefork", bindAddress, ...this.#options };
    writeFileSync(
      join(this.folder, "script.mjs"),
      `${SCRIPT}
const version = ${JSON.stringify(version)};
${before}
console.log("ended: " + await run(application, { ...${JSON.stringify(options)}, ...globalThis.options }));
`,
    );
  }

  /** Those of the pool that run, the parent first. */
  processes(): { pid: number; command: string }[] {
    return processesWith(this.#mark).sort((one, other) => one.pid - other.pid);
  }

  /** A connection of its own for one request; the answer's body. */
  async ask(path: string): Promise<string> {
    return (await this.exchange(path)).body;
  }

  /** The version of the script that answers. */
  async version(): Promise<string> {
    return (await this.exchange("/")).version;
  }

  async exchange(path: string, body?: string): Promise<Answer> {
    if (this.#options.protocol === "http") return askHttp(this.address, path, body);
    const client = await FastCgiClient.connect(this.address);
    try {
      return await exchangeOver(client, path, body);
    } finally {
      client.destroy();
    }
  }

  /** Makes the file that a request waits for. */
  release(name: string): void {
    writeFileSync(join(this.folder, name), "");
  }

  /** Waits until some process has begun with a request; says which. */
  async begun(name: string): Promise<number> {
    const path = join(this.folder, `begun-${name}`);
    await until(`a process has begun with ${name}`, () => existsSync(path));
    return Number(readFileSync(path, "utf8"));
  }

  /** The bodies that were posted, in the order of their arrival. */
  posted(): string[] {
    const path = join(this.folder, "posted");
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  }

  async status(): Promise<PoolStatus> {
    const [status] = JSON.parse(await this.ask("/status")) as PoolStatus[];
    if (status === undefined) throw new Error("no pool tells what it does");
    return status;
  }

  async workers(): Promise<readonly WorkerStatus[]> {
    return (await this.status()).workers;
  }

  /** Waits until there are that many children, all of them ready. */
  async untilReady(count: number, fits: (worker: WorkerStatus) => boolean = () => true): Promise<number[]> {
    let pids: number[] = [];
    await until(`${count} children are ready`, async () => {
      const workers = await this.workers();
      pids = workers.map(({ pid }) => pid);
      return workers.length === count && workers.every((one) => one.state === "ready" && fits(one));
    });
    return pids;
  }
}

/** One HTTP request, on a connection of its own or of an agent's; node:http does not send it again by itself. */
export function askHttp(address: Address, path: string, body?: string, agent?: Agent): Promise<Answer> {
  const place = "path" in address ? { socketPath: address.path } : address;
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const sent = request({ ...place, path, method, agent: agent ?? false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ body: text, version: String(response.headers["x-version"]) }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** One FastCGI request on a connection of the caller's. */
export async function exchangeOver(
  client: FastCgiClient,
  path: string,
  body?: string,
  flags = 0,
): Promise<Answer> {
  const pairs = body === undefined ? get(path) : post(path, Buffer.byteLength(body));
  void client.send(...responderRequest(1, pairs, { flags, body: Buffer.from(body ?? "") }));
  const { stdout, end } = await client.reply(1);
  if (end === undefined) throw new Error(`the connection ended without an answer to ${path}`);
  const [head = "", text = ""] = stdout.toString().split("\r\n\r\n");
  return { body: text, version: /^X-Version: (.*)$/m.exec(head)?.[1] ?? "" };
}
