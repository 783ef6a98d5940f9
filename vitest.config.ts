import { defineConfig } from "vitest/config";

/** Tests that compare times, or hold a process to one. */
const timed = [
  "test/scripts/fresh-clone.test.ts",
  "test/servers/load.test.ts",
  "test/workers/scaling.test.ts",
];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...timed],
          // Most wait for processes that they start, so that three files at a time use two processors well.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: timed,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
