// What V8 says of the shapes that it makes for the options of sockets.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compiled } from "../support/dist.ts";
import { temporaryFolder } from "../support/folder.ts";

const CONNECTIONS = 300;
const folder = temporaryFolder();

afterAll(() => folder.remove());

test.each(["fcgi", "http"])("connections to a server of %s share the shapes of their options", (protocol) => {
  const script = join(folder.path, `${protocol}.mjs`);
  const log = join(folder.path, `${protocol}.log`);
  writeFileSync(
    script,
    `import { once } from "node:events";
     import { connect } from "node:net";
     import { setFlagsFromString } from "node:v8";
     import { WSGIServer } from ${JSON.stringify(compiled(`faces/${protocol}.ts`))};
     const path = ${JSON.stringify(join(folder.path, protocol))};
     const server = new WSGIServer(() => [], { bindAddress: path });
     await server.listening;
     setFlagsFromString("--log-maps");
     for (let count = 0; count < ${CONNECTIONS}; count++) {
       const socket = connect(path).resume();
       socket.end();
       await once(socket, "close");
       // Sharing outlasts a collection of all garbage, which leaves no object of those shapes.
       if (count % 100 === 50) gc();
     }
     await server.close();`,
  );
  const flags = ["--expose-gc", "--log", `--logfile=${log}`, "--no-logfile-per-isolate"];
  const { stderr, status } = spawnSync(process.execPath, [...flags, script], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const shapes = readFileSync(log, "latin1").match(/^map,Transition,.*,decodeStrings$/gm) ?? [];
  // Two sockets a connection, those of the first hundred among them.
  expect(shapes.length).toBeGreaterThan(0);
  expect(shapes.length).toBeLessThan(CONNECTIONS);
});
