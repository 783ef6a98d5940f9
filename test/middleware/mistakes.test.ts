// What middleware is given that it can make nothing of is refused where it is given. JavaScript has no types that would say so.

import { expect, test } from "vitest";
import { stacked } from "../../lib/gateway/stack.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { accessLog } from "../../lib/middleware/access-log.ts";
import { basicAuth } from "../../lib/middleware/basic-auth.ts";
import { cascade } from "../../lib/middleware/cascade.ts";
import { conditionalGet } from "../../lib/middleware/conditional-get.ts";
import { contentLength } from "../../lib/middleware/content-length.ts";
import { contentType } from "../../lib/middleware/content-type.ts";
import { debugPage } from "../../lib/middleware/debug-page.ts";
import { etag } from "../../lib/middleware/etag.ts";
import { head } from "../../lib/middleware/head.ts";
import { ipRestriction } from "../../lib/middleware/ip-restriction.ts";
import { mount } from "../../lib/middleware/mount.ts";
import { pipeline } from "../../lib/middleware/pipeline.ts";
import { requestId } from "../../lib/middleware/request-id.ts";
import { staticFiles } from "../../lib/middleware/static-files.ts";
import { trustedProxies } from "../../lib/middleware/trusted-proxies.ts";
import { when } from "../../lib/middleware/when.ts";

const application: Application = () => [];
const call = (middleware: unknown) => (middleware as () => unknown)();

test.each<[string, () => unknown, says: string]>([
  ["accessLog() of a format", () => accessLog({ format: 7 as never }), 'option "format" is "combined"'],
  ["accessLog() that skips", () => accessLog({ skip: "/x" as never }), 'option "skip" is a function'],
  // Its letters would be passwords.
  [
    "basicAuth()",
    () => basicAuth({ users: "ada:x" as never }),
    'the "users" are an object of names and their passwords',
  ],
  ["cascade()", () => cascade(application as never), "a cascade is of one application or more"],
  ["contentType()", () => contentType({} as never), '{} is no media type, such as "text/html"'],
  [
    "ipRestriction()",
    () => ipRestriction({ allow: "127.0.0.1" as never }),
    "is no list of addresses and networks",
  ],
  [
    "mount() of one",
    () => mount(application as never),
    "mount() takes an object of applications by their places",
  ],
  [
    "mount() of nothing",
    () => mount(undefined as never),
    "mount() takes an object of applications by their places",
  ],
  ["pipeline()", () => pipeline(etag() as never, application), "a pipeline is a list of middleware"],
  [
    "requestId() that trusts",
    () => requestId({ trust: "false" as never }),
    'option "trust" is "false"; give true or false',
  ],
  [
    "requestId() of a header",
    () => requestId({ header: 7 as never }),
    'option "header" is 7; give the name of a header',
  ],
  [
    "staticFiles()",
    () => staticFiles({ root: "static" } as never),
    "the folder of static files is a path or a URL",
  ],
  [
    "trustedProxies()",
    () => trustedProxies({ proxies: "127.0.0.1" as never, family: "forwarded" }),
    "is no list of addresses and networks",
  ],
  [
    "trustedProxies() that believes",
    () => trustedProxies({ hops: 1, family: "forwarded", believe: "for" as never }),
    'option "believe" is "for"; give a list of',
  ],
  [
    "when()",
    () => when(etag() as never, undefined as never),
    "when() takes a function of environ and a middleware",
  ],
  [
    "middleware that is not called",
    () => stacked(application, { middleware: [etag as never] }),
    "the options of etag() are an object, and this is a function: call etag() first",
  ],
])("%s", (_name, make, says) => {
  expect(make).toThrow(expect.objectContaining({ code: "OPTION", message: expect.stringContaining(says) }));
});

test.each<[string, () => unknown]>([
  ["head()", () => call(head)],
  ["conditionalGet()", () => call(conditionalGet)],
  ["contentLength()", () => call(contentLength)],
  ["debugPage()", () => call(debugPage)],
  ["mount() of none", () => mount({ "/x": undefined as never })],
  ["mount() with a fallback that is none", () => mount({}, 7 as never)],
])("%s of no application", (_name, make) => {
  expect(make).toThrow(expect.objectContaining({ code: "APPLICATION" }));
});
