// The options of the command line that say who answers: one process, threads, or several processes.

import type { ServeOptions } from "../serve.ts";
import type { PreforkOptions } from "../workers/options.ts";
import { type Arguments, UsageError } from "./command.ts";

type WorkerModelName = NonNullable<ServeOptions["workers"]>;

/** What of the command line is for the pool, and not for the server of the application itself. */
export type WorkerChoice = Pick<ServeOptions, "workers" | "maxThreads" | keyof PreforkOptions>;

interface WorkerNumber {
  readonly option: Exclude<keyof WorkerChoice, "workers">;
  readonly models: readonly WorkerModelName[];
}

const models: readonly WorkerModelName[] = ["single", "threads", "prefork"];

const numbers: Readonly<Record<string, WorkerNumber>> = {
  threads: { option: "maxThreads", models: ["threads"] },
  "max-children": { option: "maxChildren", models: ["prefork"] },
  "min-spare": { option: "minSpare", models: ["prefork"] },
  "max-spare": { option: "maxSpare", models: ["prefork"] },
  "max-idle-ms": { option: "maxIdleMs", models: ["prefork"] },
  "max-requests": { option: "maxRequests", models: ["threads", "prefork"] },
  "max-memory-bytes": { option: "maxMemoryBytes", models: ["threads", "prefork"] },
};

export const workerOptions = Object.fromEntries(
  ["workers", ...Object.keys(numbers)].map((name) => [name, { type: "string" } as const]),
);

export const workerHelp = `\
  --workers <model>            who answers: single, one process; threads in it, so that a request that computes does not
                               hold up the others; or prefork, several processes, which it watches and reloads
  --threads <number>           with threads: how many, up to 1,024; the number of processors, at least 2, when left out
  --max-children <number>      with prefork: how many processes, up to 1,024; the number of processors, at least 2, when
                               left out
  --min-spare <number>         with prefork: how many of them should have nothing to do (1); 0 starts them on demand
  --max-spare <number>         with prefork: how many may have nothing to do; --max-children when left out
  --max-idle-ms <number>       with --min-spare 0: after how long without a connection one leaves (10,000)
  --max-requests <number>      with threads and prefork: after how many requests one is replaced by a new one
  --max-memory-bytes <number>  with threads and prefork: with how much memory one is replaced by a new one
`;

/** @throws {UsageError} when they contradict each other */
export function workerChoice({ values }: Arguments): WorkerChoice {
  const named = values["workers"] ?? "single";
  const workers = models.find((model) => model === named);
  if (workers === undefined)
    throw new UsageError(`--workers is one of ${models.join(", ")}; "${named}" is none of them.`);
  const choice: WorkerChoice = { workers };
  for (const [name, number] of Object.entries(numbers)) {
    const text = values[name] as string | undefined;
    if (text === undefined) continue;
    if (!number.models.includes(workers))
      throw new UsageError(`--${name} goes with --workers ${number.models.join(" or ")}.`);
    // What the number may be is the option's to say.
    if (!/^\d{1,15}$/.test(text)) throw new UsageError(`--${name} is a number; "${text}" is none.`);
    choice[number.option] = Number(text);
  }
  return choice;
}
