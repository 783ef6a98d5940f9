// Apache's ways to an application.

import {
  type Listening,
  lines,
  type Mount,
  type Place,
  type Setting,
  type Way,
  type WebServer,
} from "./way.ts";

const decodedSlash: Setting = {
  text: "AllowEncodedSlashes On",
  purpose: "a path with `%2F` in it is no 404",
};

const rawSlash: Setting = {
  text: "AllowEncodedSlashes NoDecode",
  purpose: "a path with `%2F` in it is no 404",
};

const authorization: Setting = {
  text: `<Location "/">\n  CGIPassAuth On\n</Location>`,
  purpose: "the application gets `HTTP_AUTHORIZATION`",
};

/** What all of Apache's ways have in common: it hears of a client when it writes to it. */
const expected: Way["expected"] = {
  "`/a%2Fb`": ["404", "`/a/b`, raw in `REQUEST_URI`"],
  "client leaves": "heard of when it sends",
};

/** What goes for programs that Apache starts. */
const startedExpected: Way["expected"] = {
  ...expected,
  "`/a%2Fb`": ["404", "`/a%2Fb`, raw in `REQUEST_URI`"],
  "`//a`": "`/a`",
  "`Authorization`": ["no", "yes"],
};

const flushed: Setting = {
  text: "flushpackets=on",
  isParameter: true,
  purpose: "the response goes through as it comes",
};

const kept: Setting = {
  text: "enablereuse=on",
  isParameter: true,
  purpose: "connections to the application are kept",
};

/** Without it what is `%2F` and what is `%252F` is one to the application, where the path arrives in one piece. */
const rawPath: Setting = {
  text: "nocanon",
  isParameter: true,
  purpose: "the path is passed on as the client sent it",
};

interface Proxied {
  readonly module: string;
  readonly application: Listening;
  readonly settings?: readonly Setting[];
  /** Lines without which it is not of much use. */
  readonly more?: string;
  /** @defaultValue {@link rawSlash} */
  readonly slash?: Setting;
  readonly expected: Way["expected"];
  readonly needs?: readonly string[];
}

/** An application that mod_proxy reaches by a plain ProxyPass. */
function proxied(
  name: string,
  { module, application, settings = [], more: always = "", slash = rawSlash, ...rest }: Proxied,
): Way {
  const { protocol, on, secret = false } = application;
  return {
    name,
    application,
    modules: ["proxy", module],
    config: (place, mount, more) => {
      // A mount that Apache names is not in the path that it passes on.
      const path = mount === "/" ? "/" : application.namesMount ? mount : "";
      const target =
        on === "socket"
          ? `unix:${place.socket}|${protocol}://localhost${path}`
          : `${protocol}://127.0.0.1:${place.port}${path}`;
      const parameters = [
        ...(secret ? [`secret=${place.secret}`] : []),
        ...more.filter(({ isParameter }) => isParameter).map(({ text }) => text),
      ];
      return `ProxyPass ${[`"${mount}"`, `"${target}"`, ...parameters].join(" ")}\n${always}${lines(more)}`;
    },
    settings: [...settings, slash],
    ...rest,
  };
}

/** A program that Apache starts, and what a folder needs so that it may. */
function started(
  place: Place,
  mount: Mount,
  directive: string,
  program: string,
  folder: readonly string[],
): string {
  const file = `${place.programs}/${program}`;
  return [
    `${directive} "${mount}" "${file}${mount === "/" ? "/" : ""}"`,
    `<Directory "${place.programs}">`,
    ...folder.map((line) => `  ${line}`),
    "  Require all granted",
    "</Directory>",
    "",
  ].join("\n");
}

const ways: readonly Way[] = [
  proxied("mod_proxy_fcgi, unix socket", {
    module: "proxy_fcgi",
    application: { protocol: "fcgi", on: "socket", namesMount: true },
    settings: [flushed, authorization],
    expected: { ...expected, "`Authorization`": ["no", "yes"], "response streams": ["no", "yes"] },
  }),
  proxied("mod_proxy_fcgi, TCP", {
    module: "proxy_fcgi",
    application: { protocol: "fcgi", on: "port", namesMount: true },
    settings: [flushed, kept, authorization],
    expected: { ...expected, "`Authorization`": ["no", "yes"], "response streams": ["no", "yes"] },
  }),
  {
    name: "mod_fcgid",
    application: { program: "fcgi.js" },
    modules: ["fcgid"],
    needs: ["mod_fcgid"],
    config: (place, mount, more) =>
      `FcgidInitialEnv PATH ${place.path}\n` +
      started(place, mount, "Alias", "fcgi.js", ["SetHandler fcgid-script", "Options +ExecCGI"]) +
      lines(more),
    settings: [
      { text: "FcgidMaxRequestLen 104857600", purpose: "the longest request body; 128 KiB when left out" },
      { text: "FcgidOutputBufferSize 0", purpose: "the response goes through as it comes" },
      { text: "FcgidPassHeader Authorization", purpose: "the application gets `HTTP_AUTHORIZATION`" },
      rawSlash,
    ],
    expected: {
      ...startedExpected,
      "20 MB up": ["500", "yes"],
      "response streams": ["no", "yes"],
      "request streams": "no",
      "cut, with Content-Length": ["500", "looks whole"],
      "cut, without": ["500", "looks whole"],
    },
  },
  proxied("mod_proxy_scgi", {
    module: "proxy_scgi",
    application: { protocol: "scgi", on: "port", namesMount: true },
    settings: [authorization],
    expected: {
      ...expected,
      "`Authorization`": ["no", "yes"],
      "chunked POST": "411",
    },
  }),
  proxied("mod_proxy_uwsgi", {
    module: "proxy_uwsgi",
    application: { protocol: "uwsgi", on: "port" },
    needs: ["mod_proxy_uwsgi"],
    slash: decodedSlash,
    expected: {
      ...expected,
      "`//a`": "`/a`",
      "chunked POST": "411",
    },
  }),
  proxied("mod_proxy_ajp", {
    module: "proxy_ajp",
    application: { protocol: "ajp", on: "port", namesMount: true },
    settings: [rawPath],
    expected: { ...expected, "`//a`": "`/a`" },
  }),
  proxied("mod_proxy_ajp with a secret", {
    module: "proxy_ajp",
    application: { protocol: "ajp", on: "port", namesMount: true, secret: true },
    settings: [rawPath],
    expected: { ...expected, "`//a`": "`/a`" },
  }),
  {
    name: "mod_cgid",
    application: { program: "cgi.js" },
    modules: ["cgid"],
    config: (place, mount, more) =>
      `SetEnv PATH ${place.path}\n${started(place, mount, "ScriptAlias", "cgi.js", [])}${lines(more)}`,
    settings: [authorization, rawSlash],
    expected: {
      ...startedExpected,
      "chunked POST": "no",
      "client leaves": "never heard of",
      "cut, with Content-Length": "looks whole",
      "cut, without": "looks whole",
    },
  },
  proxied("mod_proxy_http", {
    module: "proxy_http",
    application: { protocol: "http", on: "port", namesMount: true },
    // Without it the application takes a form of its own page for another site's.
    more: "ProxyPreserveHost On\n",
    settings: [rawPath],
    expected: {
      ...expected,
      "`//a`": "`/a`",
      "client's address": "no",
      https: "no",
    },
  }),
];

export const apacheServer: WebServer = {
  name: "Apache",
  notes: [
    "Apache hears of a client that has gone when it writes to it, and so does the application: a stream of events should send something now and then. A CGI script never hears of it.",
    "A path with `%2F` in it is a 404 unless `AllowEncodedSlashes` says otherwise. With `NoDecode` mod_fcgid and mod_cgid leave `%2F` as it is in `PATH_INFO`, and mod_proxy_uwsgi answers 500.",
    'Rules for a path, such as `<Location "/admin">`, hold for the application too: of dot segments in a request it gets what Apache made of them. With `nocanon` it gets them as the client sent them. With `AllowEncodedSlashes NoDecode` `%2F` is no slash to such rules: `/admin%2Fx` is past that one, but `/admin/x` to an application behind mod_proxy; with `On` it is `/admin/x` to both.',
    "`Authorization` is kept from CGI, FastCGI and SCGI unless `CGIPassAuth` or `FcgidPassHeader` says otherwise. Where neither can be set, as in many an `.htaccess`, `RewriteRule ^ - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]` does it.",
    "The longest request body is 1 GiB (`LimitRequestBody`), but 128 KiB for mod_fcgid (`FcgidMaxRequestLen`), which answers a longer one 500.",
    "Without `ProxyPreserveHost On` mod_proxy_http writes the application's address into `Host`: links with a host lead there, and the framework refuses the site's own forms (403), as their `Origin` is another.",
    "mod_cgid counts what a script sends and corrects the Content-Length of a short response: one that was cut looks whole.",
    "Over TCP anybody on the machine can talk to the application, and over AJP, FastCGI, SCGI and uwsgi say who they are (`REMOTE_USER`): prefer a unix socket, or AJP with a secret.",
  ],
  ways,
};
