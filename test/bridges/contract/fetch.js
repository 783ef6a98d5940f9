// Whether the objects of the bridge to fetch behave as those of the Node that runs this, and whether `toFetch` gives back what
// `fromFetch` took. Prints a line for each case.
//
// Arguments: parts of names; without one every case runs.

import assert from "node:assert/strict";
import { fromFetch, restoreGlobalObjects, toFetch } from "../../../dist/bridges/fetch.js";
import { call } from "../../../dist/testing/index.js";
import { cases } from "./fetch-cases.js";

const wanted = process.argv.slice(2);
const own = globalThis.Request;

let failed = 0;
for (const [name, [handler, request = {}]] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  await report(name, async () => {
    const judge = await observe(handler, request, { overrideGlobalObjects: false });
    assert.deepEqual(await observe(handler, request, {}), judge);
    const back = await observeThereAndBack(handler, request);
    assert.deepEqual(untyped(back), untyped(judge), "there and back");
  });
}
process.exitCode = failed === 0 ? 0 : 1;

async function observe(handler, request, options) {
  const notes = [];
  const application = fromFetch((one) => handler(one, (value) => notes.push(value)), options);
  assert.equal(globalThis.Request === own, options.overrideGlobalObjects === false);
  try {
    return { notes, ...(await answer(application, request)) };
  } finally {
    restoreGlobalObjects();
  }
}

/** The handler as an application, that as a handler again, and that as an application: it sees the same. */
async function observeThereAndBack(handler, request) {
  const notes = [];
  const options = { overrideGlobalObjects: false };
  const inner = fromFetch((one) => handler(one, (value) => notes.push(value)), options);
  const application = fromFetch(toFetch(inner, { writeErrors() {} }), options);
  return { notes, ...(await answer(application, request)) };
}

async function answer(application, { streamed = false, body, ...request }) {
  const sent = body === undefined ? {} : { body: streamed ? chunksOf(body) : body };
  const response = await call(application, "/a%2Fb?c=%C3%BC", { ...request, ...sent });
  const { status, reason, cut } = response;
  const headers = response.headers.map(([name, value]) => [name.toLowerCase(), value.replace("; ", ";")]);
  headers.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  return { status, reason, cut, headers: headers.filter(isTheirs), body: response.body.toString("latin1") };
}

/** A body that is empty is one where its Response has been made of what an application gave, and so has a type. */
function untyped({ headers, ...observed }) {
  const kept = observed.body === "" ? headers.filter(([name]) => name !== "content-type") : headers;
  return { ...observed, headers: kept };
}

/** How long a body is known where it was made in one piece, which is what the two differ in. */
function isTheirs([name]) {
  return name !== "content-length";
}

async function* chunksOf(text) {
  for (const byte of Buffer.from(text)) yield Buffer.of(byte);
}

async function report(name, check) {
  try {
    await check();
    process.stdout.write(`ok fetch: ${name}\n`);
  } catch (error) {
    failed++;
    process.stdout.write(`not ok fetch: ${name}\n  ${String(error.message).replaceAll("\n", "\n  ")}\n`);
  }
}
