// npm run check: formatting, types, dead code, and the package as others will get it.

import { runChecks } from "./checks.js";
import { main } from "./command.js";
import { buildIfStale } from "./compile.js";
import { installFrameworks, installNpmPackages } from "./packages.js";

await main(async () => {
  await installNpmPackages();
  await installFrameworks();
  await buildIfStale();
  const { failed } = await runChecks();
  return failed === 0 ? 0 : 1;
});
