// The status of real servers, over real sockets, behind traffic that is known.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { poolStatus } from "../../lib/gateway/pool-status.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { status } from "../../lib/middleware/status.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type ServeOptions, type Server, serve } from "../../lib/serve.ts";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { KEEP_CONN, type Pair, responderRequest } from "../support/fastcgi-client.ts";
import { get, serving, TEXT } from "../support/fcgi-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { freePort, untilListening } from "../support/port.ts";
import { type Metric, parsePrometheus } from "../support/prometheus.ts";
import { until } from "../support/until.ts";

const TOKEN = "0123456789abcdef";

const application: Application = (environ, startResponse) => {
  environ["wsgi.errors"].write = () => true;
  if (environ.PATH_INFO === "/fail") throw new Error("on purpose");
  startResponse("200 OK", TEXT);
  return ["Hello World!\n"];
};

const shown = { middleware: [validate, status({ path: "/server-status", token: TOKEN })] };

async function servingHttp(options: Partial<ServeOptions> = {}): Promise<{ url: string; server: Server }> {
  const server = serve(validate(application), {
    protocol: "http",
    bindAddress: 0,
    log: () => {},
    ...shown,
    ...options,
  });
  onTestFinished(() => server.close());
  const [address] = await server.listening;
  if (address === undefined || "path" in address) throw new Error("it listens elsewhere");
  return { url: `http://127.0.0.1:${address.port}`, server };
}

/** The body of an answer. */
async function ask(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, { headers: { ...headers, Connection: "close" } });
  return response.text();
}

/** What is read here of JSON. */
interface JsonPool {
  readonly workers: readonly {
    readonly pid: number;
    readonly thread?: number;
    readonly state: string;
    readonly generation: number;
    readonly active: number;
  }[];
  readonly total: Readonly<
    Record<
      "requests" | "errors" | "active" | "maxActive" | "accepted" | "bytesReceived" | "bytesSent",
      number
    >
  >;
  readonly crashes: number;
}

const bearer = { Authorization: `Bearer ${TOKEN}` };

function firstValue(metrics: ReadonlyMap<string, Metric>, name: string): number | undefined {
  return metrics.get(`postern_${name}`)?.samples[0]?.value;
}

test("HTTP: JSON, Prometheus and page say what there was", async () => {
  const { url } = await servingHttp({ maxBodyBytes: 10 });
  for (const path of ["/1", "/2", "/3", "/fail", "/fail"]) await ask(url + path);
  const refused = await fetch(url, { method: "POST", body: "more than ten bytes" });
  expect(refused.status).toBe(413);

  const before = Date.now();
  const json = JSON.parse(await ask(`${url}/server-status`, bearer));
  const [pool] = json.pools;
  expect(json.pools).toHaveLength(1);
  expect(pool).toMatchObject({ protocol: "http", model: "single", pid: process.pid, crashes: 0 });
  expect(pool.addresses).toEqual([new URL(url).host]);
  expect(Math.abs(Date.parse(pool.startedAt) - before)).toBeLessThan(60_000);
  // The request for the status is one too, the one that is active.
  expect(pool.total).toMatchObject({ requests: 6, active: 1, errors: 2, refused: 1 });
  expect(
    pool.total.latency.buckets.reduce((sum: number, { count }: { count: number }) => sum + count, 0),
  ).toBe(5);
  expect(pool.total.bytesReceived).toBeGreaterThan(6 * "GET /1 HTTP/1.1\r\n\r\n".length);
  expect(pool.workers).toHaveLength(1);
  expect(pool.workers[0]).toMatchObject({ pid: process.pid, generation: 1, state: "ready", requests: 6 });
  expect(pool.workers[0].memoryBytes).toBeGreaterThan(10_000_000);

  const metrics = parsePrometheus(await ask(`${url}/server-status?format=prometheus`, bearer));
  expect(firstValue(metrics, "requests_total")).toBe(7);
  expect(firstValue(metrics, "request_errors_total")).toBe(2);
  expect(firstValue(metrics, "refused_total")).toBe(1);
  expect(firstValue(metrics, "requests_active")).toBe(1);
  expect(metrics.get("postern_request_duration_seconds")?.samples.at(-1)?.value).toBe(6);
  expect(firstValue(metrics, "received_bytes_total")).toBeGreaterThan(pool.total.bytesReceived);

  const basic = {
    Authorization: `Basic ${Buffer.from(`ada:${TOKEN}`).toString("base64")}`,
    Accept: "text/html",
  };
  const page = await ask(`${url}/server-status`, basic);
  expect(page).toContain(`<dt>Requests</dt><dd class="">8</dd>`);

  expect(await ask(`${url}/server-status`)).toBe("The status is shown to those who have its token.\n");
  // Who is not let in has called an application nevertheless, which has not failed.
  const after = parsePrometheus(await ask(`${url}/server-status?format=prometheus`, bearer));
  expect(firstValue(after, "requests_total")).toBe(10);
  expect(firstValue(after, "request_errors_total")).toBe(2);
});

test("FastCGI: one connection that stays open", async () => {
  const { client } = await serving(application, { ...shown, maxParamsBytes: 2_000 });
  const peer = await client();
  const request = async (path: string, ...more: Pair[]): Promise<string> => {
    await peer.send(...responderRequest(1, get(path, ...more), { flags: KEEP_CONN }));
    const { stdout } = await peer.reply(1);
    return stdout.toString();
  };
  for (const path of ["/1", "/2", "/fail"]) await request(path);
  const other = await client();
  await other.send(...responderRequest(1, get("/", ["HTTP_X_LONG", "x".repeat(2_000)])));
  expect((await other.reply(1)).stdout.toString()).toMatch(/^Status: 431 /);
  await other.closed();

  const head = await request("/server-status", ["HTTP_AUTHORIZATION", bearer.Authorization]);
  const [pool] = JSON.parse(head.slice(head.indexOf("\r\n\r\n"))).pools;
  expect(pool).toMatchObject({
    protocol: "fcgi",
    total: { accepted: 2, requests: 4, errors: 1, refused: 1, active: 1 },
  });
  // Three answers have gone over the connection that is still open.
  expect(pool.total.bytesSent).toBeGreaterThan(3 * "Status: 200 OK\r\n\r\n".length);
  expect(pool.total.open).toBeGreaterThanOrEqual(1);
});

test("several servers of a process are all there, and gone when they have stopped", async () => {
  const one = await servingHttp();
  const other = await servingHttp();
  const addresses = async () =>
    JSON.parse(await ask(`${one.url}/server-status`, bearer)).pools.map(
      (pool: { addresses: string[] }) => pool.addresses[0],
    );
  expect(await addresses()).toEqual([new URL(one.url).host, new URL(other.url).host]);
  await other.server.close();
  expect(await addresses()).toEqual([new URL(one.url).host]);
});

test("a server that stops says so while something is in progress", async () => {
  let release = (): void => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  const server = serve(
    async (environ, startResponse) => {
      await opened;
      return application(environ, startResponse);
    },
    { protocol: "http", bindAddress: 0, log: () => {} },
  );
  const [address] = await server.listening;
  const answer = ask(`http://127.0.0.1:${address !== undefined && "port" in address ? address.port : 0}/`);
  await until(
    "the application was called",
    async () => (await poolStatus())[0]?.workers[0]?.counters.active === 1,
  );
  const states = async () => (await poolStatus()).map((pool) => pool.workers[0]?.state);
  expect(await states()).toEqual(["ready"]);
  const closed = server.close();
  await until("it stops", async () => (await states())[0] === "stopping");
  release();
  expect(await answer).toBe("Hello World!\n");
  await closed;
  expect(await states()).toEqual([]);
});

describe.each(["prefork", "threads"])("a pool of the model %s", (model) => {
  const WORKERS = 3;

  /** A process whose application says who answers, and waits where it is told to. */
  async function started(): Promise<{ url: string; child: Child; release: () => void }> {
    const folder = temporaryFolder();
    const path = join(folder.path, "app.mjs");
    const port = await freePort();
    const options = {
      protocol: "http",
      bindAddress: port,
      workers: model,
      maxChildren: WORKERS,
      maxThreads: WORKERS,
    };
    writeFileSync(
      path,
      `import { existsSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { run } from ${JSON.stringify(compiled("run.ts"))};
import { status } from ${JSON.stringify(compiled("middleware/status.ts"))};
const application = async (environ, startResponse) => {
  if (environ.PATH_INFO === "/fail") throw new Error("on purpose");
  while (environ.PATH_INFO === "/wait" && !existsSync(new URL("go", import.meta.url))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [process.pid + "/" + threadId];
};
await run(application, {
  ...${JSON.stringify(options)},
  middleware: [status({ path: "/server-status", token: ${JSON.stringify(TOKEN)} })],
});
`,
    );
    const child = new Child(process.execPath, [path], { env: { PATH: process.env["PATH"] } });
    onTestFinished(async () => {
      await child.stop();
      folder.remove();
    });
    const url = `http://127.0.0.1:${port}`;
    await untilListening(port);
    await until("all workers are ready", async () => {
      const { workers } = await poolOf(url);
      return workers.length === WORKERS && workers.every(({ state }) => state === "ready");
    });
    return { url, child, release: () => writeFileSync(join(folder.path, "go"), "") };
  }

  async function poolOf(url: string): Promise<JsonPool> {
    const { pools } = JSON.parse(await ask(`${url}/server-status?json`, bearer)) as { pools: JsonPool[] };
    expect(pools).toHaveLength(1);
    return pools[0] as JsonPool;
  }

  test("is shown whole by each of its workers", async () => {
    const { url, child } = await started();
    const before = await poolOf(url);
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(`${url}/`)));
    for (const path of ["/fail", "/fail"]) await ask(url + path);
    const pool = await poolOf(url);
    expect(pool).toMatchObject({ protocol: "http", model, pid: child.pid, crashes: 0 });
    expect(pool.total.requests - before.total.requests).toBe(33);
    expect(pool.total.errors).toBe(2);
    expect(pool.total.active).toBe(1);
    expect(pool.total.accepted - before.total.accepted).toBe(33);
    expect(pool.total.bytesSent - before.total.bytesSent).toBeGreaterThan(answers.join("").length);
    const named = pool.workers.map(({ pid, thread = 0 }) => `${pid}/${thread}`);
    expect(new Set(named).size).toBe(WORKERS);
    expect(answers.filter((answer) => !named.includes(answer))).toEqual([]);
    // Each of several answers may come from another worker; all say the same and one more.
    for (let asked = 1; asked <= 6; asked++)
      expect((await poolOf(url)).total.requests).toBe(pool.total.requests + asked);
    const metrics = parsePrometheus(await ask(`${url}/server-status?prometheus`, bearer));
    expect(metrics.get("postern_worker_requests_total")?.samples).toHaveLength(WORKERS);
    const page = await ask(`${url}/server-status?html`, bearer);
    expect(page.match(/class="state ready"/g)).toHaveLength(WORKERS);
  });

  test("counts on when its workers are replaced", async () => {
    const { url, child } = await started();
    await Promise.all(Array.from({ length: 12 }, () => ask(`${url}/`)));
    const before = await poolOf(url);
    child.signal("SIGHUP");
    await until("all workers are new", async () => {
      const { workers } = await poolOf(url);
      return (
        workers.length === WORKERS &&
        workers.every(({ state, generation }) => state === "ready" && generation === 2)
      );
    });
    const after = await poolOf(url);
    for (const name of ["requests", "accepted", "bytesReceived", "bytesSent"] as const)
      expect(after.total[name], name).toBeGreaterThan(before.total[name]);
    expect(after.total).toMatchObject({ errors: 0, active: 1 });
    expect(after.crashes).toBe(0);
    const old = new Set(before.workers.map(({ pid, thread }) => `${pid}/${thread}`));
    expect(after.workers.filter(({ pid, thread }) => old.has(`${pid}/${thread}`))).toEqual([]);
  });

  test("tells who is busy", async () => {
    const { url, release } = await started();
    const waiting = ask(`${url}/wait`);
    await until("one waits", async () => (await poolOf(url)).total.active === 2);
    const pool = await poolOf(url);
    expect(pool.workers.reduce((sum, { active }) => sum + active, 0)).toBe(2);
    expect(pool.total.maxActive).toBeGreaterThanOrEqual(model === "threads" ? 2 : 1);
    release();
    expect(await waiting).toMatch(/^\d+\/\d+$/);
    await until("it has finished", async () => (await poolOf(url)).total.active === 1);
  });
});

describe("app.run(import.meta, { middleware })", () => {
  function script(): string {
    const folder = temporaryFolder();
    onTestFinished(() => folder.remove());
    const path = join(folder.path, "app.mjs");
    writeFileSync(
      path,
      `import { application } from ${JSON.stringify(compiled("index.ts"))};
import { status } from ${JSON.stringify(compiled("middleware/status.ts"))};
const app = application([["/", () => "Hello"]]);
app.run(import.meta, { middleware: [status({ path: "/server-status", token: process.env.STATUS_TOKEN })] });
`,
    );
    return path;
  }

  function started(path: string, env: NodeJS.ProcessEnv): Child {
    const child = new Child(process.execPath, [path], { env: { PATH: process.env["PATH"], ...env } });
    onTestFinished(async () => {
      await child.stop();
    });
    return child;
  }

  test("shows the status beside the application", async () => {
    const port = await freePort();
    const child = started(script(), { PORT: `${port}`, STATUS_TOKEN: TOKEN });
    await untilListening(port);
    expect(await ask(`http://127.0.0.1:${port}/`)).toBe("Hello");
    const [pool] = JSON.parse(await ask(`http://127.0.0.1:${port}/server-status`, bearer)).pools;
    expect(pool).toMatchObject({ pid: child.pid, addresses: [`127.0.0.1:${port}`], total: { requests: 2 } });
  });

  test("does not start where the token was not set", async () => {
    const child = started(script(), { PORT: `${await freePort()}` });
    expect(await child.ended).toBe(1);
    expect(child.output).toContain('say who may see the status: "allow", "token" or "permit"');
  });

  test("has nothing to show in a CGI script", async () => {
    const variables = {
      GATEWAY_INTERFACE: "CGI/1.1",
      ...Object.fromEntries(get("/server-status")),
      HTTP_AUTHORIZATION: bearer.Authorization,
    };
    const child = started(script(), { ...variables, STATUS_TOKEN: TOKEN });
    expect(await child.ended).toBe(0);
    expect(child.stdout).toMatch(/^Status: 200 OK\r\n/);
    expect(JSON.parse(child.stdout.slice(child.stdout.indexOf("\r\n\r\n"))).pools).toEqual([]);
  });
});
