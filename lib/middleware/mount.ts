// Several applications side by side, by path and by host.

import { GatewayError } from "../errors.ts";
import { below } from "../gateway/path.ts";
import { checkApplication } from "../gateway/stack.ts";
import type { Application, Environ } from "../gateway/types.ts";
import { notFound } from "./mount/not-found.ts";

interface Mount {
  /** In small letters, with a port where it was given; undefined is any host. */
  readonly host: string | undefined;
  /** `""`, or a path that does not end with a slash; a code point is a byte, as in the environ. */
  readonly path: string;
  readonly application: Application;
}

/**
 * Puts applications side by side. A request goes to the longest path that is its own or one above it, so that `"/blog"` gets
 * `/blog` and `/blog/2026` but not `/blogs`; mounts with a host come before those without. What has matched moves from
 * `PATH_INFO` to `SCRIPT_NAME` in the request's own environ: middleware around this that wants the path as it came has to
 * read it before.
 *
 * @param applications by path, such as `"/blog"`, or by host and path, such as `"//example.org/blog"`. Paths are text, not
 *   percent-encoded. A host is compared with the request's `Host`, whose port counts where the mount has one. The client
 *   writes that header: with it, it chooses among the applications, and proves nothing
 * @param fallback answers what is mounted nowhere; without it a plain 404 does
 * @example
 * export const app = mount({ "/": site, "/blog": blog, "//api.example.org/": api });
 *
 * @throws {GatewayError} `OPTION` when a key is not of this form, or stands for the same as another
 */
export function mount(
  applications: Readonly<Record<string, Application>>,
  fallback: Application = notFound,
): Application {
  const mounts = mountsOf(applications);
  checkApplication(fallback);
  return (environ, startResponse) => {
    for (const { host, path, application } of mounts) {
      if (host !== undefined && !isFor(environ, host)) continue;
      const rest = below(path, environ.PATH_INFO);
      if (rest === undefined) continue;
      environ.SCRIPT_NAME += path;
      environ.PATH_INFO = rest;
      return application(environ, startResponse);
    }
    return fallback(environ, startResponse);
  };
}

/** In the order in which they are tried. */
function mountsOf(applications: Readonly<Record<string, Application>>): Mount[] {
  if (typeof applications !== "object" || applications === null || Array.isArray(applications))
    throw new GatewayError(
      "OPTION",
      'mount() takes an object of applications by their places, such as { "/blog": blog }',
    );
  const mounts = new Map<string, Mount>();
  for (const [key, application] of Object.entries(applications)) {
    const [, host, path] = /^(?:\/\/([^/]+))?(\/.*)?$/s.exec(key) ?? [];
    if (key === "" || (host === undefined && path === undefined))
      throw new GatewayError(
        "OPTION",
        `${JSON.stringify(key)} is neither a path such as "/blog" nor a host and a path such as "//example.org/blog"`,
      );
    checkApplication(application);
    const one: Mount = { host: host?.toLowerCase(), path: bytesOf(path ?? "/"), application };
    const where = `//${one.host ?? ""}${one.path}`;
    if (mounts.has(where))
      throw new GatewayError("OPTION", `${JSON.stringify(key)} is mounted twice; leave one out`);
    mounts.set(where, one);
  }
  // A host with its port is longer than the host.
  const hostLength = ({ host }: Mount): number => host?.length ?? 0;
  return [...mounts.values()].sort(
    (one, other) => hostLength(other) - hostLength(one) || other.path.length - one.path.length,
  );
}

function bytesOf(path: string): string {
  return Buffer.from(path.replace(/\/+$/, "")).toString("latin1");
}

function isFor(environ: Environ, host: string): boolean {
  const asked = (environ.HTTP_HOST ?? environ.SERVER_NAME).toLowerCase();
  return asked === host || asked.replace(/:\d*$/, "") === host;
}
