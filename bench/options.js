// What the command line asks for.

import { resolve } from "node:path";
import { parseArgs } from "node:util";

/**
 * @typedef {object} Options
 * @property {number} rounds how often each backend is measured
 * @property {number} seconds how long each time
 * @property {number} warmUpSeconds how long each backend is loaded before the first round
 * @property {number} starts how often each script is started
 * @property {boolean} install whether npm may install missing peers
 * @property {boolean} write whether docs/performance.md is updated
 * @property {string | undefined} compare folder of another checkout of postern, with its dist
 * @property {boolean} workers whether to measure the worker models beside each other, and nothing else
 * @property {boolean} frameworks whether to measure frameworks on postern beside themselves on Node, and nothing else
 * @property {boolean} router whether to measure the framework's router, and nothing else
 * @property {boolean} profile whether to show where the FastCGI server's time goes, instead of measuring
 */

export const usage = `npm run bench -- [options]

  --write          update docs/performance.md with the results
  --quick          a fraction of a second each: shows that everything runs; the figures mean nothing
  --rounds N       how often each backend is measured (5)
  --seconds N      how long each time (1)
  --starts N       how often each CGI script is started (20)
  --compare DIR    measure another built checkout of postern in the same run
  --workers        measure the worker models beside each other, and nothing else
  --frameworks     measure frameworks through the bridges beside Node's own server, and nothing else
  --router         measure the framework's router beside find-my-way, and nothing else
  --profile        show where the FastCGI server's time goes, and measure nothing
`;

/**
 * @param {string[]} words
 * @returns {Options | undefined} undefined where help is asked for
 */
export function readOptions(words) {
  const { values } = parseArgs({
    args: words,
    options: {
      write: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      workers: { type: "boolean", default: false },
      frameworks: { type: "boolean", default: false },
      router: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      starts: { type: "string" },
      compare: { type: "string" },
    },
  });
  if (values.help) return undefined;
  if (values.quick && values.write) throw new TypeError("--quick measures nothing that could be written");
  const { quick } = values;
  return {
    rounds: count("rounds", values.rounds, quick ? 1 : 5),
    seconds: positive("seconds", values.seconds, quick ? 0.05 : 1),
    warmUpSeconds: quick ? 0.05 : 1.5,
    starts: count("starts", values.starts, quick ? 1 : 20),
    install: !quick,
    write: values.write,
    compare: values.compare === undefined ? undefined : resolve(values.compare),
    workers: values.workers,
    frameworks: values.frameworks,
    router: values.router,
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
