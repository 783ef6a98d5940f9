/**
 * Stops this process when npm, which started it, has gone: npm does not hand on a hang-up, and a killed one hands on
 * nothing.
 */
export function stopWithNpm(): void {
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, 300);
  timer.unref();
}
