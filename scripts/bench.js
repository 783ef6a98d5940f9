// npm run bench: builds, then runs the benchmarks side by side. Arguments after -- go to them.

import { command, main, root } from "./command.js";
import { buildIfStale } from "./compile.js";
import { installNpmPackages } from "./packages.js";

await main(async () => {
  await installNpmPackages();
  await buildIfStale();
  return command(process.execPath, [`${root}bench/main.js`, ...process.argv.slice(2)]);
});
