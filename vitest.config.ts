import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Rooms whose tests are calls in one process, and leave it as it was: their files need no process of their own. */
const shared = ["docs", "framework", "gateway", "middleware", "protocols", "testing"];

/** Those of them that start servers, and have processes of their own. */
const stores = [
  "test/framework/sessions/disk.test.ts",
  "test/framework/sessions/redis.test.ts",
  "test/framework/sessions/postgres.test.ts",
];

/** Tests that install packages. Each has one of two processors for itself. */
const installing = ["test/scaffold/tarball.test.ts", "test/scaffold/in-place.test.ts"];

/** Tests that compare times, or hold a process to one. */
const timed = [
  "test/scripts/fresh-clone.test.ts",
  "test/servers/load.test.ts",
  "test/workers/scaling.test.ts",
];

/** What takes longest, and would be waited for alone if it began last. */
const longest = [
  ...installing,
  "test/matrix/matrix.test.ts",
  "test/real-servers/fronts.test.ts",
  ...stores,
  "test/servers/http-fuzz.test.ts",
  "test/servers/fcgi-fuzz.test.ts",
  "test/workers/threads-life.test.ts",
  "test/scripts/start.test.ts",
  "test/real-servers/lighttpd.test.ts",
  "test/servers/scgi-fuzz.test.ts",
  "test/servers/uwsgi-fuzz.test.ts",
  "test/servers/ajp-fuzz.test.ts",
  "test/workers/prefork-ends.test.ts",
  "test/real-servers/passenger.test.ts",
  "test/workers/prefork-reload.test.ts",
  "test/scaffold/start.test.ts",
  "test/scaffold/browser.test.ts",
  "test/bench/bench.test.ts",
  "test/bridges/node-contract.test.ts",
  "test/browser/guestbook.test.ts",
];

/** The longest first, then what has a process of its own, and the shortest for the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const place = longest.findIndex((path) => moduleId.endsWith(`/${path}`));
      if (place >= 0) return place;
      return longest.length + (project.config.isolate ? 0 : 1);
    };
    // Sorting keeps the order of those of one rank.
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

const packages = "**/node_modules/**";
const sharing = shared.map((room) => `test/${room}/**/*.test.ts`);

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
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: [packages, ...sharing, ...installing, ...timed],
          // Most wait for processes that they start, so that three files at a time use two processors well.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "shared",
          include: sharing,
          exclude: [packages, ...stores],
          isolate: false,
          // What a file forgets would be the next one's.
          restoreMocks: true,
          unstubEnvs: true,
          unstubGlobals: true,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "stores",
          include: stores,
          maxWorkers: 3,
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
