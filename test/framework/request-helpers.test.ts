// What a request says of itself, in the words of Express (type-is, negotiator) and RFC 7617; settings of an application.

import { expect, test } from "vitest";
import { application, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

const one = (handler: (web: Web) => unknown) => application([["(.*)", handler]]);

// Expected values are those of type-is 2.
test.each<[type: string, wanted: string[], is: string | null]>([
  ["application/json", ["json"], "json"],
  ["application/json; charset=utf-8", ["html", "json"], "json"],
  ["TEXT/HTML; a=b", ["html"], "html"],
  ["text/html", ["text/*", "application/json"], "text/html"],
  ["application/vnd.api+json", ["+json"], "application/vnd.api+json"],
  ["application/vnd.api+json", ["json", "*/*+json"], "application/vnd.api+json"],
  ["application/vnd.api+json", ["application/*+json"], "application/vnd.api+json"],
  ["application/json", ["+json"], null],
  ["text/xml+json", ["application/*+json"], null],
  ["multipart/form-data; boundary=x", ["multipart"], "multipart"],
  ["multipart/form-data; boundary=x", ["urlencoded", "multipart/form-data"], "multipart/form-data"],
  ["application/x-www-form-urlencoded", ["urlencoded"], "urlencoded"],
  ["image/png", ["image/*"], "image/png"],
  ["image/png", ["*/png"], "image/png"],
  ["image/png", ["html"], null],
  ["image/png", ["nothing", "constructor"], null],
  ["image/png", ["image/png/x"], null],
  ["image/png", [], "image/png"],
  ["image", ["image"], null],
  ["bad type/x", ["*/*"], null],
])("web.is() of %j: %j is %j", async (type, wanted, is) => {
  const app = one((web) => [web.is(...wanted) ?? null]);
  const response = await ask(app, "/", { method: "POST", data: "{}", headers: { "Content-Type": type } });
  expect(response.json()).toEqual([is]);
});

test("web.is() is undefined without a body", async () => {
  const app = one((web) => [web.is("json") ?? null]);
  const response = await ask(app, "/", { headers: { "Content-Type": "application/json" } });
  expect(response.json()).toEqual([null]);
});

test.each<[header: string | undefined, credentials: unknown]>([
  // RFC 7617 §2 and §2.1.
  ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", { user: "Aladdin", password: "open sesame" }],
  ["basic dGVzdDoxMjPCow==", { user: "test", password: "123£" }],
  ["Basic YTpiOmM=", { user: "a", password: "b:c" }],
  ["Basic YQ==", null],
  ["Bearer YTpi", null],
  [undefined, null],
])("web.credentials of %j", async (header, credentials) => {
  const app = one((web) => [web.credentials ?? null]);
  const response = await ask(app, "/", { headers: header === undefined ? {} : { Authorization: header } });
  expect(response.json()).toEqual([credentials]);
});

// RFC 9110 §12.5.3; without the header as in Express: identity alone.
test.each([
  [undefined, "identity"],
  ["gzip", "gzip"],
  ["gzip, br;q=0.5", "gzip"],
  ["br, gzip;q=0.8", "br"],
  ["deflate", "identity"],
  ["identity;q=0, deflate", null],
  ["*;q=0", null],
])("web.acceptsEncoding() with %j: %j", async (accept, best) => {
  const app = one(async (web) => [(await web.acceptsEncoding("br", "gzip", "identity")) ?? null]);
  const headers = accept === undefined ? {} : { "Accept-Encoding": accept };
  const response = await ask(app, "/", { headers });
  expect([response.json(), response.header("Vary")]).toEqual([[best], "Accept-Encoding"]);
});

test.each([
  [undefined, "utf-8"],
  ["iso-8859-1, utf-8;q=0.7", "iso-8859-1"],
  ["*", "utf-8"],
  ["koi8-r", null],
])("web.acceptsCharset() with %j: %j", async (accept, best) => {
  const app = one(async (web) => [(await web.acceptsCharset("utf-8", "iso-8859-1")) ?? null]);
  const headers = accept === undefined ? {} : { "Accept-Charset": accept };
  const response = await ask(app, "/", { headers });
  expect([response.json(), response.header("Vary")]).toEqual([[best], "Accept-Charset"]);
});

// Express: req.subdomains with the setting "subdomain offset".
test.each<[host: string, domainLabels: number | undefined, subdomains: string[]]>([
  ["tobi.ferrets.example.com", undefined, ["ferrets", "tobi"]],
  ["tobi.ferrets.example.com:8080", 3, ["tobi"]],
  ["example.com", undefined, []],
  ["example.com", 0, ["com", "example"]],
  ["127.0.0.1", undefined, []],
  ["[::1]", undefined, []],
])("web.ctx.subdomains() of %s", async (host, domainLabels, subdomains) => {
  const app = one((web) => web.ctx.subdomains(domainLabels));
  expect((await ask(app, "/", { host })).json()).toEqual(subdomains);
});

test("web.config has the settings of the application and of those around it", async () => {
  const seen = (web: Web) => ({ ...web.config });
  const inner = application([["/", seen]], { config: { title: "Blog", perPage: 10 } });
  const plain = application([["/", seen]]);
  const urls = [
    ["/blog", inner],
    ["/plain", plain],
    ["/", seen],
  ] as const;
  const app = application(urls, { config: { title: "Site", mail: "a@example.org" } });
  expect((await ask(app, "/")).json()).toEqual({ title: "Site", mail: "a@example.org" });
  expect((await ask(app, "/plain/")).json()).toEqual({ title: "Site", mail: "a@example.org" });
  expect((await ask(app, "/blog/")).json()).toEqual({ title: "Blog", perPage: 10, mail: "a@example.org" });
  expect((await ask(one(seen), "/")).json()).toEqual({});
});
