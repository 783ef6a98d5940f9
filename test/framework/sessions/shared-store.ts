// What two processes show that share a store which may come and go. The tests follow each other.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Child } from "../../support/child.ts";
import type { Front } from "../../support/front.ts";
import { until } from "../../support/until.ts";
import { Browser, changeAtOnce, startApplication, startFrontOf } from "./machines.ts";

interface SharedStore {
  /** The variable `STORE` of the application. */
  readonly store: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function sharedStoreCases({ store, start, stop }: SharedStore): void {
  let applications: { child: Child; port: number }[] = [];
  let front: Front;
  beforeAll(async () => {
    applications = await Promise.all([startApplication(store), startApplication(store)]);
    front = await startFrontOf(applications.map(({ port }) => port));
  });
  afterAll(async () => {
    await front?.stop();
    await Promise.all(applications.map(({ child }) => child.stop()));
  });

  test("of 2,000 changes of different keys at once none is lost, nor of 48 of eight keys", async () => {
    const browsers = Array.from({ length: 8 }, () => new Browser(front.port));
    await Promise.all(browsers.map((browser) => changeAtOnce(browser, 250, 6)));
    for (const browser of browsers) browser.close();
    const answered = applications.map(({ child }) => child.pid);
    const visitor = new Browser(front.port);
    const pids = await Promise.all(answered.map(async () => Number((await visitor.ask("/pid")).text)));
    expect(pids.sort()).toEqual(answered.sort());
    visitor.close();
  }, 120_000);

  test("a store that is down is 503 and one line, and all goes on when it is back", async () => {
    const visitor = new Browser(front.port);
    await visitor.ask("/set/user/grace");
    await stop();
    for (let i = 0; i < 10; i += 1) {
      // The front takes turns: each of the two is asked for a session.
      for (let one = 0; one < 2; one += 1) expect((await visitor.ask("/see")).status).toBe(503);
      expect((await visitor.ask("/pid")).status).toBe(200);
    }
    await start();
    await until("both processes find the store again", async () => {
      await visitor.ask("/see");
      return applications.every(({ child }) => child.output.includes("the session store works again"));
    });
    expect(await visitor.see()).toEqual({ count: 0, user: "grace" });
    for (const { child } of applications)
      expect(child.output.match(/the session store fails/g)).toHaveLength(1);
    visitor.close();
  });

  test("nobody is logged out by the end of a process", async () => {
    const visitor = new Browser(front.port);
    await visitor.ask("/set/user/grace");
    applications[0]?.child.signal("SIGKILL");
    await applications[0]?.child.ended;
    for (let i = 0; i < 6; i += 1) expect(await visitor.see()).toEqual({ count: 0, user: "grace" });
    visitor.close();
  });
}
