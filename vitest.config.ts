import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Rooms whose tests are calls in one process, and leave it as it was: their files need no process of their own. */
const calling = ["docs", "framework", "gateway", "middleware", "protocols", "testing"];

/** Tests that look at their own process, or have it to themselves for so long that a new one does not matter. */
const separate = [
  "test/matrix/matrix.test.ts",
  "test/real-servers/fronts.test.ts",
  "test/bench/*.test.ts",
  "test/bridges/fetch/global-objects.test.ts",
  "test/bridges/fetch/streams.test.ts",
  "test/framework/sessions/disk.test.ts",
  "test/framework/sessions/redis.test.ts",
  "test/framework/sessions/postgres.test.ts",
  "test/servers/*-fuzz.test.ts",
  "test/servers/socket-options.test.ts",
  "test/workers/systemd-sockets.test.ts",
];

/** Tests that install packages, or copy the repository: they wait for the network and the disk, while others compute. */
const installing = [
  "test/scripts/fresh-clone.test.ts",
  "test/scaffold/tarball.test.ts",
  "test/scaffold/in-place.test.ts",
  "test/scripts/no-registry.test.ts",
];

/** Tests that compare times, or hold a process to one. */
const timed = ["test/servers/load.test.ts", "test/workers/scaling.test.ts"];

/** What takes longest, and would be waited for alone if it began last. */
const longest = [
  ...installing,
  "test/matrix/matrix.test.ts",
  "test/real-servers/fronts.test.ts",
  "test/bench/bench.test.ts",
  "test/servers/http-fuzz.test.ts",
  "test/framework/sessions/disk.test.ts",
  "test/cli/bundle.test.ts",
  "test/workers/threads-life.test.ts",
  "test/scripts/start.test.ts",
  "test/cli/serve.test.ts",
  "test/real-servers/lighttpd.test.ts",
  "test/workers/prefork-reload.test.ts",
  "test/scaffold/cgi.test.ts",
  "test/workers/prefork-ends.test.ts",
  "test/real-servers/lighttpd-conformance.test.ts",
  "test/scaffold/start.test.ts",
  "test/workers/threads-faults.test.ts",
  "test/real-servers/passenger.test.ts",
  "test/scaffold/browser.test.ts",
  "test/bridges/node-contract.test.ts",
  "test/browser/guestbook.test.ts",
];

/** What has a process of its own, then what waits for processes, the longest first, and the shortest for the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const projects = ["installing", "separate", "together", "calling", "alone"];
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const place = longest.findIndex((path) => moduleId.endsWith(`/${path}`));
      // Those of a project stay together, since a process serves one project only.
      return projects.indexOf(project.name) * 100 + (place >= 0 ? place : longest.length);
    };
    // Sorting keeps the order of those of one rank.
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

const packages = "**/node_modules/**";
const calls = calling.map((room) => `test/${room}/**/*.test.ts`);

/** Files that have a process one after the other: what one forgets would be the next one's. */
const sharing = { isolate: false, restoreMocks: true, unstubEnvs: true, unstubGlobals: true };

export default defineConfig({
  test: {
    // Less than the minute that is the default of several limits: a test that needs one of those to end fails.
    testTimeout: 50_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "installing",
          include: installing,
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "separate",
          include: separate,
          // Most wait for processes that they start: three files at a time left two processors idle for a fifth of the time.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: [packages, ...calls, ...separate, ...installing, ...timed],
          ...sharing,
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "calling",
          include: calls,
          exclude: [packages, ...separate],
          ...sharing,
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: timed,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
