// Before npm pack: a package has what the sources say.

import { main } from "./command.js";
import { buildIfStale } from "./compile.js";
import { installNpmPackages } from "./packages.js";

await main(async () => {
  await installNpmPackages();
  await buildIfStale();
  return 0;
});
