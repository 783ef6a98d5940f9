import { readFileSync } from "node:fs";
import { decodePairs, encodePairs } from "../protocols/fastcgi/pairs.ts";
import type { FcgiContext } from "./fcgi-context.ts";

/** Used where the system does not tell how many files a process may have open. */
const UNKNOWN_LIMIT = 1_024;

/** FastCGI §4.1: the content of GET_VALUES_RESULT, with those of the asked names that we know. */
export function answerValues(asked: Buffer, context: FcgiContext): Buffer {
  const names = new Set<string>();
  decodePairs(asked, (name) => names.add(name));
  const connections = openFileLimit();
  const requests = context.multiplexed ? connections * context.maxMultiplexed : connections;
  const values: [string, string][] = [
    ["FCGI_MAX_CONNS", String(connections)],
    ["FCGI_MAX_REQS", String(Math.min(requests, context.maxConcurrent))],
    ["FCGI_MPXS_CONNS", context.multiplexed ? "1" : "0"],
  ];
  return encodePairs(values.filter(([name]) => names.has(name)));
}

function openFileLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? UNKNOWN_LIMIT);
  } catch {
    return UNKNOWN_LIMIT;
  }
}
