import { cpus, release, type } from "node:os";

/** What a figure depends on: one line for each. */
export function describeRun(words) {
  const processors = cpus();
  return [
    `Date: ${new Date().toISOString().slice(0, 10)}`,
    `Node: ${process.version} on ${type()} ${release()}`,
    `CPU: ${processors.length} × ${processors[0]?.model.trim() ?? "unknown"}`,
    `Command: ${["npm run bench", ...(words.length > 0 ? ["--", ...words] : [])].join(" ")}`,
  ];
}
