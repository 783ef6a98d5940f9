import { expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { lock } from "../../lib/middleware/lock.ts";
import { type CallResponse, call } from "../../lib/testing/call.ts";
import { promised } from "../support/promised.ts";
import { between, says, shows } from "./between.ts";

const head = ["200 OK", [["Content-Type", "text/plain"]]] as const;

/** An application whose body of `/path` ends when the test says so. */
function gated() {
  const events: string[] = [];
  const gates = new Map<string, ReturnType<typeof promised<void>>>();
  const gateOf = (path: string) => {
    const gate = gates.get(path) ?? promised<void>();
    gates.set(path, gate);
    return gate;
  };
  const inner: Application = ({ PATH_INFO: path }, startResponse) => {
    events.push(`${path} in`);
    startResponse(...head);
    return (async function* () {
      try {
        yield path;
        await gateOf(path).promise;
      } finally {
        events.push(`${path} out`);
      }
    })();
  };
  return { inner, events, open: (path: string) => gateOf(path).resolve() };
}

/** Everything that can go on without the test has. */
const idle = () => new Promise((resolve) => setImmediate(resolve));

test("one at a time, in the order in which they came, to the ends of their bodies", async () => {
  const { inner, events, open } = gated();
  const app = between(lock(), inner);
  const asked = ["/a", "/b", "/c"].map((path) => call(app, path));
  await idle();
  expect(events).toEqual(["/a in"]);
  open("/b");
  open("/a");
  await asked[1];
  await idle();
  expect(events).toEqual(["/a in", "/a out", "/b in", "/b out", "/c in"]);
  open("/c");
  expect((await Promise.all(asked)).map(({ text }) => text)).toEqual(["/a", "/b", "/c"]);
});

test("one whose client goes away leaves the queue", async () => {
  const { inner, events, open } = gated();
  const app = between(lock(), inner);
  const gone = new AbortController();
  const first = call(app, "/a");
  const second = call(app, "/b", { signal: gone.signal });
  const third = call(app, "/c");
  await idle();
  gone.abort();
  expect((await second).status).toBe(0);
  open("/a");
  open("/c");
  await Promise.all([first, third]);
  expect(events).toEqual(["/a in", "/a out", "/c in", "/c out"]);
});

test("one that has gone already does not wait", async () => {
  const { inner, open } = gated();
  const app = between(lock(), inner);
  const first = call(app, "/a");
  const second = await call(app, "/b", { signal: AbortSignal.abort() });
  expect([second.status, second.errors]).toEqual([0, ""]);
  open("/a");
  await first;
});

test.each<[string, Application]>([
  [
    "thrown at once",
    () => {
      throw new Error("on purpose");
    },
  ],
  ["in a promise", () => Promise.reject(new Error("on purpose"))],
  [
    "in the body",
    (_environ, startResponse) => {
      startResponse(...head);
      // biome-ignore lint/correctness/useYield: fails before it could
      return (async function* (): AsyncGenerator<string> {
        throw new Error("on purpose");
      })();
    },
  ],
])("an error %s lets the next one in", async (_when, failing) => {
  const app = between(lock(), failing);
  const [one, two] = await Promise.all([call(app, "/"), call(app, "/")]);
  expect([one?.status, two?.status]).toEqual([500, 500]);
});

test("a body that is left lets the next one in", async () => {
  const { inner, open } = gated();
  const app = between(lock(), inner);
  // HEAD leaves the body behind its first chunk.
  expect((await call(app, "/a", { method: "HEAD" })).status).toBe(200);
  open("/b");
  expect((await call(app, "/b")).text).toBe("/b");
});

test("more than may wait get 503", async () => {
  const { inner, open } = gated();
  const app = between(lock({ maxWaiting: 1 }), inner);
  const asked = [call(app, "/a"), call(app, "/b")];
  const refused = await call(app, "/c");
  expect([refused.status, refused.header("Retry-After")]).toEqual([503, "1"]);
  open("/a");
  open("/b");
  expect((await Promise.all(asked)).map(({ status }: CallResponse) => status)).toEqual([200, 200]);
});

test("the application is told, and an array stays one that nobody waits for", async () => {
  const response = await call(between(lock(), shows("wsgi.multithread")), "/");
  expect(JSON.parse(response.text)).toEqual({ "wsgi.multithread": false });
  const app = lock()(says("done"));
  const { environ } = (await import("../support/environ.ts")).testEnviron();
  expect(app(environ, () => () => Promise.resolve())).toEqual(["done"]);
  expect(app(environ, () => () => Promise.resolve())).toEqual(["done"]);
});

test("what shares a lock waits for each other", async () => {
  const { inner, events, open } = gated();
  const one = lock();
  const first = call(between(one, inner), "/a");
  const second = call(between(one, inner), "/b");
  await idle();
  expect(events).toEqual(["/a in"]);
  open("/a");
  open("/b");
  await Promise.all([first, second]);
  expect(events).toHaveLength(4);
});

test.each([-1, Number.NaN])("%d that may wait is refused", (maxWaiting) => {
  expect(() => lock({ maxWaiting })).toThrow(expect.objectContaining({ code: "OPTION" }));
});

test("what is no body gives the lock back", async () => {
  const odd: Application = async (environ, startResponse) => {
    startResponse(...head);
    return environ.PATH_INFO === "/odd" ? ({} as never) : ["even"];
  };
  const app = lock()(odd);
  expect((await call(app, "/odd")).status).toBe(500);
  expect((await call(app, "/even")).text).toBe("even");
});
