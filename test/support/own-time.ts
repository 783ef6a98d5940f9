import { readdirSync, readFileSync } from "node:fs";

/** In seconds: what the kernel counts in, whatever the machine (USER_HZ). */
const TICK = 0.01;

/** One moment of a machine, times in seconds. */
interface Moment {
  /** By the clock. */
  readonly clock: number;
  /** What this process, those that it has started and theirs have had of the processors. */
  readonly own: number;
  /** How long processors had nothing to do, all of them together. */
  readonly idle: number;
  readonly processors: number;
}

/**
 * Measures how long something takes that this process and its children do, less the time in which other programs have the
 * processors. On a machine that does nothing else it is the time of the clock, with the waiting for the network in it; on
 * one that is full, what was computed, as if on one processor. Linux only: elsewhere it is always the clock's.
 */
export class OwnTime {
  readonly #begun = moment();

  /** Milliseconds since this was made. */
  elapsedMs(): number {
    const [begun, now] = [this.#begun, moment()];
    const clock = now.clock - begun.clock;
    if (now.processors === 0) return clock * 1_000;
    const own = now.own - begun.own + (now.idle - begun.idle) / now.processors;
    return Math.min(clock, own) * 1_000;
  }
}

function moment(): Moment {
  const clock = performance.now() / 1_000;
  if (process.platform !== "linux") return { clock, own: 0, idle: 0, processors: 0 };
  const stat = readFileSync("/proc/stat", "utf8");
  // proc_stat(5): user nice system idle iowait …
  const [, , , idle = 0, waiting = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "").split(" ").map(Number);
  const processors = stat.match(/^cpu\d/gm)?.length ?? 0;
  return { clock, own: ownTicks() * TICK, idle: (idle + waiting) * TICK, processors };
}

/** Of the processors: this process, those below it, and those that each of them has waited for. */
function ownTicks(): number {
  const processes = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      // proc_pid_stat(5): behind the program's name, which may have anything in it, come state, parent, …
      const text = readFileSync(`/proc/${name}/stat`, "latin1");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      const [user, system, ofChildren, systemOfChildren] = fields.slice(11, 15).map(Number);
      const ticks = (user ?? 0) + (system ?? 0) + (ofChildren ?? 0) + (systemOfChildren ?? 0);
      processes.set(Number(name), { parent: Number(fields[1]), ticks });
    } catch {
      // It ended while we looked.
    }
  }
  const isOwn = (pid: number): boolean => {
    const parent = processes.get(pid)?.parent;
    return pid === process.pid || (parent !== undefined && isOwn(parent));
  };
  return [...processes].filter(([pid]) => isOwn(pid)).reduce((sum, [, { ticks }]) => sum + ticks, 0);
}
