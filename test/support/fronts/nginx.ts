// nginx's ways to an application, with the parameter files that Debian ships.

import { lines, type Mount, type Place, type Setting, type Way, type WebServer } from "./way.ts";

/** A server with one location; `settings` stand before it. */
export function site(
  listen: string,
  mount: Mount,
  settings: readonly Setting[],
  location: readonly string[],
): string {
  // Without its slash a prefix would take /application too; nginx redirects /app to /app/ by itself.
  const prefix = mount === "/" ? "/" : `${mount}/`;
  const before = `${listen}\n${lines(settings)}`.trimEnd().split("\n");
  return [
    "server {",
    ...before.map((line) => `    ${line}`),
    `    location ${prefix} {`,
    ...location.map((line) => `        ${line}`),
    "    }",
    "}",
    "",
  ].join("\n");
}

/** An upstream with connections that are kept. */
function upstream(socket: string): string {
  return `upstream site {\n    server unix:${socket};\n    keepalive 8;\n}\n`;
}

/** What all of nginx's ways have in common. */
const expected: Way["expected"] = {
  "`Host: site.example:8080`": "without port",
  "20 MB up": ["413", "yes"],
  "response streams": ["no", "yes"],
  "request streams": ["no", "yes"],
  "cut, without": "looks whole",
};

/** One of nginx's four protocols, which differ in little but their names. */
function passed(
  name: string,
  protocol: "fastcgi" | "scgi" | "uwsgi" | "proxy",
  way: Pick<Way, "application" | "expected"> & { readonly kept?: readonly string[] },
): Way {
  const { kept, ...rest } = way;
  const scheme = protocol === "proxy" ? "http://" : "";
  return {
    name,
    modules: [],
    config: (place: Place, mount, settings) => {
      const target = kept === undefined ? `unix:${place.socket}` : "site";
      const location = [
        `include ${protocol}_params;`,
        `${protocol}_pass ${scheme}${target};`,
        ...(kept ?? []),
      ];
      const server = site(place.listen, mount, settings, location);
      return kept === undefined ? server : `${upstream(place.socket)}${server}`;
    },
    settings: [
      { text: "client_max_body_size 100m;", purpose: "the longest request body; 1 MB when left out" },
      {
        text: `${protocol}_buffering off;`,
        purpose: "the response goes through as it comes",
      },
      // nginx 1.22 announces in SCGI only as much of an unbuffered body as it has read.
      ...(protocol === "scgi"
        ? []
        : [{ text: `${protocol}_request_buffering off;`, purpose: "the request goes through as it comes" }]),
      ...(protocol === "proxy"
        ? [
            {
              text: "proxy_http_version 1.1;",
              purpose: "a response that is cut can be told from a whole one",
            },
          ]
        : []),
    ],
    ...rest,
  };
}

const ways: readonly Way[] = [
  passed("fastcgi_pass", "fastcgi", {
    application: { protocol: "fcgi", on: "socket", namesMount: true },
    expected,
  }),
  passed("fastcgi_pass, connections kept", "fastcgi", {
    application: { protocol: "fcgi", on: "socket", namesMount: true },
    kept: ["fastcgi_keep_conn on;"],
    expected: { ...expected, "response streams": "yes", "cut, without": ["looks cut", "looks whole"] },
  }),
  passed("scgi_pass", "scgi", {
    application: { protocol: "scgi", on: "socket", namesMount: true },
    expected: { ...expected, "request streams": "no" },
  }),
  passed("uwsgi_pass", "uwsgi", {
    application: { protocol: "uwsgi", on: "socket", namesMount: true },
    expected: { ...expected, "`//a`": "`/a`" },
  }),
  passed("proxy_pass", "proxy", {
    application: { protocol: "http", on: "socket", namesMount: true },
    expected: {
      ...expected,
      "client's address": "no",
      https: "no",
      "cut, without": ["looks whole", "looks cut"],
    },
  }),
];

export const nginxServer: WebServer = {
  name: "nginx",
  notes: [
    "The parameter files are Debian's, unchanged. They say nothing of where the application is mounted, so at a prefix the application has to be told. They hand the host on without its port.",
    "nginx collects a request body before it passes it on, and refuses one of more than 1 MB (`client_max_body_size`) with 413. A response goes through as it is read, but in pieces as large as nginx's buffers.",
    "With `scgi_request_buffering off` nginx 1.22 announces only as much of a request body as it has read: such a request is answered 400.",
    'What `auth_request` asks over SCGI is refused the same way where the request has a body: with `scgi_pass_request_body off` belongs `scgi_param HTTP_CONTENT_LENGTH "";`, and `scgi_param PATH_INFO $document_uri;` so that the application is asked at the path of `auth_request` and not at that of the page.',
    "Rules for a path, such as `location /admin { deny all; }`, hold for the application too: of dot segments in a request it gets what nginx made of them. Through `proxy_pass` to an address without a path it gets them as the client sent them: `/admin/../x` is past that rule, and still `/admin/../x`. `proxy_pass http://unix:/run/site/app.sock:/;` passes on what nginx made of it, which has no repeated slashes either.",
    "nginx hears at once of a client that has gone, and closes the connection to the application.",
    "A response that is cut can be told from a whole one where it has a Content-Length; without, only on kept connections that are buffered, and over HTTP/1.1.",
    'The application is told of https by itself, except through `proxy_pass`: `X-Forwarded-Proto` is not believed, since anybody can send it. Where all requests come by https, option `environ: { HTTPS: "on" }` says so.',
  ],
  ways,
};
