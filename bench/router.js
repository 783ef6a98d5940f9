// The router alone: the last route of a short and of a long map, beside find-my-way, which is Fastify's router.

import { createRequire } from "node:module";
import { compilePattern } from "../dist/framework/pattern.js";
import { Router } from "../dist/framework/router.js";
import { spread } from "./statistics.js";

/**
 * @typedef {import("./statistics.js").Spread} Spread
 * @typedef {object} RouterResult
 * @property {string} name
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
 * @param {number} size of the map
 * @param {number} rounds
 * @returns {RouterResult[]}
 */
export function measureRouters(size, rounds) {
  const path = `/things${size - 1}/12345/part`;
  const expected = patterns(size).at(-1);
  const routers = [
    { name: "postern", match: ours(size), measured: [] },
    { name: "find-my-way", match: findMyWay(size), measured: [] },
  ];
  for (const { name, match } of routers) {
    if (match(path) !== expected) throw new Error(`${name} found ${match(path)} for ${path}`);
    time(match, path);
  }
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < routers.length; turn++) {
      const { match, measured } = routers[(round + turn) % routers.length];
      measured.push(time(match, path));
    }
  }
  const baseline = routers[1].measured;
  return routers.map(({ name, measured }) => ({
    name,
    nanoseconds: spread(measured),
    ratio: spread(measured.map((one, round) => one / baseline[round])),
  }));
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
