// A child of a pool that the system does not let start.

import { expect, test } from "vitest";
import { type WorkerEvents, WorkerProcess } from "../../lib/workers/prefork/worker-process.ts";

/** More than Linux gives any process, so that nothing is there. */
const NO_DESCRIPTOR = 2 ** 30;

test("a child that the system refuses at once has ended, for its pool too, behind its start", async () => {
  const ended: WorkerProcess[] = [];
  const events: WorkerEvents = {
    reported: () => {},
    left: () => {},
    gave: () => {},
    missed: () => {},
    freed: () => {},
    asked: () => {},
    overdue: () => {},
    ended: (worker) => ended.push(worker),
  };
  const task = { server: 1, protocol: "fcgi", addresses: [], generation: 1, descriptors: [NO_DESCRIPTOR] };
  const worker = new WorkerProcess(task, events);
  expect(ended).toEqual([]);
  expect(worker.state).toBe("starting");
  expect(await worker.started).toBe(false);
  await worker.ended;
  expect(ended).toEqual([worker]);
  expect(worker.failure).toBe("could not be started (spawn EBADF)");
  expect(worker.pid).toBe(0);
  worker.stop(true);
  worker.kill();
});
