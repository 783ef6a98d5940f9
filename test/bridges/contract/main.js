// Whether the bridge to node:http behaves as node:http does, in the Node that runs this. Prints a line for each case.
//
// Arguments: parts of names; without one every case runs.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { fromNode } from "../../../dist/bridges/node.js";
import { serve } from "../../../dist/serve.js";
import { assumptions } from "./assumptions.js";
import { cases } from "./cases.js";
import { overFastCgi, overHttp } from "./exchange.js";

const wanted = process.argv.slice(2);
const chosen = (name) => wanted.length === 0 || wanted.some((part) => name.includes(part));
const folder = mkdtempSync(join(tmpdir(), "postern-contract-"));
const path = join(folder, "socket");

/** What the listener of the case in progress notes, and when it has no more to note. */
let run;

function listener(request, response) {
  const { notes, name } = run;
  // Both have closed and the listener has finished: nothing comes any more.
  const { done } = run;
  let open = 3;
  const close = () => --open === 0 && setTimeout(done, 20);
  request.once("close", close);
  response.once("close", close);
  const answer = cases[name][0](request, response, (line) => notes.push(line));
  Promise.resolve(answer).then(close, close);
  return answer;
}

const http = createServer(listener);
await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
const logged = [];
const fcgi = serve(fromNode(listener), {
  protocol: "fcgi",
  bindAddress: path,
  log: (_level, line) => logged.push(line),
  copyErrors: false,
});
await fcgi.listening;

let failed = 0;
try {
  for (const [name, check] of Object.entries(assumptions)) if (chosen(name)) await report(name, check);
  for (const name of Object.keys(cases)) if (chosen(name)) await report(name, () => compare(name));
} finally {
  http.close();
  await fcgi.close();
  rmSync(folder, { recursive: true });
}
process.exitCode = failed === 0 ? 0 : 1;

async function report(name, check) {
  try {
    await check();
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    failed++;
    process.stdout.write(`not ok ${name}\n  ${String(error.message).replaceAll("\n", "\n  ")}\n`);
  }
}

async function compare(name) {
  const [, request = {}] = cases[name];
  const judge = await observe(name, () => overHttp(http.address().port, request));
  const seen = await observe(name, () => overFastCgi(path, request));
  if (request.anyOrder === true) for (const { notes } of [judge, seen]) notes.sort();
  for (const key of Object.keys({ ...judge, ...seen })) {
    if (isDeepStrictEqual(judge[key], seen[key])) continue;
    throw new Error(`${key}: node:http ${show(judge[key])}\n${key}: bridge    ${show(seen[key])}`);
  }
}

function show(value) {
  return JSON.stringify(value)?.slice(0, 4_000);
}

async function observe(name, exchange) {
  const notes = [];
  const settled = new Promise((resolve) => {
    run = { name, notes, done: resolve };
  });
  // A listener that is not reached notes nothing.
  const patience = setTimeout(run.done, 5_000);
  const response = await exchange();
  await Promise.race([settled, response?.status?.startsWith("417") ? undefined : settled]);
  clearTimeout(patience);
  return { notes, ...(response !== undefined && normal(response)) };
}

/** Without what the connection and the web server decide. */
function normal({ headers = [], ...response }) {
  const dropped = /^(connection|keep-alive|transfer-encoding|content-length|trailer)$/i;
  return {
    ...response,
    headers: headers.filter(
      ([name, value]) => !dropped.test(name) && !(/^date$/i.test(name) && !value.includes("1994")),
    ),
  };
}
