// npm start: from a fresh clone to the example guestbook in a browser.

import { main, root } from "./command.js";
import { buildIfStale } from "./compile.js";
import { installNpmPackages } from "./packages.js";

await main(async () => {
  stopWithParent();
  await installNpmPackages();
  await buildIfStale({ checked: false });
  const { postern } = await import("../dist/cli/postern.js");
  const { terminal } = await import("../dist/cli/terminal.js");
  const port = process.env["PORT"] || "8080";
  const args = ["serve", "examples/guestbook/app.js", "--behind", "auto", "--port", port];
  return postern(args, { ...terminal, cwd: root });
});

/**
 * npm does not hand on a hang-up, and a killed one hands on nothing: when it has gone, this process has
 * nobody left to stop it.
 */
function stopWithParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, 300);
  timer.unref();
}
