import { readFileSync } from "node:fs";

/** How often it looks, in milliseconds. */
const intervalMs = 300;

/**
 * Stops this process when npm, which started it, has gone: npm does not hand on a hang-up, and a killed one hands on
 * nothing.
 */
export function stopWithNpm(): void {
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const npm = isScriptShell(parent) ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || parentOf(parent) === npm)) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, intervalMs);
  timer.unref();
}

/** Whether a process is the `sh -c` between npm and a script's command: some shells stay, others become the command. */
function isScriptShell(pid: number): boolean {
  return read(`/proc/${pid}/cmdline`).split("\0")[1] === "-c";
}

function parentOf(pid: number): string | undefined {
  // pid (name) state parent: the name may have anything in it, also a parenthesis.
  return /.*\) \S+ (\d+) /s.exec(read(`/proc/${pid}/stat`))?.[1];
}

/** Empty where there is no such file: the process has gone, or this is no Linux. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
