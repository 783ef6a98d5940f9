// A name that no option has is refused where the thing is made, by everything that takes options.

import { expect, test } from "vitest";
import { toFetch } from "../../lib/bridges/fetch/to-fetch.ts";
import { fromFetch } from "../../lib/bridges/fetch.ts";
import { toNode } from "../../lib/bridges/node/to-node.ts";
import { cgiBin } from "../../lib/clients/cgi.ts";
import { fcgiClient } from "../../lib/clients/fcgi.ts";
import { scgiClient } from "../../lib/clients/scgi.ts";
import { GatewayError } from "../../lib/errors.ts";
import { application, autoApplication, subdomainApplication } from "../../lib/framework/application.ts";
import { cookieStore } from "../../lib/framework/sessions/stores/cookie.ts";
import { diskStore } from "../../lib/framework/sessions/stores/disk.ts";
import { memoryStore } from "../../lib/framework/sessions/stores/memory.ts";
import { postgresStore } from "../../lib/framework/sessions/stores/postgres.ts";
import { redisStore } from "../../lib/framework/sessions/stores/redis.ts";
import { sessions } from "../../lib/framework/sessions.ts";
import { template, templates } from "../../lib/framework/templates.ts";
import { checkOptions, nearest } from "../../lib/gateway/option-names.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { accessLog } from "../../lib/middleware/access-log.ts";
import { appBin } from "../../lib/middleware/app-bin.ts";
import { basicAuth } from "../../lib/middleware/basic-auth.ts";
import { bodyLimit } from "../../lib/middleware/body-limit.ts";
import { cascade } from "../../lib/middleware/cascade.ts";
import { compression } from "../../lib/middleware/compression.ts";
import { cors } from "../../lib/middleware/cors.ts";
import { crossOrigin } from "../../lib/middleware/cross-origin.ts";
import { debugPage } from "../../lib/middleware/debug-page.ts";
import { errorPage } from "../../lib/middleware/error-page.ts";
import { etag } from "../../lib/middleware/etag.ts";
import { ipRestriction } from "../../lib/middleware/ip-restriction.ts";
import { lock } from "../../lib/middleware/lock.ts";
import { requestId } from "../../lib/middleware/request-id.ts";
import { runtime } from "../../lib/middleware/runtime.ts";
import { securityHeaders } from "../../lib/middleware/security-headers.ts";
import { sendfile } from "../../lib/middleware/sendfile.ts";
import { staticApplication, staticFiles } from "../../lib/middleware/static-files.ts";
import { status } from "../../lib/middleware/status.ts";
import { timeout } from "../../lib/middleware/timeout.ts";
import { trustedProxies } from "../../lib/middleware/trusted-proxies.ts";

const site: Application = () => [];
const client = { on: () => client };

/** As JavaScript calls them, with an option that is mistyped in the place of `name`. */
type Make = (options: never) => unknown;

const makers: readonly (readonly [name: string, wrong: string, meant: string, make: Make])[] = [
  ["accessLog()", "fromat", "format", accessLog],
  ["appBin()", "extension", "extensions", appBin],
  ["basicAuth()", "user", "users", basicAuth],
  ["bodyLimit()", "maxbytes", "maxBytes", bodyLimit],
  ["cascade()", "mising", "missing", (options) => cascade([site], options)],
  ["compression()", "tresholdBytes", "thresholdBytes", compression],
  ["cors()", "origins", "origin", cors],
  ["crossOrigin()", "trustedOrigin", "trustedOrigins", crossOrigin],
  ["debugPage()", "forced", "force", (options) => debugPage(site, options)],
  ["errorPage()", "page", "pages", errorPage],
  ["etag()", "week", "weak", etag],
  ["ipRestriction()", "alow", "allow", ipRestriction],
  ["lock()", "maxWating", "maxWaiting", lock],
  ["requestId()", "trusted", "trust", requestId],
  ["runtime()", "headers", "header", runtime],
  ["securityHeaders()", "contentSecurityPolice", "contentSecurityPolicy", securityHeaders],
  ["sendfile()", "headder", "header", sendfile],
  ["staticFiles()", "precompresed", "precompressed", (options) => staticFiles("static", options)],
  ["staticFiles()", "follow_links", "followLinks", (options) => staticApplication("static", options)],
  ["status()", "tokken", "token", status],
  ["timeout()", "untill", "until", timeout],
  ["trustedProxies()", "proxys", "proxies", trustedProxies],
  ["fcgiClient()", "maxConections", "maxConnections", fcgiClient],
  [
    'the option "php"',
    "documentroot",
    "documentRoot",
    (php) => fcgiClient({ address: "/run/php.sock", php }),
  ],
  ["scgiClient()", "adress", "address", scgiClient],
  ["cgiBin()", "interpreter", "interpreters", cgiBin],
  [
    "fromFetch()",
    "stripScriptname",
    "stripScriptName",
    (options) => fromFetch(() => new Response(), options),
  ],
  ["toFetch()", "debgu", "debug", (options) => toFetch(site, options)],
  ["toNode()", "scriptname", "scriptName", (options) => toNode(site, options)],
  ["sessions()", "secur", "secure", (options) => sessions(application([]), memoryStore(), options)],
  ["memoryStore()", "maxSession", "maxSessions", memoryStore],
  ["diskStore()", "lockTimeout", "lockTimeoutMs", (options) => diskStore("data", options)],
  ["cookieStore()", "secret", "secrets", cookieStore],
  ["redisStore()", "prefex", "prefix", (options) => redisStore(client as never, options)],
  ["postgresStore()", "tabel", "table", (options) => postgresStore(client as never, options)],
];

test.each(makers)("%s refuses %s and says %s", (name, wrong, meant, make) => {
  const call = () => make({ [wrong]: true } as never);
  expect(call).toThrow(GatewayError);
  expect(call).toThrow(
    expect.objectContaining({
      code: "UNKNOWN_OPTION",
      message: `${name} has no option "${wrong}"; did you mean ${meant}?`,
    }),
  );
});

test.each([
  ["application", (options: never) => application([], options)],
  ["subdomainApplication", (options: never) => subdomainApplication([], options)],
  ["autoApplication", (options: never) => autoApplication([], options)],
])("%s names the options that there are", (_name, make) => {
  expect(() => make({ secret: "x" } as never)).toThrow(
    expect.objectContaining({
      code: "UNKNOWN_OPTION",
      message:
        'an application has no option "secret"; it has limits, secrets, config, cookies, checkOrigin, allowedHosts, ' +
        "trailingSlash, trustedOrigins",
    }),
  );
});

test.each([
  ["limits", { maxFilebytes: 1 }, 'has no option "maxFilebytes"; it has maxFields, maxNameBytes'],
  [
    "cookies",
    { samesite: "none" },
    'has no option "samesite"; it has path, domain, secure, httpOnly, sameSite',
  ],
])("an application's option %s has names of its own", (name, value, text) => {
  expect(() => application([], { [name]: value } as never)).toThrow(`the option "${name}" ${text}`);
});

test.each([["5MB"], [-1], [Number.NaN], [undefined], [null]])(
  "a limit of an application is a number, not %j",
  (limit) => {
    expect(() => application([], { limits: { maxFileBytes: limit } } as never)).toThrow(
      expect.objectContaining({
        code: "OPTION",
        message: expect.stringContaining('"limits": maxFileBytes is '),
      }),
    );
  },
);

test("a limit of an application may be Infinity, or 0", () => {
  application([], { limits: { maxFileBytes: Number.POSITIVE_INFINITY, spoolBytes: 0 } });
});

test.each([
  ["templates()", "layuot", "layout", (options: never) => templates("views", options).check()],
  ["template()", "partial", "partials", (options: never) => template("text", options)()],
])("%s refuses %s when it is first used: until then nothing is loaded", async (name, wrong, meant, use) => {
  await expect(use({ [wrong]: true } as never)).rejects.toThrow(
    `${name} has no option "${wrong}"; did you mean ${meant}?`,
  );
});

test("where no name is near, all are named", () => {
  const known = { weak: true, maxBufferBytes: true } as const;
  expect(() => checkOptions("etag()", { colour: 1 } as never, known)).toThrow(
    'etag() has no option "colour"; it has weak, maxBufferBytes',
  );
});

test("a word of other systems is answered with what it is called here", () => {
  const check = () =>
    checkOptions("a door", { prot: 1 } as never, { place: true } as never, { prot: "place" });
  expect(check).toThrow('a door has no option "prot"; did you mean place?');
});

test.each([[null], ["8080"], [8080], [undefined]])("%j is no object of options", (options) => {
  expect(() => checkOptions("etag()", options as never, {})).toThrow(
    expect.objectContaining({
      code: "OPTION",
      message: `the options of etag() are an object, and this is ${options}`,
    }),
  );
});

test("names that an object inherits are none of its options, nor of those that there are", () => {
  expect(() => checkOptions("etag()", Object.create({ colour: 1 }), {})).not.toThrow();
  expect(() => checkOptions("etag()", { constructor: 1 } as never, {})).toThrow("no option");
});

test.each([
  ["prot", ["port", "protocol"], ["protocol", "port"]],
  ["bindaddress", ["bindAddress", "backlog"], ["bindAddress"]],
  ["max-children", ["maxChildren", "maxSpare"], ["maxChildren"]],
  ["zzz", ["port"], []],
])("near to %s of %j are %j", (word, names, near) => {
  expect(nearest(word, names)).toEqual(near);
});
