// Every conformance case over every transport, at the root and below a mount point. What a protocol cannot show
// stands in test/skips.json.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBodies } from "../../lib/middleware/validate.ts";
import { conformanceCases, runCase } from "../../lib/testing/conformance.ts";
import { scgi, uwsgi } from "../support/wire-protocol.ts";
import { reachAjp, reachKeptAjp, startAjp } from "./ajp.ts";
import { startCgi } from "./cgi.ts";
import { reachFastCgi, reachKeptFastCgi, startFastCgi } from "./fastcgi.ts";
import { startThereAndBack, startToFetch } from "./fetch.ts";
import { startForwarding } from "./forwarding.ts";
import { startHttp } from "./http.ts";
import { startInProcess } from "./in-process.ts";
import { startProcess } from "./process.ts";
import { startSingleRequest } from "./single-request.ts";
import type { StartTransport, Transport } from "./transport.ts";

type Cell = readonly [name: string, start: StartTransport, mounts: readonly string[]];

const protocols = [
  ["FastCGI", "fcgi"],
  ["FastCGI, connection kept", "fcgi, kept"],
  ["SCGI", "scgi"],
  ["uwsgi", "uwsgi"],
  ["AJP", "ajp"],
  ["HTTP", "http"],
] as const;

/** One mount each, the other one in this process: where an application is mounted is the protocol's business, whoever calls it. */
const pools: readonly Cell[] = protocols.flatMap(([name, protocol]): Cell[] => [
  [`${name}, threads`, startProcess(protocol, "threads"), [""]],
  [`${name}, prefork`, startProcess(protocol, "prefork"), ["/app"]],
]);

const transports: readonly Cell[] = [
  ["in process", startInProcess, ["", "/app"]],
  ["HTTP", startHttp, [""]],
  ["FastCGI", startFastCgi(reachFastCgi), [""]],
  ["FastCGI, connection kept", startFastCgi(reachKeptFastCgi), ["/app"]],
  ["SCGI", startSingleRequest(scgi), ["/app"]],
  ["SCGI over TCP", startSingleRequest(scgi, true), [""]],
  ["uwsgi", startSingleRequest(uwsgi), ["/app"]],
  ["uwsgi over TCP", startSingleRequest(uwsgi, true), [""]],
  ["AJP", startAjp(reachAjp), ["/app"]],
  ["AJP, connections kept", startAjp(reachKeptAjp), [""]],
  ["HTTP in front of a FastCGI client", startForwarding("fcgi"), ["/app"]],
  ["HTTP in front of an SCGI client", startForwarding("scgi"), [""]],
  // A process for each case; at the root in test/real-servers.
  ["CGI", startCgi, ["/cgi-bin/app"]],
  ["FastCGI, a process of its own", startProcess("fcgi", "single"), [""]],
  ["HTTP, a process of its own", startProcess("http", "single"), ["/app"]],
  ["fetch handler", startToFetch, [""]],
  ["fetch handler, there and back", startThereAndBack, ["/app"]],
  ...pools,
];

const skips = JSON.parse(readFileSync(new URL("../skips.json", import.meta.url), "utf8")) as {
  test: string;
}[];
const own = "test/matrix/matrix.test.ts > ";
const skipped = new Set(skips.map((skip) => skip.test).filter((name) => name.startsWith(own)));
const names: string[] = [];

for (const [name, start, mounts] of transports) {
  for (const scriptName of mounts) {
    const group = `${name} > mounted at "${scriptName}"`;
    describe(name, () => {
      describe(`mounted at "${scriptName}"`, () => {
        let transport: Transport;
        beforeAll(async () => {
          transport = await start(scriptName);
        });
        afterAll(async () => {
          await transport?.close();
          expect(openBodies()).toEqual([]);
        });

        for (const one of conformanceCases) {
          const full = `${own}${group} > ${one.name}`;
          names.push(full);
          test.skipIf(skipped.has(full))(one.name, () => runCase(one, transport.exchange, transport.run));
        }
      });
    });
  }
}

test("every skip is a case here", () => {
  expect([...skipped].filter((name) => !names.includes(name))).toEqual([]);
});

test("every case has a name of its own", () => {
  const cases = conformanceCases.map((one) => one.name);
  expect(new Set(cases).size).toBe(cases.length);
  expect(cases.filter((name) => !/^[a-z0-9-]+$/.test(name))).toEqual([]);
});
