import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { getCommand } from "../../lib/cli/get.ts";
import { postern } from "../../lib/cli/postern.ts";
import { routesCommand } from "../../lib/cli/routes.ts";
import { serveCommand } from "../../lib/cli/serve.ts";

/** Runs the command line in this process. */
async function call(...argv: string[]) {
  const lines = { out: [] as string[], err: [] as string[] };
  const io = {
    out: (line: string) => lines.out.push(line),
    err: (line: string) => lines.err.push(line),
    write: () => {},
    cwd: "/",
  };
  const status = await postern(argv, io);
  return { status, out: lines.out.join("\n"), err: lines.err.join("\n") };
}

test("--version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await call("--version")).toEqual({ status: 0, out: version, err: "" });
});

test.each(["--help", "-h"])("%s lists the verbs on standard output", async (option) => {
  const { status, out, err } = await call(option);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(out).toMatch(/^usage: postern <verb>/);
  expect(out).toMatch(/^ {2}serve {2,}\S/m);
});

test("without a verb it says how it is called, as a mistake", async () => {
  const { status, out, err } = await call();
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toMatch(/^usage: postern <verb>/);
});

test.each([
  ["serve", serveCommand, ["HOST", "PORT", "POSTERN_LIGHTTPD"]],
  ["get", getCommand, []],
  ["routes", routesCommand, []],
])("%s --help names every option it takes, and shows examples", async (verb, { options }, variables) => {
  const { status, out } = await call(verb, "--help");
  expect(status).toBe(0);
  for (const [name, { short }] of Object.entries(options)) {
    expect(out).toMatch(new RegExp(`^  ${short === undefined ? "" : `-${short}, `}--${name}\\b`, "m"));
  }
  for (const variable of variables) expect(out).toContain(variable);
  expect(out).toMatch(new RegExp(`^Examples:\n  postern ${verb} `, "m"));
  expect(out.split("\n").filter((line) => line.length > 120)).toEqual([]);
});

test.each([
  [["frob"], 'postern has no verb "frob"; it has: new, serve, get, routes, bundle.'],
  [["constructor"], 'postern has no verb "constructor"; it has: new, serve, get, routes, bundle.'],
  [["sevre"], 'postern has no verb "sevre"; did you mean serve?'],
  [["route"], 'postern has no verb "route"; did you mean routes?'],
  [["serve", "a.js", "--lisen", "80"], "postern serve has no option --lisen; did you mean --listen?"],
  [["serve", "a.js", "--frob"], "postern serve has no option --frob; postern serve --help lists them."],
  [["get", "a.js", "-q"], "postern get has no option -q; postern get --help lists them."],
  [
    ["serve", "a.js", "--workers", "forks"],
    '--workers is one of single, threads, prefork; "forks" is none of them.',
  ],
  [["serve", "a.js", "--max-children", "2"], "--max-children goes with --workers prefork."],
  [["serve", "a.js", "--max-requests", "9"], "--max-requests goes with --workers threads or prefork."],
  [
    ["serve", "a.js", "--workers", "prefork", "--min-spare", "one"],
    '--min-spare is a number; "one" is none.',
  ],
  [["serve", "a.js", "--threads", "2"], "--threads goes with --workers threads."],
  [["serve", "a.js", "--workers", "threads", "--threads", "no"], '--threads is a number; "no" is none.'],
  [
    ["serve", "a.js", "--workers", "threads", "--dev"],
    "--dev and --behind choose who answers by themselves: leave --workers out.",
  ],
  [
    ["serve", "a.js", "--dev", "--protocol", "fcgi"],
    "--dev serves HTTP by itself: leave --protocol and --behind out.",
  ],
  [
    ["serve", "a.js", "--dev", "--behind", "auto"],
    "--dev serves HTTP by itself: leave --protocol and --behind out.",
  ],
  [["get"], "Name a module and a path in quotes: postern get <module> /path [selector]."],
  [["get", "a.js", "hello"], '"hello" is no path: it begins with a /.'],
  [["get", "a.js", "/", "-H", "Accept"], "\"Accept\" is no header: write it as 'Name: value'."],
  [["get", "a.js", "/", "-F", "a"], '"a" is no field: write name=value or name=@file.'],
  [["get", "a.js", "/", "-F", "a=1", "-d", "b=2"], "-d and -F are two kinds of forms: use one of them."],
  [["routes"], "Name one module that exports an application: postern routes <module>."],
  [["serve"], "Name one module that exports an application: postern serve <module>."],
  [["serve", "a.js", "b.js"], "Name one module that exports an application: postern serve <module>."],
  [
    ["serve", "a.js", "--protocol", "gopher"],
    '--protocol is one of http, fcgi, scgi, uwsgi, ajp, cgi; "gopher" is none of them.',
  ],
  [
    ["serve", "a.js", "--protocol", "fgci"],
    '--protocol is one of http, fcgi, scgi, uwsgi, ajp, cgi; "fgci" is none of them. Did you mean fcgi?',
  ],
  [
    ["serve", "a.js", "--protocol", "fastcgi"],
    '--protocol is one of http, fcgi, scgi, uwsgi, ajp, cgi; "fastcgi" is none of them. Did you mean fcgi?',
  ],
  [
    ["serve", "a.js", "fgci"],
    'Name one module that exports an application: postern serve <module>; did you mean --protocol fcgi by "fgci"?',
  ],
  [
    ["serve", "a.js", "fcgi", "9000"],
    'Name one module that exports an application: postern serve <module>; did you mean --protocol fcgi by "fcgi"?',
  ],
  [
    ["serve", "a.js", "127.0.0.1:9000"],
    "Name one module that exports an application: postern serve <module>; did you mean --listen 127.0.0.1:9000 by " +
      '"127.0.0.1:9000"?',
  ],
  [["serve", "a.js", "--access-log"], "--access-log needs a value: --access-log <path>."],
  [
    ["serve", "a.js", "--access-log", "--port", "80"],
    "--access-log needs a value: --access-log <path>, or --access-log=<path> where that begins with a dash.",
  ],
  [["serve", "a.js", "--listen="], "--listen needs a value: --listen <address>."],
  [["serve", "a.js", "--behind"], "--behind needs a value: --behind none|lighttpd|auto."],
  [["get", "a.js", "-X"], "--request needs a value: --request <word>."],
  [["serve", "a.js", "--dev=yes"], "--dev takes no value: leave out what follows it."],
  [["serve", "a.js", "--behind", "x"], '--behind is one of none, lighttpd, auto; "x" is none of them.'],
  [["serve", "a.js", "--port", "0"], '"0" is no port: take a number from 1 to 65535.'],
  [["serve", "a.js", "--port", "65536"], '"65536" is no port: take a number from 1 to 65535.'],
  [["serve", "a.js", "--port", "80x"], '"80x" is no port: take a number from 1 to 65535.'],
  [["serve", "a.js", "--listen", "8080", "--port", "8080"], "--listen says where: leave --port out."],
  [
    ["serve", "a.js", "--protocol", "scgi", "--port", "9000"],
    "--port is for HTTP: with --protocol scgi say --listen 127.0.0.1:9000.",
  ],
  ...["--listen=9000", "--port=9000", "--workers=single", "--pid-file=x", "--restart-file=x"].map(
    (option) =>
      [
        ["serve", "a.js", "--protocol", "cgi", option],
        `--protocol cgi answers the one request that it was started for: leave ${option.split("=")[0]} out.`,
      ] as [string[], string],
  ),
  [
    ["serve", "a.js", "--behind", "auto", "--protocol", "fcgi"],
    "--behind chooses protocol and socket by itself: leave --protocol and --listen out.",
  ],
])("%j is a mistake, told in one sentence", async (argv, sentence) => {
  expect(await call(...argv)).toEqual({ status: 2, out: "", err: sentence });
});

test("a module that is not there is named by its whole path", async () => {
  const sentence = "There is no file /no/such/app.js: name the module that exports the application.";
  expect(await call("serve", "no/such/app.js")).toEqual({ status: 1, out: "", err: sentence });
});
