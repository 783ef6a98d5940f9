// What npm run check looks at, each a command that says itself what is wrong.

import { packageScript } from "./command.js";

const checks = [
  ["biome", "@biomejs/biome/bin/biome", ["check", "--error-on-warnings"]],
  ["types of lib", "typescript/bin/tsc", ["--noEmit"]],
  ["types of the tests", "typescript/bin/tsc", ["-p", "test/tsconfig.json"]],
  ["types of the examples", "typescript/bin/tsc", ["-p", "examples/tsconfig.json", "--noEmit"]],
  ["types of the templates", "typescript/bin/tsc", ["-p", "templates/tsconfig.json"]],
  ["knip", "knip/bin/knip.js", []],
  ["publint", "publint/src/cli.js", ["--strict"]],
];

/**
 * Runs every check, also after one has failed. They need a build: the examples and publint look at dist.
 *
 * @returns how many passed and how many failed
 */
export async function runChecks() {
  const counts = { passed: 0, failed: 0 };
  for (const [name, script, args] of checks) {
    process.stdout.write(`Checking: ${name} …\n`);
    const status = await packageScript(script, args);
    if (status === 0) counts.passed++;
    else counts.failed++;
    if (status !== 0) process.stdout.write(`FAILED: ${name}\n`);
  }
  return counts;
}
