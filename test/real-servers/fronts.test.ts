// Every way in which a web server reaches an application: what becomes of requests and responses on it. What is measured
// here is what docs/deployment.md says; `npx vitest run test/real-servers/fronts.test.ts --update` rewrites it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apache, startApache } from "../support/apache.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/folder.ts";
import type { Front } from "../support/front.ts";
import { apacheServer } from "../support/fronts/apache.ts";
import { type Certificate, makeCertificate, openssl } from "../support/fronts/certificate.ts";
import { type Check, type CheckName, checks, type Stand } from "../support/fronts/checks.ts";
import { lighttpdServer } from "../support/fronts/lighttpd.ts";
import { nginxServer } from "../support/fronts/nginx.ts";
import { Measurements, withFronts } from "../support/fronts/page.ts";
import { Site } from "../support/fronts/site.ts";
import type { Mount, Way } from "../support/fronts/way.ts";
import { lighttpd, startLighttpdWith } from "../support/lighttpd.ts";
import { nginx, startNginx } from "../support/nginx.ts";
import { root } from "../support/postern.ts";
import { findProgram } from "../support/programs.ts";

const servers = [lighttpdServer, nginxServer, apacheServer];
const ways = servers.flatMap((server) => server.ways.map((way) => ({ server: server.name, way })));
const programs = {
  lighttpd: [lighttpd, findProgram("mod_openssl")],
  nginx: [nginx],
  Apache: [apache],
};
const isThere = ({ server, way }: (typeof ways)[number]) =>
  [openssl, ...programs[server], ...(way.needs ?? []).map(findProgram)].every((path) => path !== undefined);
const waysThere = ways.filter(isThere);

const variants = [
  { title: "mounted at /", mount: "/", withSettings: false },
  { title: "mounted at /app", mount: "/app", withSettings: false },
  { title: "with its settings", mount: "/", withSettings: true },
] as const;

const measured = new Measurements();
let folder: TemporaryFolder;
let site: Site;
let certificate: Certificate;

beforeAll(async () => {
  folder = temporaryFolder();
  certificate = makeCertificate(folder.path);
  site = new Site(waysThere.map(({ way }) => way));
  await site.listening();
});

afterAll(async () => {
  await site?.stop();
  folder?.remove();
});

for (const { server, way } of ways) {
  for (const { title, mount, withSettings } of variants) {
    describe.skipIf(!isThere({ server, way }))(`${server}, ${way.name}, ${title}`, () => {
      let stand: Stand;

      beforeAll(async () => {
        stand = {
          front: await start(server, way, mount, withSettings),
          mount,
          folder: site.witnesses,
          certificate: certificate.text,
          slow: "program" in way.application && way.application.program === "cgi.js",
        };
      });

      afterAll(() => stand?.front.stop());

      for (const check of checks as readonly Check[]) {
        if (check.once && (mount !== "/" || withSettings)) continue;
        test.concurrent(check.name, async () => {
          const expected = expectedOutcome(way, check, withSettings);
          const outcome = await check.measure(stand, expected);
          measured.add(way, check, withSettings, outcome);
          expect(outcome).toBe(expected);
        });
      }
    });
  }
}

test.skipIf(waysThere.length < ways.length)("docs/deployment.md says what was measured", async () => {
  const path = join(root, "docs/deployment.md");
  const page = withFronts(readFileSync(path, "utf8"), servers, measured);
  await expect(page).toMatchFileSnapshot(path);
});

function expectedOutcome(way: Way, check: Check, withSettings: boolean): string {
  const outcome = way.expected[check.name as CheckName] ?? check.expected;
  if (typeof outcome === "string") return outcome;
  return outcome[withSettings ? 1 : 0];
}

function start(server: keyof typeof programs, way: Way, mount: Mount, withSettings: boolean): Promise<Front> {
  const config = (listen: string) =>
    way.config({ ...site.place(way, mount), listen }, mount, withSettings ? way.settings : []);
  switch (server) {
    case "lighttpd":
      return startLighttpdWith(config(""), { certificate });
    case "nginx":
      return startNginx(config, certificate);
    case "Apache":
      return startApache(config(""), way.modules, certificate);
  }
}
