// npm run build: compiles lib to dist, and the examples next to their sources.

import { main } from "./command.js";
import { build } from "./compile.js";
import { installNpmPackages } from "./packages.js";

await main(async () => {
  await installNpmPackages();
  await build();
  return 0;
});
