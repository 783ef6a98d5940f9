// What npm run check looks at, each a command that says itself what is wrong. The types of lib and of the examples are not
// here: nothing is built that fails there.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { packageScript } from "./command.js";

const checks = [
  // Those that take longest come first.
  ["types of the tests", "typescript/bin/tsc", ["-p", "test/tsconfig.json"]],
  ["biome", "@biomejs/biome/bin/biome", ["check", "--error-on-warnings"]],
  ["types of the wiki", "typescript/bin/tsc", ["-p", "examples/wiki/tsconfig.json", "--noEmit"]],
  ["types of the templates", "typescript/bin/tsc", ["-p", "templates/tsconfig.json"]],
  ["knip", "knip/bin/knip.js", []],
  ["publint", "publint/src/cli.js", ["--strict"]],
];

/** They are on one processor each, and most of what they do is their own. */
const AT_ONCE = Math.min(2, availableParallelism());

/**
 * Runs every check, also after one has failed, and shows what those have said that failed. They need a build: the examples
 * and publint look at dist.
 *
 * @returns how many passed and how many failed
 */
export async function runChecks() {
  const counts = { passed: 0, failed: 0 };
  const folder = mkdtempSync(join(tmpdir(), "postern-checks-"));
  const waiting = [...checks.entries()];
  const runSome = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, [name, script, args]] = next;
      const said = join(folder, String(index));
      const output = openSync(said, "w");
      const status = await packageScript(script, args, { stdio: ["ignore", output, output] });
      closeSync(output);
      if (status === 0) counts.passed++;
      else counts.failed++;
      process.stdout.write(
        status === 0 ? `Checked: ${name}\n` : `${readFileSync(said, "utf8")}\nFAILED: ${name}\n`,
      );
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, runSome));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return counts;
}
