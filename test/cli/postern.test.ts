import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { postern } from "../../lib/cli/postern.ts";

/** Runs the command line in this process. */
async function call(...argv: string[]) {
  const lines = { out: [] as string[], err: [] as string[] };
  const io = {
    out: (line: string) => lines.out.push(line),
    err: (line: string) => lines.err.push(line),
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
  expect(out).toMatch(/^ {2}serve {2}\S/m);
});

test("without a verb it says how it is called, as a mistake", async () => {
  const { status, out, err } = await call();
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toMatch(/^usage: postern <verb>/);
});

test("a verb's --help names every option it takes", async () => {
  const { status, out } = await call("serve", "--help");
  expect(status).toBe(0);
  for (const option of ["--protocol", "--listen", "--port", "--behind", "HOST", "PORT", "POSTERN_LIGHTTPD"]) {
    expect(out).toContain(option);
  }
});

test.each([
  [["frob"], 'postern has no verb "frob"; it has: new, serve.'],
  [["constructor"], 'postern has no verb "constructor"; it has: new, serve.'],
  [["serve"], "Name one module that exports an application: postern serve <module>."],
  [["serve", "a.js", "b.js"], "Name one module that exports an application: postern serve <module>."],
  [
    ["serve", "a.js", "--protocol", "gopher"],
    '--protocol is one of http, fcgi, cgi; "gopher" is none of them.',
  ],
  [["serve", "a.js", "--behind", "x"], '--behind is one of none, lighttpd, auto; "x" is none of them.'],
  [["serve", "a.js", "--port", "0"], '"0" is no port: take a number from 1 to 65535.'],
  [["serve", "a.js", "--port", "65536"], '"65536" is no port: take a number from 1 to 65535.'],
  [["serve", "a.js", "--port", "80x"], '"80x" is no port: take a number from 1 to 65535.'],
  [
    ["serve", "a.js", "--behind", "auto", "--protocol", "fcgi"],
    "--behind chooses protocol and socket by itself: leave --protocol and --listen out.",
  ],
])("%j is a mistake, told in one sentence", async (argv, sentence) => {
  expect(await call(...argv)).toEqual({ status: 2, out: "", err: sentence });
});

test("an option it does not have is named", async () => {
  const { status, err } = await call("serve", "a.js", "--frob");
  expect(status).toBe(2);
  expect(err).toContain("--frob");
  expect(err).not.toContain("\n");
});

test("a module that is not there is named by its whole path", async () => {
  const sentence = "There is no file /no/such/app.js: name the module that exports the application.";
  expect(await call("serve", "no/such/app.js")).toEqual({ status: 1, out: "", err: sentence });
});
