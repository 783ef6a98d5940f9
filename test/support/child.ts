import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Writable } from "node:stream";
import { until } from "./until.ts";

export interface ChildOptions {
  readonly cwd?: string;
  /** All of the child's variables; this process's own when left out. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  /** Leaves standard input open, for `type()` and `endInput()`. */
  readonly typing?: boolean;
}

/** A started program: what it prints is kept, and it is gone at the latest when the tests' process is. */
export class Child {
  readonly pid: number;
  /** What it printed so far, both streams as they came. */
  output = "";
  stdout = "";
  stderr = "";
  /** Its exit status, or 128 and the signal's number. Settles when its streams are closed too. */
  readonly ended: Promise<number>;
  #running = true;
  readonly #stdin: Writable | null;
  readonly #waiting = new Set<() => void>();
  readonly #kill: (signal: NodeJS.Signals) => boolean;

  constructor(program: string, args: readonly string[], { cwd, env, input, typing }: ChildOptions = {}) {
    const child = spawn(program, args, {
      detached: true,
      stdio: [input === undefined && !typing ? "ignore" : "pipe", "pipe", "pipe"],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    });
    if (!typing) child.stdin?.end(input);
    this.#stdin = child.stdin;
    this.#kill = child.kill.bind(child);
    this.pid = child.pid ?? 0;
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        this[name] += text;
        this.output += text;
        this.#wake();
      });
    }
    const killGroup = () => this.signalGroup("SIGKILL");
    process.once("exit", killGroup);
    this.ended = once(child, "close").then(([status, signal]: (number | string | null)[]) => {
      process.off("exit", killGroup);
      this.#running = false;
      this.#wake();
      return typeof status === "number" ? status : 128 + constants.signals[signal as NodeJS.Signals];
    });
    this.ended.catch(() => {});
  }

  /** Waits until it has printed something. */
  async printed(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const late = new Promise<void>((resolve) => {
      deadline.addEventListener("abort", () => resolve(), { once: true });
    });
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (!this.#running) throw new Error(`ended without printing ${pattern}:\n${this.output}`);
      if (deadline.aborted) throw new Error(`did not print ${pattern} in ${timeoutMs} ms:\n${this.output}`);
      const more = new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
      await Promise.race([more, late]);
    }
  }

  /** Sends it some input. */
  type(text: string): void {
    this.#stdin?.write(text);
  }

  /** Closes its input. */
  endInput(): void {
    this.#stdin?.end();
  }

  /** Signals the program alone; nobody, when it has ended. */
  signal(signal: NodeJS.Signals): void {
    this.#kill(signal);
  }

  /** Signals the program and what it started in its process group, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    // One that could not be started has no number, and 0 would be the group of who asks.
    if (this.pid !== 0) killIfThere(-this.pid, signal);
  }

  /** Asks it to end, waits, and ends its whole group when that takes too long. Returns its exit status. */
  async stop(signal: NodeJS.Signals = "SIGTERM", timeoutMs = 30_000): Promise<number> {
    this.signal(signal);
    const timer = setTimeout(() => this.signalGroup("SIGKILL"), timeoutMs);
    const status = await this.ended;
    clearTimeout(timer);
    return status;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Signals a process that is there; of none, which would be the caller's own group, it is an error to ask. */
export function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined || !(pid > 1)) throw new Error(`there is no process ${pid} to get ${signal}`);
  process.kill(pid, signal);
}

/** Ends the processes that a look finds, until it finds none: some end by themselves meanwhile, or start others. */
export async function killAll(look: () => readonly { readonly pid: number }[]): Promise<void> {
  await until("all have ended", () => {
    const found = look();
    for (const { pid } of found) killIfThere(pid, "SIGKILL");
    return found.length === 0;
  });
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * The processes that have a variable in their environment, zombies left out: so children are found that no longer
 * have their parent. Linux only.
 */
export function processesWith(variable: string): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const environ = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      if (!environ.includes(variable)) continue;
      found.push({
        pid: Number(pid),
        command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "),
      });
    } catch {
      // It ended while we looked, or is another user's.
    }
  }
  return found;
}

/** The memory of a process that is in RAM, in bytes. Linux only. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no VmRSS`);
  return Number(kib) * 1024;
}
