// npm start: from a fresh clone to the example guestbook in a browser.

import { main, root } from "./command.js";
import { buildIfStale } from "./compile.js";
import { installNpmPackages } from "./packages.js";

await main(async () => {
  stopWithParent();
  await installNpmPackages();
  await buildIfStale();
  const { main: postern } = await import("../dist/cli/main.js");
  const port = process.env["PORT"] || "8080";
  return postern(["serve", `${root}examples/guestbook/app.js`, "--behind", "auto", "--port", port]);
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
