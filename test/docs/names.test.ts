// docs/from-webpy.md and docs/from-express.md: what they name here is there, and nothing of theirs is left out.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { root } from "../support/postern.ts";

const lib = join(root, "lib");

/** What a program can import. */
const modules = [
  "index.ts",
  "server.ts",
  "gateway/index.ts",
  "testing/index.ts",
  "framework/sessions.ts",
  "framework/forms.ts",
  "faces/http.ts",
  ...["framework/sessions/stores", "middleware", "bridges", "clients"].flatMap((folder) =>
    readdirSync(join(lib, folder))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`),
  ),
].map((name) => join(lib, name));

/** The variables that the pages speak of, by the type of each. */
const variables: Readonly<Record<string, string>> = {
  web: "Web",
  app: "App",
  session: "SessionControls",
  browser: "Browser",
};

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
  ts.sys,
  root,
);
const program = ts.createProgram(
  modules.filter((path) => ts.sys.fileExists(path)),
  options,
);
const checker = program.getTypeChecker();
const names = new Map<string, ts.Symbol>();
for (const path of modules) {
  const source = program.getSourceFile(path);
  const module = source && checker.getSymbolAtLocation(source);
  for (const symbol of module === undefined ? [] : checker.getExportsOfModule(module)) {
    if (!names.has(symbol.name)) names.set(symbol.name, symbol);
  }
}

/** Whether `web.ctx.path` is a member of a type, or `seeOther` something to import. */
function exists(name: string): boolean {
  const [first = "", ...members] = name.split(".");
  const symbol = names.get(variables[first] ?? first);
  if (symbol === undefined) return false;
  const origin = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  let type = checker.getDeclaredTypeOfSymbol(origin);
  for (const member of members) {
    const found = checker.getPropertyOfType(checker.getApparentType(type), member);
    if (found === undefined) return false;
    type = checker.getTypeOfSymbol(found);
  }
  return true;
}

interface Row {
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
  readonly text: string;
}

function rowsOf(page: string): Row[] {
  const text = readFileSync(join(root, "docs", page), "utf8");
  return [...text.matchAll(/^\| (`.*?) \| (.*?) \|(.*)\|$/gm)].map(
    ([, theirs = "", ours = "", difference = ""]) => ({
      theirs: [...theirs.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
      ours: [...ours.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
      text: difference.trim(),
    }),
  );
}

test("a name that is not there is found out", () => {
  expect(["web.input", "web.ctx.path", "seeOther", "SessionOptions.timeout"].filter(exists).length).toBe(4);
  expect(["web.inputs", "web.ctx.paths", "seeOthers", "SessionOptions.timeouts"].filter(exists)).toEqual([]);
});

describe.each(["from-webpy.md", "from-express.md"])("docs/%s", (page) => {
  const rows = rowsOf(page);

  test("names what is there", () => {
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.flatMap(({ ours }) => ours).filter((name) => !exists(name))).toEqual([]);
  });

  test("says why where there is nothing", () => {
    expect(rows.filter(({ ours, text }) => ours.length === 0 && text === "")).toEqual([]);
  });

  test("has each name once", () => {
    const all = rows.flatMap(({ theirs }) => theirs);
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });
});

/** web.py 0.70: `__all__` of its modules. */
const webpy = `
  application auto_application subdir_application subdomain_application loadhook unloadhook autodelegate
  config header debug input rawinput data setcookie cookies HTTPError
  OK ok Created created Accepted accepted NoContent nocontent Redirect redirect Found found SeeOther seeother
  NotModified notmodified TempRedirect tempredirect BadRequest badrequest Unauthorized unauthorized Forbidden forbidden
  NotFound notfound NoMethod nomethod NotAcceptable notacceptable Conflict conflict Gone gone
  PreconditionFailed preconditionfailed UnsupportedMediaType unsupportedmediatype
  UnavailableForLegalReasons unavailableforlegalreasons InternalError internalerror
  expires lastmodified prefixurl modified changequery url profiler debugerror djangoerror emailerrors database
  Storage storage storify Counter counter iters rstrips lstrips strips safeunicode safestr timelimit Memoize memoize
  re_compile re_subm group uniq iterview IterBetter iterbetter safeiter safewrite dictreverse dictfind dictfindall
  dictincr dictadd requeue restack listget intget datestr numify denumify commify dateify nthstr cond CaptureStdout
  capturestdout Profile profile tryall ThreadedDict threadeddict autoassign to36 sendmail
  ctx.environ ctx.env ctx.home ctx.homedomain ctx.homepath ctx.realhome ctx.host ctx.ip ctx.method ctx.path ctx.query
  ctx.fullpath ctx.protocol ctx.status ctx.headers ctx.output ctx.app_stack
  session.Session session.SessionExpired session.Store session.DiskStore session.DBStore session.ShelfStore
  session.MemoryStore template.Template template.Render template.render template.frender template.ParseError
  template.SecurityError template.test net.validipaddr net.validip6addr net.validipport net.validip net.validaddr
  net.urlquote net.httpdate net.parsehttpdate net.htmlquote net.htmlunquote net.websafe
  db.UnknownParamstyle db.UnknownDB db.TransactionError db.sqllist db.sqlors db.reparam db.sqlquote db.SQLQuery
  db.SQLParam db.sqlparam db.SQLLiteral db.sqlliteral db.DB httpserver.runsimple httpserver.runbasic
  httpserver.WSGIServer httpserver.StaticApp httpserver.StaticMiddleware httpserver.LogMiddleware wsgi.runfcgi
  wsgi.runscgi wsgi.runwsgi browser.BrowserError browser.Browser browser.AppBrowser browser.AppHandler
`;

const webpyForm = `
  Form Input Textbox Password Textarea Dropdown GroupedDropdown Radio Checkbox Button Hidden File Telephone Email Date
  Time Search Url Number Range Color Datalist Validator notnull regexp AttributeList
`;

test("docs/from-webpy.md leaves none of web.py's names out", () => {
  const there = new Set(rowsOf("from-webpy.md").flatMap(({ theirs }) => theirs));
  const wanted = [
    ...webpy
      .trim()
      .split(/\s+/)
      .map((name) => `web.${name}`),
    ...webpyForm
      .trim()
      .split(/\s+/)
      .map((name) => `form.${name}`),
  ];
  expect(wanted.filter((name) => !there.has(name))).toEqual([]);
});

test("docs/from-express.md leaves none of Express's names out", () => {
  const express = createRequire(join(root, "test/package.json"))("express") as Record<string, object>;
  const there = new Set(rowsOf("from-express.md").flatMap(({ theirs }) => theirs));
  const members = (of: object | undefined, prefix: string) =>
    Object.getOwnPropertyNames(of ?? {}).map((name) => `${prefix}.${name}`);
  // Of request and response, Express shows each other's prototype.
  const inner = new Set(["req.request", "res.response"]);
  const wanted = [
    ...Object.keys(express).map((name) => `express.${name}`),
    ...members(express["application"], "app"),
    ...members(express["request"], "req"),
    ...members(express["response"], "res"),
  ].filter((name) => !inner.has(name));
  expect(wanted.length).toBeGreaterThan(100);
  expect(wanted.filter((name) => !there.has(name))).toEqual([]);
});
