// Every conformance case through a real lighttpd. What lighttpd itself changes stands in test/skips.json.

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { serve } from "../../lib/serve.ts";
import { conformanceApplication, conformanceCases, runCase } from "../../lib/testing/conformance.ts";
import { compiled } from "../support/dist.ts";
import { temporaryFolder } from "../support/folder.ts";
import {
  type Backend,
  cgi,
  externalSocket,
  lighttpd,
  type Mount,
  type RunningLighttpd,
  startLighttpd,
} from "../support/lighttpd.ts";
import { exchangeOverHttp } from "../support/raw-http.ts";

interface Served {
  readonly backend: Backend;
  close(): Promise<void>;
}

const ways: Readonly<Record<string, (folder: string, mount: Mount) => Promise<Served>>> = {
  FastCGI: async (folder, mount) => {
    const path = join(folder, "app.sock");
    const server = serve(conformanceApplication, {
      protocol: "fcgi",
      bindAddress: path,
      log: () => {},
      copyErrors: false,
    });
    await server.listening;
    return { backend: externalSocket(path, mount), close: () => server.close() };
  },
  mod_cgi: async (folder, mount) => {
    const script = join(folder, "conformance.mjs");
    const source = `#!/usr/bin/env node
import { WSGIServer } from ${JSON.stringify(compiled("faces/cgi.ts"))};
import { conformanceApplication } from ${JSON.stringify(compiled("testing/conformance.ts"))};
await new WSGIServer(conformanceApplication).run();
`;
    writeFileSync(script, source);
    chmodSync(script, 0o755);
    return { backend: cgi(script, mount), close: async () => {} };
  },
};

// A CGI process for each case is slow: one mount has to do there.
const cells: readonly (readonly [name: string, way: string, mount: Mount])[] = [
  ["FastCGI, mounted at /", "FastCGI", "/"],
  ["FastCGI, mounted at /app", "FastCGI", "/app"],
  ["mod_cgi, mounted at /app", "mod_cgi", "/app"],
];

const skips = JSON.parse(readFileSync(new URL("../skips.json", import.meta.url), "utf8")) as {
  test: string;
}[];
const own = "test/real-servers/lighttpd-conformance.test.ts > ";
const skipped = skips.map((skip) => skip.test).filter((name) => name.startsWith(own));

for (const one of conformanceCases) {
  describe.skipIf(lighttpd === undefined)(one.name, () => {
    const isSkipped = skipped.includes(`${own}${one.name}`);
    test.skipIf(isSkipped).each(cells)("%s", async (name, way, mount) => {
      const { port } = await running(name, way, mount);
      const prefix = mount === "/" ? "" : mount;
      await runCase(
        one,
        (request) => {
          const target = prefix + request.target;
          return exchangeOverHttp({ host: "127.0.0.1", port }, `localhost:${port}`, { ...request, target });
        },
        { scriptName: prefix, serverName: "localhost", serverPort: String(port), runOnce: way === "mod_cgi" },
      );
    });
  });
}

test("every skip is a case here", () => {
  const names = conformanceCases.map(({ name }) => `${own}${name}`);
  expect(skipped.filter((name) => !names.includes(name))).toEqual([]);
});

const started = new Map<string, Promise<RunningLighttpd>>();
const stops: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const stop of stops) await stop();
});

/** A cell's lighttpd, started by its first case. */
function running(name: string, way: string, mount: Mount): Promise<RunningLighttpd> {
  const known = started.get(name);
  if (known !== undefined) return known;
  const front = start(way, mount);
  started.set(name, front);
  return front;
}

async function start(way: string, mount: Mount): Promise<RunningLighttpd> {
  const folder = temporaryFolder();
  const served = await ways[way]?.(folder.path, mount);
  if (served === undefined) throw new Error(`no such way: ${way}`);
  const front = await startLighttpd(served.backend);
  stops.push(async () => {
    await front.stop();
    await served.close();
    folder.remove();
  });
  return front;
}
