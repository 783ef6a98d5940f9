import { GatewayError } from "../errors.ts";
import type { BindAddress } from "../workers/options.ts";
import { type Arguments, type Command, type Io, UsageError } from "./command.ts";
import { loadApplication } from "./load-application.ts";
import type { SiteAddress } from "./port.ts";

const protocols = ["http", "fcgi", "cgi"] as const;
const fronts = ["none", "lighttpd", "auto"] as const;

const help = `\
usage: postern serve <module> [options]

Serves the application that a module exports (as app, application or default) until it is told to stop.

  --protocol http|fcgi|cgi     how a web server reaches it; http, to which a browser can talk, when left out
  --listen <address>           a path with a / in it for a unix socket, a port, or host:port; may be repeated;
                               without it http takes --port, fcgi the listening socket on descriptor 0
  --port <number>              port for http and --behind; PORT, or else 8080, when left out
  --behind none|lighttpd|auto  starts lighttpd in front, which starts two processes of the application;
                               auto is lighttpd where it is installed, else the embedded HTTP server
  --next-port                  takes the next free port where that one is in use
  --static <folder>            with --behind: files that lighttpd sends by itself, at the folder's name; the embedded
                               HTTP server leaves them to the application
  -h, --help                   this text

HOST is the address for --port, 127.0.0.1 when it is not set. POSTERN_LIGHTTPD names another lighttpd, or is "none".
`;

export const serveCommand: Command = {
  summary: "serves an application: alone, for a web server, or behind a lighttpd of its own",
  help,
  options: {
    protocol: { type: "string" },
    listen: { type: "string", multiple: true },
    port: { type: "string" },
    behind: { type: "string", default: "none" },
    "next-port": { type: "boolean", default: false },
    static: { type: "string" },
  },

  async run(args, io) {
    const module = onlyModule(args);
    const behind = oneOf("--behind", args.values["behind"], fronts);
    if (behind === "none") return serveAlone(module, args, io, "");
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
    if (behind === "auto") return serveAlone(module, args, io, ` (${missing})`);
    throw new GatewayError("FRONT_MISSING", `${missing}.`);
  },
};

/** @param why what to add to the line that says where the site is */
async function serveAlone(module: string, args: Arguments, io: Io, why: string): Promise<number> {
  const protocol = oneOf("--protocol", args.values["protocol"] ?? "http", protocols);
  const listen = args.values["listen"] as string[] | undefined;
  const bindAddress =
    listen?.map(toAddress) ?? (protocol === "http" ? await siteAddress(args, io) : undefined);
  const { answeringProbe, probeVariable } = await import("./probe.ts");
  const probe = process.env[probeVariable];
  delete process.env[probeVariable];
  const application = answeringProbe(await loadApplication(module, io.cwd), probe);
  const { serve } = await import("../serve.ts");
  const server = serve(application, {
    protocol,
    ...(bindAddress !== undefined && { bindAddress }),
    // A front that probes has started more than one of us.
    ...(probe !== undefined && { multiprocess: true }),
  });
  const ended = server.run();
  if (protocol === "http") {
    const addresses = await Promise.race([server.listening, ended.then(() => [])]);
    const { siteUrl } = await import("./behind-lighttpd.ts");
    for (const address of addresses) {
      const where = "path" in address ? address.path : siteUrl(address);
      io.out(`Serving ${module} at ${where} through the embedded HTTP server${why}. Ctrl-C stops it.`);
    }
  }
  await ended;
  return 0;
}

function onlyModule({ positionals: [module, ...more] }: Arguments): string {
  if (module !== undefined && more.length === 0) return module;
  throw new UsageError("Name one module that exports an application: postern serve <module>.");
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

function oneOf<T extends string>(option: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new UsageError(`${option} is one of ${choices.join(", ")}; "${value}" is none of them.`);
}
