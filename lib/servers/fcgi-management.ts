// FastCGI §4: records with id 0 concern the connection and the application as a whole.

import { readFileSync } from "node:fs";
import { NULL_REQUEST_ID, RecordType } from "../protocols/fastcgi/constants.ts";
import { decodePairs, encodePairs } from "../protocols/fastcgi/pairs.ts";
import { encodeRecord, encodeUnknownType } from "../protocols/fastcgi/record-encoder.ts";
import { KnownNames } from "../protocols/known-names.ts";
import type { FcgiContext } from "./fcgi-context.ts";

/** Used where the system does not tell how many files a process may have open. */
const UNKNOWN_LIMIT = 1_024;

const knownNames = new KnownNames((text) => text);

/** Asked for once, since a peer may ask for it as often as it likes. */
let knownLimit: number | undefined;

/**
 * The answer to a management record.
 *
 * @throws {ProtocolError} `FCGI_PAIRS` when the names of GET_VALUES cannot be read
 */
export function answerManagement(type: number, content: Buffer, context: FcgiContext): Buffer {
  if (type !== RecordType.GetValues) return encodeUnknownType(type);
  return encodeRecord(RecordType.GetValuesResult, NULL_REQUEST_ID, answerValues(content, context));
}

/** What a peer's integers hold; a limit may be Infinity, which is no number of the protocol. */
const LARGEST = 0x7fffffff;

/** §4.1: the content of GET_VALUES_RESULT, with those of the asked names that we know. */
function answerValues(asked: Buffer, context: FcgiContext): Buffer {
  const names = new Set<string>();
  decodePairs(asked, knownNames, names);
  knownLimit ??= openFileLimit();
  const requests = context.multiplexed ? knownLimit * context.maxMultiplexed : knownLimit;
  const values: [string, string][] = [
    ["FCGI_MAX_CONNS", String(knownLimit)],
    ["FCGI_MAX_REQS", String(Math.min(requests, context.maxConcurrent, LARGEST))],
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
