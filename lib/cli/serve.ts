import { basename, extname, resolve } from "node:path";
import { GatewayError } from "../errors.ts";
import { nearest } from "../gateway/option-names.ts";
import type { Middleware } from "../gateway/types.ts";
import type { ServeOptions } from "../serve.ts";
import type { BindAddress } from "../workers/options.ts";
import { closeApplication, type ShapeName, shapeNames } from "./application-shape.ts";
import { type Arguments, type Command, type Io, UsageError } from "./command.ts";
import { loadApplication } from "./load-application.ts";
import type { SiteAddress } from "./port.ts";
import { type WorkerChoice, workerChoice, workerHelp, workerOptions } from "./worker-choice.ts";

const protocols = ["http", "fcgi", "scgi", "uwsgi", "ajp", "cgi"] as const;
const fronts = ["none", "lighttpd", "auto"] as const;

const help = `\
usage: postern serve <module> [options]

Serves the application that a module exports (as app, application, default, handler or server) until it is told to
stop: what application(urls) of postern returns, a gateway application, an application of Express, connect, Koa,
Fastify, Nest, Polka or Restify, an http.Server, a fetch handler or an object that has one, such as Hono's, or a
function without parameters that makes one of these.

  --protocol <name>            how a web server reaches it: fcgi, scgi, uwsgi, ajp or cgi; or http, to which a browser
                               can talk; when left out: POSTERN_SERVER, or else cgi where a web server runs this as a
                               CGI script, fcgi where it left a listening socket on descriptor 0, else http
  --shape gateway|node|fetch   what a function is, where its parameters do not tell: (environ, startResponse),
                               (req, res) or (request)
  --listen <address>           a path with a / in it for a unix socket, a port, or host:port; may be repeated;
                               without it systemd's sockets are taken (what --protocol leaves out their names say), else
                               http takes --port, the others the listening socket on descriptor 0
  --port <number>              port for http and --behind; PORT, or else 8080, when left out
${workerHelp}  --restart-file <path>        a file, no folder, that does what HUP does, when it is touched
  --behind none|lighttpd|auto  starts lighttpd in front, which starts two processes of the application;
                               auto is lighttpd where it is installed, else the embedded HTTP server
  --next-port                  takes the next free port where that one is in use
  --static <folder>            files that are sent at the folder's name without the application, with --behind by
                               lighttpd itself
  --log-file <path>            for the server's lines and what the application writes to wsgi.errors; USR1 opens it anew
  --access-log <path>          a line for each request, in Apache's Combined format; USR1 opens it anew; - is standard
                               output
  --pid-file <path>            holds the process to signal, as long as it serves
  --name <name>                what ps shows behind "postern: "; the module's name when left out
  --dev                        for development: HTTP, starts again when a file changes, shows errors in the browser
                               and a line for each request here, answers to localhost only; a .ts module is compiled
                               while it is loaded
  -h, --help                   this text

Examples:
  postern serve app.js                                   http://127.0.0.1:8080/
  postern serve app.js --listen 127.0.0.1:9000 --protocol fcgi
  postern serve app.js --listen /run/app.sock --protocol fcgi
  postern serve app.js --behind auto --port 80
  postern serve app.ts --dev

As a CGI script, or for lighttpd's bin-path, an application needs two lines, which know what has started them:
  #!/bin/sh
  exec /srv/site/node_modules/.bin/postern serve /srv/site/app.js

With --dev a .ts module, and all that it imports, is compiled by the project's own esbuild or typescript (up to 6);
types are not checked: that is what tsc is for. Watched are modules, .html and .mustache files, templates/ and views/,
package.json, tsconfig.json and .env; not node_modules, hidden folders, dist, build, static, public, data, uploads and
the like. The old process has ended before the new one starts: its requests have 500 ms to end, and are cut off then.

HOST is the address for --port, 127.0.0.1 when it is not set. POSTERN_SERVER, POSTERN_LOG_FILE, POSTERN_PID_FILE and
POSTERN_NAME stand for --protocol, --log-file, --pid-file and --name where these are left out (not with --dev or
--behind). POSTERN_LIGHTTPD names another lighttpd, or is "none".
`;

export const serveCommand: Command = {
  summary: "serves an application: alone, for a web server, or behind a lighttpd of its own",
  help,
  options: {
    protocol: { type: "string" },
    shape: { type: "string" },
    listen: { type: "string", multiple: true },
    port: { type: "string" },
    ...workerOptions,
    "restart-file": { type: "string" },
    "log-file": { type: "string" },
    "access-log": { type: "string" },
    "pid-file": { type: "string" },
    name: { type: "string" },
    dev: { type: "boolean" },
    behind: { type: "string", default: "none" },
    "next-port": { type: "boolean", default: false },
    static: { type: "string" },
  },

  async run(args, io) {
    const module = await onlyModule(args);
    const behind = oneOf("--behind", args.values["behind"], fronts);
    const workers = workerChoice(args);
    refuseContradictions(args);
    if (args.values["dev"] !== true && behind === "none") return serveAlone(module, args, io, workers);
    if (workers.workers !== "single")
      throw new UsageError("--dev and --behind choose who answers by themselves: leave --workers out.");
    refuseOwnNames(args);
    if (args.values["dev"] === true) return serveDev(module, args, io);
    if (args.values["protocol"] !== undefined || args.values["listen"] !== undefined) {
      throw new UsageError(
        "--behind chooses protocol and socket by itself: leave --protocol and --listen out.",
      );
    }
    const { findLighttpd } = await import("./lighttpd.ts");
    const binary = findLighttpd();
    if (binary !== undefined) {
      const { serveBehindLighttpd } = await import("./behind-lighttpd.ts");
      const folder = args.values["static"] as string | undefined;
      return serveBehindLighttpd(module, binary, await siteAddress(args, io), io, folder);
    }
    const { installCommand } = await import("./install-command.ts");
    const missing = `lighttpd is not installed: install it with "${installCommand("lighttpd")}"`;
    if (behind === "auto") return serveAlone(module, args, io, workers, ` (${missing})`);
    throw new GatewayError("FRONT_MISSING", `${missing}.`);
  },
};

async function serveDev(module: string, args: Arguments, io: Io): Promise<number> {
  const { protocol = "http", behind, listen } = args.values;
  if (protocol !== "http" || behind !== "none") {
    throw new UsageError("--dev serves HTTP by itself: leave --protocol and --behind out.");
  }
  const bindAddress = (listen as string[] | undefined)?.map(toAddress) ?? (await siteAddress(args, io));
  const { serveForDevelopment } = await import("./dev-server.ts");
  await serveForDevelopment(module, bindAddress, io, args.values["static"] as string | undefined);
  return 0;
}

/** @param why what to add to the line that says where the site is */
async function serveAlone(
  module: string,
  args: Arguments,
  io: Io,
  workers: WorkerChoice,
  why = "",
): Promise<number> {
  // A thread or process of a pool loads the application too; the rest is said and found out once.
  const { identity } = await import("../workers/threads/identity.ts");
  const { assignment } = await import("../workers/assignment.ts");
  const main = identity === undefined && assignment === undefined;
  const listen = args.values["listen"] as string[] | undefined;
  const { isSocketActivated } = await import("../workers/systemd-sockets.ts");
  const placed = listen !== undefined || args.values["port"] !== undefined;
  const inherits = !placed && isSocketActivated();
  const named = assignment?.protocol ?? args.values["protocol"] ?? (await startedProtocol(placed));
  const protocol = oneOf("--protocol", named, protocols, { fastcgi: "fcgi", ajp13: "ajp" });
  const bindAddress =
    listen?.map(toAddress) ??
    (protocol === "http" && !inherits && main ? await siteAddress(args, io) : undefined);
  const { answeringProbe, probeVariable } = await import("./probe.ts");
  const probe = process.env[probeVariable];
  delete process.env[probeVariable];
  const folder = identity?.folder ?? io.cwd;
  const middleware = await middlewareOf(args, folder, protocol);
  const application = await loadApplication(module, folder, { shape: shapeOf(args) });
  const { serve } = await import("../serve.ts");
  const server = serve(answeringProbe(application, probe), {
    protocol,
    ...workers,
    ...(bindAddress !== undefined && { bindAddress }),
    ...(await ownNames(args, module)),
    middleware,
    // A front that probes has started more than one of us.
    ...(probe !== undefined && { multiprocess: true }),
  });
  const ended = server.run();
  if (protocol === "http" && main) {
    const addresses = await Promise.race([server.listening.catch(() => []), ended.then(() => [])]);
    const { siteUrl } = await import("./behind-lighttpd.ts");
    for (const address of addresses) {
      const where = "path" in address ? address.path : siteUrl(address);
      io.out(`Serving ${module} at ${where} through the embedded HTTP server${why}. Ctrl-C stops it.`);
    }
  }
  await ended;
  await closeApplication(application);
  return 0;
}

/** The first is the outermost: a line is written for what the files answer as well. */
async function middlewareOf({ values }: Arguments, folder: string, protocol: string): Promise<Middleware[]> {
  const logFile = values["access-log"] as string | undefined;
  const files = values["static"] as string | undefined;
  const middleware: Middleware[] = [];
  if (logFile !== undefined) {
    if (logFile === "-" && protocol === "cgi")
      throw new UsageError(
        "--access-log - is standard output, which is the response of a CGI script: name a file.",
      );
    const { accessLog } = await import("../middleware/access-log.ts");
    middleware.push(accessLog({ to: logFile === "-" ? process.stdout : resolve(folder, logFile) }));
  }
  if (files !== undefined) {
    const { staticFolder } = await import("./static-folder.ts");
    middleware.push(staticFolder(files, folder));
  }
  return middleware;
}

/**
 * What POSTERN_SERVER says, or the way in which this was started: as a CGI script, on a socket of a web server or of systemd, or
 * by a person.
 *
 * @param placed it is said where to listen, so that nothing else has a say
 */
async function startedProtocol(placed: boolean): Promise<string> {
  const { detect, namedProtocol, thisProcess } = await import("../detect.ts");
  try {
    if (placed) return namedProtocol(process.env) ?? "http";
    return detect({}, { ...thisProcess, words: [] }).protocol;
  } catch (error) {
    throw (await import("../protocol-word.ts")).withMeantProtocol(error, process.env);
  }
}

async function ownNames({ values }: Arguments, module: string): Promise<ServeOptions> {
  const { namesOf } = await import("../run.ts");
  const name = values["name"] as string | undefined;
  const logFile = values["log-file"] as string | undefined;
  const pidFile = values["pid-file"] as string | undefined;
  const restartFile = values["restart-file"] as string | undefined;
  return {
    name: basename(module, extname(module)),
    ...namesOf(process.env),
    ...(name !== undefined && { name }),
    ...(logFile !== undefined && { logFile }),
    ...(pidFile !== undefined && { pidFile }),
    ...(restartFile !== undefined && { restartFile }),
  };
}

function shapeOf({ values }: Arguments): ShapeName | undefined {
  const named = values["shape"];
  return named === undefined ? undefined : oneOf("--shape", named, shapeNames);
}

/** Of two places one would not be heeded, and neither would one of a protocol that has none. */
function refuseContradictions({ values }: Arguments): void {
  const { protocol = "http", listen, port } = values;
  if (listen !== undefined && port !== undefined)
    throw new UsageError("--listen says where: leave --port out.");
  const needless = ["listen", "port", "workers", "pid-file", "restart-file"].find(
    (option) => values[option] !== undefined,
  );
  if (protocol === "cgi" && needless !== undefined)
    throw new UsageError(
      `--protocol cgi answers the one request that it was started for: leave --${needless} out.`,
    );
  if (protocol !== "http" && port !== undefined)
    throw new UsageError(`--port is for HTTP: with --protocol ${protocol} say --listen 127.0.0.1:${port}.`);
}

function refuseOwnNames({ values }: Arguments): void {
  const given = ["log-file", "access-log", "pid-file", "name", "restart-file"].find(
    (option) => values[option] !== undefined,
  );
  if (given === undefined) return;
  throw new UsageError(`--${given} is for a server that runs alone: leave it out, or --behind and --dev.`);
}

async function onlyModule({ positionals: [module, ...more] }: Arguments): Promise<string> {
  if (module !== undefined && more.length === 0) return module;
  const [second = ""] = more;
  // As the command line of app.run() has it.
  const { nearProtocol } = await import("../protocol-word.ts");
  const option = /^(?:\S+:)?\d{1,5}$/.test(second) ? `--listen ${second}` : nearProtocol(second);
  const text = "Name one module that exports an application: postern serve <module>";
  if (module === undefined || option === undefined) throw new UsageError(`${text}.`);
  const meant = option.startsWith("--") ? option : `--protocol ${option === "fastcgi" ? "fcgi" : option}`;
  throw new UsageError(`${text}; did you mean ${meant} by "${second}"?`);
}

async function siteAddress({ values }: Arguments, io: Io): Promise<SiteAddress> {
  const text = String(values["port"] ?? (process.env["PORT"] || "8080"));
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`"${text}" is no port: take a number from 1 to 65535.`);
  const wanted = { host: process.env["HOST"] || "127.0.0.1", port };
  if (values["next-port"] !== true) return wanted;
  const { nextFreePort } = await import("./port.ts");
  const found = await nextFreePort(wanted);
  if (found.port !== port) io.out(`Port ${port} is in use: taking ${found.port}, the next one that is free.`);
  return found;
}

function toAddress(text: string): BindAddress {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** @param others what the choices are called elsewhere */
function oneOf<T extends string>(
  option: string,
  value: unknown,
  choices: readonly T[],
  others: Readonly<Record<string, T>> = {},
): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const word = String(value);
  const [near = nearest(word.toLowerCase(), choices)[0]] = Object.hasOwn(others, word) ? [others[word]] : [];
  const meant = near === undefined ? "" : ` Did you mean ${near}?`;
  throw new UsageError(`${option} is one of ${choices.join(", ")}; "${word}" is none of them.${meant}`);
}
