// What the command line asks for.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { partNames, partsUsage } from "./parts.js";

/**
 * @typedef {object} Options
 * @property {string[]} parts names of what is measured
 * @property {number} rounds how often each backend is measured
 * @property {number} seconds how long each time
 * @property {number} warmUpSeconds how long each backend is loaded before the first round; 0: not at all
 * @property {number} starts how often each script is started
 * @property {number} requests how many requests have to leave no memory behind
 * @property {number} connections how many idle ones are weighed
 * @property {number} megabytes size of a large body
 * @property {boolean} install whether npm may install missing peers
 * @property {boolean} write whether docs/performance.md is updated
 * @property {boolean} valgrind whether valgrind counts the instructions of CGI scripts
 * @property {string | undefined} compare folder of another checkout of postern, with its dist
 * @property {boolean} profile whether to show where the first server's time goes, instead of measuring
 */

export const usage = `npm run bench -- [part …] [options]

Parts; all of them where none is named:

${partsUsage}
  --all            every part
  --write          update docs/performance.md with the results
  --quick          a fraction of a second each: shows that everything runs; the figures mean nothing
  --rounds N       how often each backend is measured (5)
  --seconds N      how long each time (1)
  --starts N       how often each CGI script is started (60)
  --requests N     how many requests have to leave no memory behind (1000000)
  --megabytes N    size of a large body (200)
  --valgrind       count the instructions of each CGI script once by valgrind, where perf cannot; takes minutes (start-up)
  --compare DIR    measure another built checkout of postern in the same run (kept, closed)
  --profile        show where the time of a part's first server goes, and measure nothing
`;

/**
 * @param {string[]} words
 * @returns {Options | undefined} undefined where help is asked for
 */
export function readOptions(words) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      valgrind: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      starts: { type: "string" },
      requests: { type: "string" },
      megabytes: { type: "string" },
      compare: { type: "string" },
    },
  });
  if (values.help) return undefined;
  if (values.quick && values.write) throw new TypeError("--quick measures nothing that could be written");
  const stranger = positionals.find((name) => !partNames.includes(name));
  if (stranger !== undefined) throw new TypeError(`${stranger} is no part of the bench`);
  const { quick } = values;
  return {
    parts: values.all || positionals.length === 0 ? partNames : positionals,
    rounds: count("rounds", values.rounds, quick ? 1 : 5),
    seconds: positive("seconds", values.seconds, quick ? 0.05 : 1),
    warmUpSeconds: quick ? 0 : 1.5,
    starts: count("starts", values.starts, quick ? 1 : 60),
    requests: count("requests", values.requests, quick ? 2_000 : 1_000_000),
    connections: quick ? 100 : 1_000,
    megabytes: count("megabytes", values.megabytes, quick ? 1 : 200),
    install: !quick,
    write: values.write,
    valgrind: values.valgrind,
    compare: values.compare === undefined ? undefined : resolve(values.compare),
    profile: values.profile,
  };
}

function count(name, word, otherwise) {
  const number = positive(name, word, otherwise);
  if (!Number.isInteger(number)) throw new TypeError(`--${name} is not a whole number: ${word}`);
  return number;
}

function positive(name, word, otherwise) {
  const number = word === undefined ? otherwise : Number(word);
  if (!(number > 0)) throw new TypeError(`--${name} is not a number above 0: ${word}`);
  return number;
}
