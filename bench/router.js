// The router alone: the last route of a short and of a long map, beside find-my-way, which is Fastify's router, and beside the
// fastest form that is known, written out bare.

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

/** Matches of a router in a round, in slices that take turns with the others': the machine changes within a round too. */
const MATCHES = 200_000;
const SLICES = 20;

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

/** Ordered regular expressions behind an index of first segments, and nothing else that a router has to do. */
function bareIndex(size) {
  const index = new Map();
  for (const pattern of patterns(size)) {
    const segment = pattern.slice(0, pattern.indexOf("/", 1));
    const expression = new RegExp(`^${pattern.replace(/:\w+/g, "([^/]+)")}$`);
    index.set(segment, [...(index.get(segment) ?? []), { expression, pattern }]);
  }
  return (path) => {
    const slash = path.indexOf("/", 1);
    const routes = index.get(slash === -1 ? path : path.slice(0, slash));
    if (routes === undefined) return undefined;
    for (const { expression, pattern } of routes) if (expression.exec(path) !== null) return pattern;
    return undefined;
  };
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
    for (const { measured } of all) measured.push(0);
    for (let slice = 0; slice < SLICES; slice++) {
      for (const { match, path, measured } of all) measured[round] += time(match, path) / SLICES;
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
  // Made of bytes, as that of a request, and not of other strings, which V8 would go on looking through.
  const path = Buffer.from(`/things${size - 1}/12345/part`).toString("latin1");
  const expected = patterns(size).at(-1);
  const routers = [
    { name: "postern", match: ours(size), path, measured: [] },
    { name: "Map and expressions, bare", match: bareIndex(size), path, measured: [] },
    { name: "find-my-way", match: findMyWay(size), path, measured: [] },
  ];
  for (const { name, match } of routers) {
    if (match(path) !== expected) throw new Error(`${name} found ${match(path)} for ${path}`);
    for (let slice = 0; slice < SLICES; slice++) time(match, path);
  }
  return routers;
}

/** Nanoseconds of CPU time for one match. */
function time(match, path) {
  const before = process.cpuUsage();
  let found = 0;
  for (let count = 0; count < MATCHES / SLICES; count++) if (match(path) !== undefined) found++;
  const { user, system } = process.cpuUsage(before);
  if (found !== MATCHES / SLICES) throw new Error("a match was lost");
  return ((user + system) * 1000 * SLICES) / MATCHES;
}
