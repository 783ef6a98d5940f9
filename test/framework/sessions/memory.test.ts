import { expect, onTestFinished, test, vi } from "vitest";
import { memoryStore } from "../../../lib/framework/sessions/stores/memory.ts";
import { ask } from "../ask.ts";
import { sample, storeSuite } from "./shared-suite.ts";
import { Visitor } from "./visitor.ts";

const store = memoryStore();
storeSuite("memory", () => store, { onServer: true });

test("the one unused for longest goes where there are too many", async () => {
  const app = sample(memoryStore({ maxSessions: 2 }));
  const [first, second, third] = [new Visitor(app), new Visitor(app), new Visitor(app)];
  await first.ask("/set/user/1");
  await second.ask("/set/user/2");
  await first.ask("/set/count/1");
  await third.ask("/set/user/3");
  expect(await first.json("/see")).toMatchObject({ user: 1 });
  expect(await second.json("/see")).toMatchObject({ isNew: true });
  expect(await third.json("/see")).toMatchObject({ user: 3 });
});

test.each([
  ["several processes", { "wsgi.multiprocess": true }],
  ["a process for each request", { "wsgi.run_once": true }],
])("%s are worth a warning, once", async (_name, environ) => {
  const app = sample(memoryStore());
  expect((await ask(app, "/none", { environ })).errors).toBe("");
  expect((await ask(app, "/see", { environ })).errors).toMatch(
    /^sessions are kept in the memory of one process/,
  );
  expect((await ask(app, "/see", { environ })).errors).toBe("");
});

test("expired sessions are removed", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const kept = memoryStore();
  await kept.create("a", new Map(), 1);
  await kept.create("b", new Map(), 60_000);
  vi.advanceTimersByTime(2);
  await kept.cleanUp?.();
  expect(await kept.rename("a", "c")).toBe(false);
  expect(await kept.rename("b", "d")).toBe(true);
});
