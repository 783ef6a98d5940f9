// lighttpd's ways to an application.

import { lines, type Mount, type Place, type Setting, type Way, type WebServer } from "./way.ts";

/** Modules, and what says where the application is. */
export interface Backend {
  readonly modules: readonly string[];
  readonly config: string;
}

/** @param server lines that say where the application is, or how it is started */
export function fastcgi(mount: Mount, ...server: string[]): Backend {
  return { modules: ["mod_fastcgi"], config: gateway("fastcgi", mount, server) };
}

function scgi(mount: Mount, ...server: string[]): Backend {
  return { modules: ["mod_scgi"], config: gateway("scgi", mount, server) };
}

function gateway(protocol: string, mount: Mount, server: readonly string[]): string {
  return below(mount, `${protocol}.server`, [
    ...server,
    `"check-local" => "disable"`,
    `"fix-root-scriptname" => "enable"`,
  ]);
}

/** A server for a mount point. Without the condition /app would take /application too. */
function below(mount: Mount, directive: string, server: readonly string[]): string {
  const text = `${directive} = ("${mount}" => ((\n  ${server.join(",\n  ")}\n)))`;
  return mount === "/" ? text : `$HTTP["url"] =~ "^${mount}(/|$)" {\n${text}\n}`;
}

/** @param variables what the script gets besides CGI's: lighttpd keeps its own variables to itself */
export function cgi(script: string, mount: Mount, variables: Readonly<Record<string, string>>): Backend {
  const environment = Object.entries(variables).map(([name, value]) => `"${name}" => ${quoted(value)}`);
  const assigned =
    mount === "/"
      ? [`alias.url = ("/" => ${quoted(`${script}/`)})`, `cgi.assign = ("" => "")`]
      : [
          `alias.url = ("${mount}" => ${quoted(script)})`,
          `$HTTP["url"] =~ "^${mount}(/|$)" { cgi.assign = ("" => "") }`,
        ];
  return {
    modules: ["mod_alias", "mod_cgi", "mod_setenv"],
    config: [...assigned, `setenv.set-environment = (${environment.join(", ")})`].join("\n"),
  };
}

function proxy(mount: Mount, { port }: Place): Backend {
  return {
    modules: ["mod_proxy"],
    config: below(mount, "proxy.server", [`"host" => "127.0.0.1"`, `"port" => ${port}`]),
  };
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A file's worth of configuration, as for /etc/lighttpd/conf-enabled. */
function file({ modules, config }: Backend, settings: readonly Setting[]): string {
  return `server.modules += (${modules.map(quoted).join(", ")})\n${config}\n${lines(settings)}`;
}

const streamed: Setting = {
  text: "server.stream-request-body = 2\nserver.stream-response-body = 2",
  purpose:
    "bodies go through as they come, in both directions, and the application hears when a client has gone",
};

const rawSlash: Setting = {
  text: `server.http-parseopts = ("url-path-2f-decode" => "disable")`,
  purpose:
    "`%2F` stays as it is in `REQUEST_URI`; Debian's lighttpd.conf has such a line, which is to be changed",
};

const settings = [streamed, rawSlash];

/** What all of lighttpd's ways have in common. */
const expected: Way["expected"] = {
  "`//a`": "`/a`",
  "reason of one's own": "no",
  "chunked POST": ["yes", "411"],
  "response streams": ["no", "yes"],
  "request streams": ["no", "yes"],
  "client leaves": ["never heard of", "heard of when it sends"],
  "cut, without": ["looks whole", "looks cut"],
};

/** What goes for SCGI and uwsgi: a response without Content-Length ends where the connection does. */
const unframed: Way["expected"] = { ...expected, "cut, without": "looks whole" };

/** What goes for HTTP: it has no words for these. */
const proxiedExpected: Way["expected"] = {
  ...expected,
  "`/a%2Fb`": ["`/a/b`", "`/a/b`, raw in `REQUEST_URI`"],
  "client's address": "no",
  https: "no",
  "chunked POST": "yes",
};

const ways: readonly Way[] = [
  {
    name: "mod_fastcgi, application on a socket",
    application: { protocol: "fcgi", on: "socket" },
    modules: [],
    config: (place, mount, more) => file(fastcgi(mount, `"socket" => ${quoted(place.socket)}`), more),
    settings,
    expected,
  },
  {
    name: "mod_fastcgi, application started by lighttpd",
    application: { program: "fcgi.js" },
    modules: [],
    config: (place, mount, more) =>
      file(
        fastcgi(
          mount,
          `"bin-path" => ${quoted(`${place.programs}/fcgi.js`)}`,
          `"socket" => ${quoted(place.socket)}`,
          `"max-procs" => 2`,
        ),
        more,
      ),
    settings,
    expected,
  },
  {
    name: "mod_scgi",
    application: { protocol: "scgi", on: "socket" },
    modules: [],
    config: (place, mount, more) => file(scgi(mount, `"socket" => ${quoted(place.socket)}`), more),
    settings,
    expected: unframed,
  },
  {
    name: "mod_scgi, uwsgi protocol",
    application: { protocol: "uwsgi", on: "socket" },
    modules: [],
    config: (place, mount, more) => {
      const { modules, config } = scgi(mount, `"socket" => ${quoted(place.socket)}`);
      return file({ modules, config: `scgi.protocol = "uwsgi"\n${config}` }, more);
    },
    settings,
    expected: unframed,
  },
  {
    name: "mod_cgi",
    application: { program: "cgi.js" },
    modules: [],
    config: (place, mount, more) => file(cgi(`${place.programs}/cgi.js`, mount, { PATH: place.path }), more),
    settings,
    expected: {
      ...expected,
      "client leaves": "never heard of",
      "cut, without": "looks whole",
    },
  },
  {
    name: "mod_proxy",
    application: { protocol: "http", on: "port", namesMount: true },
    modules: [],
    config: (place, mount, more) => file(proxy(mount, place), more),
    settings,
    expected: proxiedExpected,
  },
];

export const lighttpdServer: WebServer = {
  name: "lighttpd",
  notes: [
    "Without `fix-root-scriptname` lighttpd takes the first part of a path for the name of a script, and without `check-local` it looks for a file first.",
    'lighttpd keeps whole bodies, long ones in files below `server.upload-dirs`, until it is told to stream them. Over FastCGI even those pass through such files, both ways: `server.upload-dirs = ("/dev/shm")` keeps them off the disk, in memory that has to have room for them. Where it streams, a chunked request body, which has no length, is refused with 411 where the protocol needs one.',
    "An application hears of a client that has gone when it next sends something, if lighttpd streams; at once where the client resets its connection. A CGI script never hears of it, and is ended (TERM) where the client resets its connection.",
    "An application that lighttpd starts finds the listening socket on descriptor 0. lighttpd makes it, so its folder has to be one that lighttpd's user may write to: on Debian `/run/lighttpd` is.",
    "The longest request body is what `server.max-request-size` says, in KiB; nothing limits it when that is left out.",
    "lighttpd sends reasons of its own, makes one slash of several, and decodes `%2F` (`server.http-parseopts`).",
    "mod_ajp13 is left out on purpose: what lighttpd 1.4.69 sends of request bodies and paths is not AJP 1.3.",
  ],
  ways,
};
