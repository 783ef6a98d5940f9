// npm run node-versions: what the bridges rely upon, with every Node that is supported, each from npm. Major versions after --
// choose among them.

import { command, main, root } from "./command.js";
import { buildIfStale } from "./compile.js";
import { installNode, supportedNodes } from "./node-release.js";
import { installNpmPackages } from "./packages.js";

/** Programs that print a line for each case. */
const contracts = ["main.js", "fetch.js"];

await main(async () => {
  await installNpmPackages();
  await buildIfStale();
  const chosen = process.argv.slice(2).map(Number);
  let failed = 0;
  for (const major of chosen.length > 0 ? chosen : supportedNodes) {
    const node = await installNode(major);
    process.stdout.write(`Node ${major}: ${node}\n`);
    for (const contract of contracts) {
      if ((await command(node, [`${root}test/bridges/contract/${contract}`])) !== 0) failed++;
    }
  }
  return failed === 0 ? 0 : 1;
});
