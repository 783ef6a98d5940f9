// What a web server denies for a folder holds for the application too: a request that names the folder and climbs out of
// it is at the application what the web server took it for.

import { describe, expect, onTestFinished, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type ServeOptions, serve } from "../../lib/serve.ts";
import { apache, startApache } from "../support/apache.ts";
import type { Front } from "../support/front.ts";
import { ask } from "../support/fronts/ask.ts";
import { lighttpd, startLighttpdWith } from "../support/lighttpd.ts";
import { nginx, startNginx } from "../support/nginx.ts";

interface Case {
  readonly name: string;
  readonly program: string | undefined;
  readonly protocol: "fcgi" | "scgi" | "uwsgi" | "http";
  /** What the web server makes of `%2F`. @defaultValue a slash */
  readonly encodedSlash?: "404";
  /** Whether the path is passed on as the client sent it. @defaultValue false */
  readonly isRaw?: boolean;
  /** A web server that denies what is at /admin and below, and has the application everywhere else. */
  start(port: number): Promise<Front>;
}

function nginxCase(protocol: Case["protocol"], module: string, target: (port: number) => string): Case {
  return {
    name: `nginx, ${module}_pass ${target(9000)}`,
    program: nginx,
    protocol,
    start: (port) =>
      startNginx(
        (listen) => `server {
          ${listen}
          location /admin { deny all; }
          location / { include ${module}_params; ${module}_pass ${target(port)}; }
        }`,
      ),
  };
}

function apacheCase(protocol: Case["protocol"], settings: string, parameter = ""): Case {
  return {
    name: `Apache, mod_proxy_${protocol}, ${settings}${parameter}`,
    program: apache,
    protocol,
    start: (port) =>
      startApache(
        `
        ${settings}
        ProxyPass "/" "${protocol}://127.0.0.1:${port}/" ${parameter}
        <Location "/admin">
          Require all denied
        </Location>
        `,
        ["proxy", `proxy_${protocol}`],
      ),
  };
}

const cases: readonly Case[] = [
  nginxCase("fcgi", "fastcgi", (port) => `127.0.0.1:${port}`),
  nginxCase("scgi", "scgi", (port) => `127.0.0.1:${port}`),
  nginxCase("uwsgi", "uwsgi", (port) => `127.0.0.1:${port}`),
  nginxCase("http", "proxy", (port) => `http://127.0.0.1:${port}/`),
  { ...nginxCase("http", "proxy", (port) => `http://127.0.0.1:${port}`), isRaw: true },
  { ...apacheCase("fcgi", "AllowEncodedSlashes Off"), encodedSlash: "404" },
  apacheCase("fcgi", "AllowEncodedSlashes On"),
  { ...apacheCase("scgi", "AllowEncodedSlashes Off"), encodedSlash: "404" },
  apacheCase("scgi", "AllowEncodedSlashes On"),
  apacheCase("http", "AllowEncodedSlashes On"),
  { ...apacheCase("http", "AllowEncodedSlashes On", "nocanon"), isRaw: true },
  {
    name: "lighttpd, mod_fastcgi",
    program: lighttpd,
    protocol: "fcgi",
    start: (port) =>
      startLighttpdWith(`
        server.modules += ("mod_access", "mod_fastcgi")
        $HTTP["url"] =~ "^/admin(/|$)" { url.access-deny = ("") }
        else {
          fastcgi.server = ("/" => ((
            "host" => "127.0.0.1",
            "port" => ${port},
            "check-local" => "disable",
            "fix-root-scriptname" => "enable"
          )))
        }
      `),
  },
];

const showPath: Application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}`];
};

for (const { name, program, protocol, encodedSlash, isRaw = false, start } of cases) {
  describe.skipIf(program === undefined)(name, () => {
    /** What the application sees of a target, or the status of another answer. */
    async function visitor(options: ServeOptions): Promise<(target: string) => Promise<string>> {
      const front = await start(await serving({ protocol, ...options }));
      onTestFinished(front.stop);
      return async (target) => {
        const { status, body } = await ask(front.port, target);
        return status === 200 ? String(body) : String(status);
      };
    }

    test("what is denied is denied, by whatever name", async () => {
      const seen = await visitor({});
      expect(await seen("/admin/hello")).toBe("403");
      expect(await seen("/x/../admin/hello")).toBe("403");
      expect(await seen("/hello")).toBe("|/hello");
    });

    // Over HTTP there is no other path than the one that is passed on.
    if (isRaw) {
      test("the path arrives as the client sent it", async () => {
        const seen = await visitor({});
        expect(await seen("/admin/../hello")).toBe("|/admin/../hello");
      });
      return;
    }

    test.each(["", "/app"])("the path that was matched arrives, mounted at %j", async (mount) => {
      const seen = await visitor(mount === "" ? {} : { scriptName: mount });
      for (const climb of ["/..", "/%2e%2E", "/.%2e", "/x/../..", "/./..", "//.."]) {
        expect(await seen(`/admin${climb}${mount}/hello?x=/../`)).toBe(`${mount}|/hello`);
      }
      for (const climb of ["/..%2f.", "%2f.."]) {
        expect(await seen(`/admin${climb}${mount}/hello`)).toBe(encodedSlash ?? `${mount}|/hello`);
      }
    });
  });
}

async function serving(options: ServeOptions): Promise<number> {
  const server = serve(validate(showPath), {
    bindAddress: { host: "127.0.0.1", port: 0 },
    log: () => {},
    ...options,
  });
  onTestFinished(() => server.close());
  const [address] = await server.listening;
  if (address === undefined || !("port" in address)) throw new Error("it does not listen on a port");
  return address.port;
}
