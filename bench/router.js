// The router alone: the last route of a short and of a long map, beside find-my-way, which is Fastify's router.

import { createRequire } from "node:module";
import { compilePattern } from "../dist/framework/pattern.js";
import { Router } from "../dist/framework/router.js";
import { spread } from "./statistics.js";

/**
 * @typedef {import("./statistics.js").Spread} Spread
 * @typedef {object} RouterResult
 * @property {string} name
 * @property {number[]} measured CPU time of one match in each round, in nanoseconds
 * @property {Spread} nanoseconds CPU time of one match
 * @property {Spread} ratio the same divided by find-my-way's of the same round and map
 */

const MATCHES = 200_000;

// Not a package of ours: it is there because Fastify is, which the tests run.
const require = createRequire(
  createRequire(new URL("../test/package.json", import.meta.url)).resolve("fastify"),
);

/** Maps as applications have them: a word of its own, then a parameter. */
const patterns = (size) => Array.from({ length: size }, (_none, index) => `/things${index}/:id/part`);

function ours(size) {
  const router = new Router();
  for (const pattern of patterns(size)) router.add(compilePattern(pattern), pattern);
  return (path) => router.match(path)?.value;
}

function findMyWay(size) {
  const router = require("find-my-way")();
  for (const pattern of patterns(size)) router.on("GET", pattern, () => {}, pattern);
  return (path) => router.find("GET", path)?.store;
}

/**
 * Maps of these sizes in turn, each in every round.
 *
 * @param {number[]} sizes
 * @param {number} rounds
 * @returns {RouterResult[][]} of each map
 */
export function measureRouters(sizes, rounds) {
  const maps = sizes.map(preparedRouters);
  const all = maps.flat();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < all.length; turn++) {
      const { match, path, measured } = all[(round + turn) % all.length];
      measured.push(time(match, path));
    }
  }
  return maps.map((routers) => {
    const baseline = routers.at(-1).measured;
    return routers.map(({ name, measured }) => ({
      name,
      measured,
      nanoseconds: spread(measured),
      ratio: spread(measured.map((one, round) => one / baseline[round])),
    }));
  });
}

function preparedRouters(size) {
  const path = `/things${size - 1}/12345/part`;
  const expected = patterns(size).at(-1);
  const routers = [
    { name: "postern", match: ours(size), path, measured: [] },
    { name: "find-my-way", match: findMyWay(size), path, measured: [] },
  ];
  for (const { name, match } of routers) {
    if (match(path) !== expected) throw new Error(`${name} found ${match(path)} for ${path}`);
    time(match, path);
  }
  return routers;
}

/** Nanoseconds of CPU time for one match. */
function time(match, path) {
  const before = process.cpuUsage();
  let found = 0;
  for (let count = 0; count < MATCHES; count++) if (match(path) !== undefined) found++;
  const { user, system } = process.cpuUsage(before);
  if (found !== MATCHES) throw new Error("a match was lost");
  return ((user + system) * 1000) / MATCHES;
}
