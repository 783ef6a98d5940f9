// app.browser(): what a real browser does with the same pages, by the HTML and Fetch standards.

import { describe, expect, test } from "vitest";
import { application } from "../../lib/framework/application.ts";
import {
  badRequest,
  found,
  movedPermanently,
  permanentRedirect,
  seeOther,
  temporaryRedirect,
} from "../../lib/framework/responses.ts";
import type { Route } from "../../lib/framework/target.ts";
import { uploads } from "../../lib/framework/values.ts";
import type { Web } from "../../lib/framework/web.ts";
import type { Browser } from "../../lib/testing/browser.ts";
import type { BrowserOptions } from "../../lib/testing/browser-transport.ts";
import { html } from "./html.ts";

/** What the server sees of a request. */
async function seen(web: Web) {
  const { environ } = web;
  const headers = Object.fromEntries(
    Object.entries(environ).filter(([name]) => /^HTTP_(?:ORIGIN|REFERER|SEC_FETCH_.*|COOKIE)$/.test(name)),
  );
  return { method: web.method, url: environ.REQUEST_URI, ...headers, body: (await web.data()).toString() };
}

/** An application of pages. */
function site(pages: Readonly<Record<string, string | ((web: Web, ...groups: string[]) => unknown)>>) {
  return application(
    Object.entries(pages).map(
      ([pattern, page]): Route => [pattern, typeof page === "string" ? (web: Web) => html(web, page) : page],
    ),
    { checkOrigin: false },
  );
}

async function open(
  pages: Parameters<typeof site>[0],
  target = "/",
  options: BrowserOptions = {},
): Promise<Browser> {
  const browser = await site({ "/seen.*": seen, ...pages }).browser(options);
  await browser.open(target);
  return browser;
}

/** What came of a request, as the application saw it. */
function last(browser: Browser): Record<string, string> {
  return browser.response.json();
}

describe("a page", () => {
  const page = `<!doctype html><title> Wiki &amp; more </title><style>p { color: red }</style>
    <body><script>document.write("no")</script><h1>One  <b>page</b></h1><p>first<br>second<ul><li>a<li>b</ul>
    <p hidden>secret</p><noscript><p>without scripts</p></noscript><table><tr><td>1<td>2</table>`;

  test("has title, text, status, address and elements", async () => {
    const browser = await open({ "/": page }, "/?a=1#top");
    expect(browser.title).toBe("Wiki & more");
    expect(browser.text).toBe("One page\nfirst\nsecond\na\nb\nwithout scripts\n1 2");
    expect([browser.status, browser.url.href, browser.path]).toEqual([
      200,
      "http://localhost:8080/?a=1#top",
      "/?a=1#top",
    ]);
    expect(browser.select("ul li").map(({ text }) => text)).toEqual(["a", "b"]);
    expect(browser.html).toBe(page);
  });

  test("of another type is its text", async () => {
    const browser = await open({ "/": () => "a < b" });
    expect([browser.text, browser.title, browser.links()]).toEqual(["a < b", "", []]);
  });

  test("that does not exist is shown too", async () => {
    const browser = await open({ "/": "" }, "/no/such");
    expect([browser.status, browser.path]).toEqual([404, "/no/such"]);
  });

  test("is asked for before anything is done with it", async () => {
    const browser = await site({}).browser();
    expect(() => browser.text).toThrow('the browser shows no page yet: open("/") one');
  });
});

describe("links", () => {
  const page = `<base href="/deep/"><a href="/a?x=1&amp;y=2">A &amp; B</a><a name="x">no link</a>
    <a href="c">C<!-- --> <i>is</i></a><a href="mailto:a@b.c">mail</a><a href="c" id="two"><img alt="Picture"></a>`;

  test("have text and address", async () => {
    const browser = await open({ "/": page });
    expect(browser.links().map(({ text, href, url }) => [text, href, url.pathname + url.search])).toEqual([
      ["A & B", "/a?x=1&y=2", "/a?x=1&y=2"],
      ["C is", "c", "/deep/c"],
      ["Picture", "c", "/deep/c"],
    ]);
  });

  test.each([
    ["by text", "A & B", "/a?x=1&y=2"],
    ["by a part of it", /^C/, "/deep/c"],
    ["by address", "/a?x=1&y=2", "/a?x=1&y=2"],
    ["by a part of that", /\?x=/, "/a?x=1&y=2"],
  ])("are found %s and followed", async (_, which, path) => {
    const browser = await open({ "/": page, "/a": "a", "/deep/c": "c" });
    await browser.follow(which);
    expect([browser.path, browser.status]).toEqual([path, 200]);
  });

  test("that are not there are said, with those that are", async () => {
    const browser = await open({ "/": page });
    await expect(browser.follow("D")).rejects.toThrow(
      'no link "D" on http://localhost:8080/ (200 OK): there are "A & B" (/a?x=1&y=2), "C is" (c), "Picture" (c)',
    );
  });

  test("within the page ask for nothing", async () => {
    let asked = 0;
    const browser = await open({
      "/": (web: Web) => {
        asked++;
        return html(web, '<a href="#b">down</a>');
      },
    });
    await browser.follow("down");
    expect([browser.path, asked]).toEqual(["/#b", 1]);
    await browser.back();
    expect(browser.path).toBe("/");
  });

  test("to other sites are not followed", async () => {
    const browser = await open({ "/": '<a href="https://elsewhere.example/">away</a>' });
    await expect(browser.follow("away")).rejects.toThrow(
      'https://elsewhere.example/ is not this application\'s, which answers http://localhost:8080/: the option "hosts" names others',
    );
  });
});

describe("forms", () => {
  const urlencoded = "application/x-www-form-urlencoded";

  test.each<[what: string, form: string, body: string]>([
    ["text", '<input name=a value="1 &amp; 2"><input value=unnamed>', "a=1+%26+2"],
    ["a textarea, with its line breaks", "<textarea name=t>\none\ntwo</textarea>", "t=one%0D%0Atwo"],
    ["a ticked box", "<input type=checkbox name=a checked><input type=checkbox name=b>", "a=on"],
    ["a radio button", "<input type=radio name=r value=1><input type=radio name=r value=2 checked>", "r=2"],
    [
      "of two radio buttons that are marked the last",
      "<input type=radio name=r value=1 checked><input type=radio name=r value=2 checked>",
      "r=2",
    ],
    [
      "a text without line breaks",
      "<input name=a value='1\n2'><input type=hidden name=b value='1\n2'>",
      "a=12&b=1%0D%0A2",
    ],
    ["a colour that nobody has chosen", "<input type=color name=c>", "c=%23000000"],
    [
      "the first option of a select",
      "<select name=s><option disabled>x<option>y<option value=3>z</select>",
      "s=y",
    ],
    [
      "the option that is marked",
      "<select name=s><option>x<optgroup><option selected> y </optgroup></select>",
      "s=y",
    ],
    ["no option of a list", "<select name=s multiple><option>x</select>", ""],
    [
      "marked ones of a list",
      "<select name=s multiple><option selected>x<option selected>y</select>",
      "s=x&s=y",
    ],
    [
      "nothing that is disabled",
      "<input name=a disabled><fieldset disabled><legend><input name=l></legend><input name=b></fieldset>",
      "l=",
    ],
    ["the button", "<button name=b value=save>Save</button><button name=b value=no>No</button>", "b=save"],
    [
      "no button of another kind",
      "<input type=button name=a value=1><button type=reset name=b>r</button>",
      "",
    ],
    ["a picture's place", '<input type=image name=i src="x.png">', "i.x=0&i.y=0"],
    [
      "hidden fields",
      "<input type=hidden name=h value=1><input type=hidden name=_charset_>",
      "h=1&_charset_=UTF-8",
    ],
    ["a file's name alone", "<input type=file name=f>", "f="],
  ])("send %s", async (_, fields, body) => {
    const browser = await open({ "/": `<form method=post action=/seen>${fields}</form>` });
    await browser.form().submit();
    expect(last(browser)).toMatchObject({ method: "POST", url: "/seen", body });
  });

  test("take controls from outside that name them", async () => {
    const browser = await open({
      "/": "<form id=f method=post action=/seen></form><input name=a value=1 form=f><form><input name=b form=f></form>",
    });
    await browser.form("f").submit();
    expect(last(browser)["body"]).toBe("a=1&b=");
  });

  // HTML standard §13.2.6.1, "create an element for a token", with the form element pointer of §13.2.4.4, and §4.10.17.3.
  test.each<[where: string, page: string, fields: Readonly<Record<string, readonly string[]>>]>([
    [
      "in the table in which it begins",
      "<table><form id=f><tr><td><input name=a><tr><td><select name=b></select></form></table><input name=c>",
      { f: ["a", "b"] },
    ],
    [
      "in the row in which it begins",
      "<table><tr><form id=f><td><input name=a></form><tr><form id=g><td><input name=b></form><td><input name=c></table>",
      { f: ["a"], g: ["b"] },
    ],
    [
      "beside the cells, which are moved out of the table unless they are hidden",
      "<table><form id=f><input type=hidden name=a><input name=b></form></table>",
      { f: ["b", "a"] },
    ],
    [
      "up to its end tag, or all where that is missing",
      "<table><form id=f></table><p><input name=a>",
      { f: ["a"] },
    ],
    [
      "of a second one that begins before its end, and does not count",
      "<table><form id=f><tr><td><form id=g><input name=a></form></table>",
      { f: ["a"] },
    ],
    [
      "in its table, but those that name another form",
      "<form id=g></form><table><form id=f><tr><td><input name=a form=g><input name=b></form></table>",
      { g: ["a"], f: ["b"] },
    ],
    [
      "in the element in which its end tag stands",
      "<form id=f><div></form><input name=a></div><input name=b>",
      { f: ["a"] },
    ],
    [
      "but those in a template",
      "<form id=f><template><input name=a></template><input name=b></form>",
      { f: ["b"] },
    ],
    ["but those that name none", "<form id=''><input name=a form=''></form>", { "": [] }],
    [
      "but those that name the id of another element",
      "<p id=f><form id=f><input name=a form=f></form>",
      { f: [] },
    ],
  ])("a form has the controls %s", async (_where, page, controls) => {
    const browser = await open({ "/": page });
    const found = browser.forms().map((form) => [form.element.attribute("id"), form.names]);
    expect(Object.fromEntries(found)).toEqual(controls);
  });

  test("in a table are filled and sent", async () => {
    const page =
      "<table><tr><form method=post action=/seen><td><input name=a><td><button name=b value=2>Go</button></form></table>";
    const browser = await open({ "/": page });
    await browser.form().fill({ a: "1" }).submit("Go");
    expect(last(browser)["body"]).toBe("a=1&b=2");
  });

  test("that get replace the query of their action", async () => {
    const browser = await open({ "/": '<form action="/seen?old=1#x"><input name=q value=ü></form>' });
    await browser.form().submit();
    expect([browser.path, last(browser)["url"]]).toEqual(["/seen?q=%C3%BC#x", "/seen?q=%C3%BC"]);
  });

  test("without an action go to the page", async () => {
    const browser = await open({ "/page": "<form method=post><input name=a></form>" }, "/page?b=1");
    await browser.form().submit();
    expect([browser.path, browser.status]).toEqual(["/page?b=1", 200]);
  });

  const all = `<form method=post action=/seen enctype=${urlencoded}>
    <input name=name><textarea name=text>old</textarea><input type=checkbox name=agree>
    <input type=checkbox name=color value=red><input type=checkbox name=color value=blue checked>
    <input type=radio name=size value=s checked><input type=radio name=size value=l>
    <select name=land><option value=de>Germany<option value=fr>France</select>
    <select name=tags multiple><option>x<option>y<option>z</select>
    <input name=fixed readonly value=1><input name=many><input name=many>
    <button name=do value=save>Save</button><button name=do value=drop formaction=/seen/drop formmethod=get>Drop it</button></form>`;

  test("are filled field by field", async () => {
    const browser = await open({ "/": all });
    const form = browser.form().fill({
      name: "Zoë",
      text: "a\nb",
      agree: true,
      color: ["red"],
      size: "l",
      land: "France",
      tags: ["x", "z"],
      many: [1, 2],
    });
    expect(form.names.map((name) => [name, form.value(name)])).toEqual([
      ["name", "Zoë"],
      ["text", "a\nb"],
      ["agree", true],
      ["color", ["red"]],
      ["size", "l"],
      ["land", "fr"],
      ["tags", ["x", "z"]],
      ["fixed", "1"],
      ["many", ["1", "2"]],
    ]);
    await form.submit();
    expect(last(browser)["body"]).toBe(
      "name=Zo%C3%AB&text=a%0D%0Ab&agree=on&color=red&size=l&land=fr&tags=x&tags=z&fixed=1&many=1&many=2&do=save",
    );
  });

  test("are sent with the button that is named, in its own way", async () => {
    const browser = await open({ "/": all });
    await browser.form().fill({ color: null, agree: false }).submit("Drop it");
    expect(last(browser)).toMatchObject({ method: "GET", body: "" });
    expect(browser.path).toMatch(/^\/seen\/drop\?name=&text=old&size=s&land=de&fixed=1&many=&many=&do=drop$/);
  });

  test.each<[fill: Record<string, never>, complaint: string]>([
    [
      { nam: "" } as never,
      'the form has no field "nam": it has "name", "text", "agree", "color", "size", "land"',
    ],
    [{ fixed: "2" } as never, 'the field "fixed" cannot be filled: it is read-only'],
    [{ do: "x" } as never, 'the field "do" cannot be filled: it is a button: give it to submit()'],
    [{ size: "xl" } as never, 'the field "size" has no "xl", but "s", "l"'],
    [{ land: "it" } as never, 'the field "land" has no "it", but "de", "fr"'],
    [{ land: ["de", "fr"] } as never, 'the field "land" takes one value'],
    [{ color: true } as never, 'there are 2 boxes "color": name those to tick, of "red", "blue"'],
    [{ name: ["a", "b"] } as never, 'there are 1 fields "name", not 2'],
    [{ name: new Blob([]) } as never, 'the field "name" takes text'],
  ])("say what a user could not do: %j", async (fill, complaint) => {
    const browser = await open({ "/": all });
    expect(() => browser.form().fill(fill)).toThrow(complaint);
  });

  test("keep what was filled in as long as the page is shown", async () => {
    const browser = await open({ "/": all });
    browser.form().fill({ name: "Zoë" });
    await browser.form().submit("Save");
    await browser.back();
    expect(browser.form().value("name")).toBe("Zoë");
    await browser.reload();
    expect(browser.form().value("name")).toBe("");
  });

  test("that are not there are said, with those that are", async () => {
    const browser = await open({ "/": "<form name=a><input name=x></form><form id=b></form>" });
    expect(() => browser.form()).toThrow(
      "more than one form: choose one on http://localhost:8080/ (200 OK): there are <form name=a> with x, <form id=b> with no fields",
    );
    expect(() => browser.form("c")).toThrow('no form "c" on ');
    expect(browser.form(1)).toBe(browser.form("b"));
    await expect(browser.form("a").submit("Save")).rejects.toThrow(
      "the form has no button Save: it has none",
    );
  });

  test("upload files", async () => {
    const upload = async (web: Web) => {
      if (web.method === "GET") {
        return html(
          web,
          "<form method=post enctype=multipart/form-data><input name=t value=1><input type=file name=f multiple></form>",
        );
      }
      const { f } = await web.input({ f: uploads() });
      return Promise.all(f.map(async (file) => [file.filename, file.type, await file.text()]));
    };
    const browser = await open({ "/": upload });
    const files = [new File(["1"], "ü.txt", { type: "text/plain" }), new File(["22"], "b")];
    await browser.form().fill({ f: files }).submit();
    expect(browser.response.json()).toEqual([
      ["ü.txt", "text/plain", "1"],
      ["b", "application/octet-stream", "22"],
    ]);
    await browser.back();
    expect(() => browser.form().fill({ f: "text" })).toThrow('the field "f" takes a file, such as new File(');
  });

  test("of text/plain are sent so", async () => {
    const browser = await open({
      "/": "<form method=post action=/seen enctype=text/plain><input name=a value='1 2'></form>",
    });
    await browser.form().submit();
    expect(last(browser)["body"]).toBe("a=1 2\r\n");
  });
});

describe("redirects", () => {
  const redirects = {
    "/301": () => movedPermanently("/seen"),
    "/302": () => found("/seen"),
    "/303": () => seeOther("/seen"),
    "/307": (web: Web) => {
      web.status = 307;
      web.header("Location", "/seen");
      return "";
    },
    "/308": () => permanentRedirect("/seen"),
    "/loop": () => found("/loop"),
    "/away": () => found("https://elsewhere.example/x"),
  };

  // RFC 9110 §15.4 and Fetch §4.4.
  test.each([
    ["/301", "POST", "GET", ""],
    ["/302", "POST", "GET", ""],
    ["/303", "POST", "GET", ""],
    ["/307", "POST", "POST", "a=1"],
    ["/308", "POST", "POST", "a=1"],
    ["/301", "PUT", "PUT", "a=1"],
    ["/302", "PUT", "PUT", "a=1"],
    ["/303", "PUT", "GET", ""],
    ["/307", "PUT", "PUT", "a=1"],
    ["/302", "HEAD", "HEAD", ""],
    ["/303", "HEAD", "HEAD", ""],
  ])("%s turns %s into %s", async (path, method, then, body) => {
    const browser = await open(redirects, "/seen");
    const request = method === "HEAD" ? { method } : { method, data: { a: 1 } };
    const response = await browser.fetch(path, request);
    if (method === "HEAD") expect(response.status).toBe(200);
    else expect(response.json()).toMatchObject({ method: then, body });
  });

  test("are followed, and listed", async () => {
    const browser = await open(redirects, "/302#there");
    expect(browser.path).toBe("/seen#there");
    expect(browser.redirects.map(({ pathname }) => pathname)).toEqual(["/302"]);
  });

  test("without an end are an error", async () => {
    await expect(open(redirects, "/loop")).rejects.toThrow(
      /^more than 20 redirects, which is a loop: \/loop → \/loop/,
    );
  });

  test("to another site are an error that names it", async () => {
    await expect(open(redirects, "/away")).rejects.toThrow(
      "https://elsewhere.example/x is not this application's",
    );
  });

  test("are shown where they are not to be followed", async () => {
    const browser = await open(redirects, "/away", { maxRedirects: 0 });
    expect([browser.status, browser.response.header("Location")]).toEqual([
      302,
      "https://elsewhere.example/x",
    ]);
  });
});

describe("the history", () => {
  const pages = { "/a": '<a href="/b">b</a>', "/b": '<a href="/c">c</a>', "/c": "c" };

  test("goes back and forward, and a new page ends what was ahead", async () => {
    const browser = await open(pages, "/a");
    await browser.follow("b");
    await browser.follow("c");
    await browser.back();
    await browser.back();
    expect(browser.path).toBe("/a");
    await browser.forward();
    expect(browser.path).toBe("/b");
    await browser.open("/a");
    await expect(browser.forward()).rejects.toThrow("there is no page behind this one");
    await browser.back();
    await browser.back();
    await expect(browser.back()).rejects.toThrow("there is no page before this one");
  });

  test("shows a page as it was, but asks again for one that is not to be stored", async () => {
    let count = 0;
    const counting = (store: string) => (web: Web) => {
      web.header("Cache-Control", store);
      return html(web, `${++count}`);
    };
    const browser = await open(
      { ...pages, "/kept": counting("private"), "/not": counting("no-store") },
      "/kept",
    );
    await browser.open("/not");
    await browser.back();
    expect(browser.text).toBe("1");
    await browser.forward();
    expect(browser.text).toBe("3");
    await browser.reload();
    expect(browser.text).toBe("4");
  });

  test("asks again for the page that a redirect led to, not for what it redirected from", async () => {
    const asked: string[] = [];
    const browser = await open(
      {
        "/form": '<form method="post" action="/save"></form>',
        "/save": (web: Web) => {
          asked.push(`${web.method} /save`);
          throw seeOther("/saved");
        },
        "/saved": (web: Web) => {
          asked.push(`${web.method} /saved`);
          return html(web, "saved");
        },
      },
      "/form",
    );
    await browser.form().submit();
    await browser.reload();
    expect(asked).toEqual(["POST /save", "GET /saved", "GET /saved"]);
    expect(browser.path).toBe("/saved");
  });

  test("does not know what is not shown", async () => {
    const download = (web: Web) => {
      web.header("Content-Disposition", 'attachment; filename="a.csv"');
      return "1,2";
    };
    const nothing = (web: Web) => {
      web.status = 204;
      return "";
    };
    const browser = await open({ ...pages, "/download": download, "/nothing": nothing }, "/a");
    await browser.open("/download");
    expect([browser.path, browser.response.text]).toEqual(["/a", "1,2"]);
    await browser.open("/nothing");
    expect([browser.path, browser.status]).toEqual(["/a", 204]);
  });
});

describe("what a browser says of itself", () => {
  const navigation = {
    HTTP_SEC_FETCH_MODE: "navigate",
    HTTP_SEC_FETCH_DEST: "document",
    HTTP_SEC_FETCH_USER: "?1",
  };
  const page = `<a href="/seen">link</a><a href="/seen" rel=noreferrer>quiet</a>
    <form method=post action=/seen><button>go</button></form>`;

  test("an address that is typed", async () => {
    const browser = await open({}, "/seen");
    expect(last(browser)).toEqual({
      method: "GET",
      url: "/seen",
      ...navigation,
      HTTP_SEC_FETCH_SITE: "none",
      body: "",
    });
  });

  test("a link and a form of the page", async () => {
    const browser = await open({ "/": page }, "/?a=1#b");
    await browser.follow("link");
    expect(last(browser)).toMatchObject({
      ...navigation,
      HTTP_SEC_FETCH_SITE: "same-origin",
      HTTP_REFERER: "http://localhost:8080/?a=1",
    });
    expect(last(browser)["HTTP_ORIGIN"]).toBeUndefined();
    await browser.back();
    await browser.form().submit();
    expect(last(browser)).toMatchObject({ HTTP_ORIGIN: "http://localhost:8080" });
    await browser.back();
    await browser.follow("quiet");
    expect(last(browser)["HTTP_REFERER"]).toBeUndefined();
  });

  test("a page of another site", async () => {
    const browser = await open({}, "/seen");
    await browser.open("/seen", { from: "https://evil.example/page?x=1" });
    expect(last(browser)).toMatchObject({ ...navigation, HTTP_SEC_FETCH_SITE: "cross-site" });
    await browser.post("/seen", { a: 1 }, { from: "http://evil.example/page?x=1" });
    expect(last(browser)).toMatchObject({
      HTTP_SEC_FETCH_SITE: "cross-site",
      HTTP_ORIGIN: "http://evil.example",
      HTTP_REFERER: "http://evil.example/",
      body: "a=1",
    });
  });

  test("a page of the same site", async () => {
    const browser = await open({}, "/seen", { host: "www.example.org", https: true });
    await browser.post("/seen", {}, { from: "https://admin.example.org/" });
    expect(last(browser)).toMatchObject({
      HTTP_SEC_FETCH_SITE: "same-site",
      HTTP_ORIGIN: "https://admin.example.org",
    });
  });

  test("nothing in Sec-Fetch without TLS, but the origin", async () => {
    const browser = await open({}, "/seen", { host: "example.org" });
    expect(last(browser)).toEqual({ method: "GET", url: "/seen", body: "" });
    await browser.post("/seen", {});
    expect(last(browser)).toEqual({
      method: "POST",
      url: "/seen",
      HTTP_ORIGIN: "http://example.org",
      HTTP_REFERER: "http://example.org/seen",
      body: "",
    });
  });

  test("a script of the page", async () => {
    const browser = await open({}, "/seen");
    const response = await browser.fetch("/seen", { method: "DELETE" });
    expect(response.json()).toMatchObject({
      HTTP_SEC_FETCH_SITE: "same-origin",
      HTTP_SEC_FETCH_MODE: "cors",
      HTTP_SEC_FETCH_DEST: "empty",
      HTTP_ORIGIN: "http://localhost:8080",
    });
  });

  test("a redirect through another site", async () => {
    const away = (web: Web) => {
      web.status = 307;
      web.header(
        "Location",
        web.ctx.host === "a.example.org" ? "https://other.example/away" : "https://a.example.org/seen",
      );
      return "";
    };
    const browser = await open({ "/away": away }, "/seen", {
      host: "a.example.org",
      https: true,
      hosts: ["other.example"],
    });
    await browser.post("/away", {});
    expect(last(browser)).toMatchObject({ HTTP_SEC_FETCH_SITE: "cross-site", HTTP_ORIGIN: "null" });
  });

  // Referrer Policy §8.3 and Fetch §3.2.1, for a page's form that goes to its own site.
  test.each([
    ["no-referrer", undefined, "null"],
    ["same-origin", "http://localhost:8080/p?q", "http://localhost:8080"],
    ["origin", "http://localhost:8080/", "http://localhost:8080"],
    ["unknown, strict-origin", "http://localhost:8080/", "http://localhost:8080"],
    ["", "http://localhost:8080/p?q", "http://localhost:8080"],
  ])("the referrer policy %j", async (policy, referrer, origin) => {
    const withPolicy = (web: Web) => {
      if (policy !== "") web.header("Referrer-Policy", policy);
      return html(web, page);
    };
    const browser = await open({ "/p": withPolicy }, "/p?q");
    await browser.form().submit();
    expect([last(browser)["HTTP_REFERER"], last(browser)["HTTP_ORIGIN"]]).toEqual([referrer, origin]);
  });
});

describe("headers of a script's own", () => {
  const headers = (web: Web) => ({
    accept: web.requestHeader("Accept"),
    asked: web.requestHeader("X-Asked"),
    authorization: web.requestHeader("Authorization"),
    type: web.requestHeader("Content-Type"),
  });
  const pages = {
    "/": "",
    "/headers": headers,
    "/see-other": () => seeOther("/headers"),
    "/elsewhere": () => temporaryRedirect("http://other.example/headers"),
  };
  const own = { Accept: "application/json", "X-Asked": "1", Authorization: "Basic YTpi" };

  test.each([
    ["stand in the place of the browser's", "/headers", { type: "application/x-www-form-urlencoded" }],
    ["outlast a redirect but for those of the body", "/see-other", {}],
    [
      "do not tell another origin who asks",
      "/elsewhere",
      { authorization: undefined, type: "application/x-www-form-urlencoded" },
    ],
  ])("%s", async (_what, target, differing) => {
    const browser = await open(pages, "/", { hosts: ["other.example"] });
    const response = await browser.fetch(target, { data: { a: "1" }, headers: own });
    expect(response.json()).toEqual(
      JSON.parse(
        JSON.stringify({ accept: "application/json", asked: "1", authorization: "Basic YTpi", ...differing }),
      ),
    );
  });
});

describe("cookies", () => {
  const set = {
    "/set/(.*)": (web: Web, line: string) => {
      web.header("Set-Cookie", line);
      return "";
    },
  };

  /** What is sent to `target` after `line` was set by `/set/…` of `host`. */
  async function sent(
    line: string,
    target = "/seen",
    options: BrowserOptions = {},
  ): Promise<string | undefined> {
    const browser = await open(set, `/set/${encodeURIComponent(line)}`, options);
    await browser.open(target);
    return last(browser)["HTTP_COOKIE"];
  }

  test.each<[line: string, target: string, sent: string | undefined, options?: BrowserOptions]>([
    ["a=1", "/seen", undefined],
    ["a=1; Path=/", "/seen", "a=1"],
    ["a=1; Path=/seen", "/seen/more", "a=1"],
    ["a=1; Path=/see", "/seen", undefined],
    ["a=1; Path=/seen/", "/seen", undefined],
    ["a=1; Path=/; Max-Age=0", "/seen", undefined],
    ["a=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/seen", "a=1"],
    ["a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/seen", undefined],
    ["a=1; Path=/; Expires=nonsense", "/seen", "a=1"],
    ["a=1; Path=/; Secure", "/seen", "a=1"],
    ["a=1; Path=/; Secure", "/seen", undefined, { host: "example.org" }],
    ["a=1; Path=/; Secure", "/seen", "a=1", { host: "example.org", https: true }],
    ["a=1; Path=/; Secure", "http://example.org/seen", undefined, { host: "example.org", https: true }],
    ["a=1; Path=/; Domain=example.org", "http://sub.example.org/seen", "a=1", { host: "example.org" }],
    ["a=1; Path=/", "http://sub.example.org/seen", undefined, { host: "example.org" }],
    ["a=1; Path=/; Domain=other.org", "/seen", undefined, { host: "example.org" }],
    ["a=1; Path=/; Domain=org", "/seen", undefined, { host: "example.org" }],
    ["a=1; Path=/; Domain=127.0.0.1", "/seen", "a=1", { host: "127.0.0.1" }],
    ["a=1; Path=/; Domain=0.0.1", "/seen", undefined, { host: "127.0.0.1" }],
    ["a=1; Path=/; SameSite=None", "/seen", undefined],
    ["__Host-a=1; Path=/; Secure", "/seen", "__Host-a=1"],
    ["__Host-a=1; Path=/seen; Secure", "/seen", undefined],
    ["__Secure-a=1; Path=/", "/seen", undefined],
    [`a=${"x".repeat(4096)}; Path=/`, "/seen", undefined],
  ])("%.60s to %s", async (line, target, expected, options) => {
    expect(await sent(line, target, options)).toBe(expected);
  });

  test.each<[sameSite: string, opened: string | undefined, posted: string | undefined]>([
    ["Strict", undefined, undefined],
    ["Lax", "a=1", undefined],
    ["None; Secure", "a=1", "a=1"],
    ["", "a=1", undefined],
  ])("SameSite=%s to a request of another site", async (sameSite, opened, posted) => {
    const line = `a=1; Path=/${sameSite && `; SameSite=${sameSite}`}`;
    const browser = await open(set, `/set/${encodeURIComponent(line)}`);
    await browser.open("/seen", { from: "https://evil.example/" });
    expect(last(browser)["HTTP_COOKIE"]).toBe(opened);
    await browser.post("/seen", {}, { from: "https://evil.example/" });
    expect(last(browser)["HTTP_COOKIE"]).toBe(posted);
    await browser.open("/seen");
    await browser.post("/seen", {});
    expect(last(browser)["HTTP_COOKIE"]).toBe("a=1");
  });

  test("longer paths first, and the same one is replaced in its place", async () => {
    const browser = await open(set);
    for (const line of ["a=1; Path=/", "b=2; Path=/", "c=3; Path=/seen", "a=4; Path=/"]) {
      await browser.open(`/set/${encodeURIComponent(line)}`);
    }
    await browser.open("/seen");
    expect(last(browser)["HTTP_COOKIE"]).toBe("c=3; a=4; b=2");
    browser.cookies.clear("a");
    expect([...browser.cookies].map(({ name }) => name)).toEqual(["b", "c"]);
  });

  test.each([
    ["a=2; Path=/", "sub.example.org"],
    ["a=2; Path=/; Domain=example.org", "sub.example.org"],
  ])("what came over https is not hidden from http: %s", async (line, host) => {
    const browser = await open(set, `/set/${encodeURIComponent("a=1; Path=/; Secure")}`, {
      host,
      https: true,
    });
    await browser.open(`http://${host}/set/${encodeURIComponent(line)}`);
    expect([...browser.cookies].map(({ value }) => value)).toEqual(["1"]);
  });

  test("without an expiry are gone when the browser is closed", async () => {
    const browser = await open(set);
    for (const line of ["a=1; Path=/", "b=2; Path=/; Max-Age=60"]) {
      await browser.open(`/set/${encodeURIComponent(line)}`);
    }
    browser.restart();
    await browser.open("/seen");
    expect(last(browser)["HTTP_COOKIE"]).toBe("b=2");
    browser.reset();
    await browser.open("/seen");
    expect(last(browser)["HTTP_COOKIE"]).toBeUndefined();
  });

  test("of a redirect are kept", async () => {
    const login = (web: Web) => {
      web.setCookie("user", "Zoë");
      throw seeOther("/seen");
    };
    const browser = await open({ "/login": login }, "/login");
    expect(last(browser)["HTTP_COOKIE"]).toBe("user=Zo%C3%AB");
  });
});

describe("an application that fails", () => {
  test("is shown with its status, or said at once", async () => {
    const fails = {
      "/": () => {
        throw new Error("out of order");
      },
    };
    const browser = await open(fails);
    expect(browser.status).toBe(500);
    await expect(open(fails, "/", { fatal: true })).rejects.toThrow(/answered 500.*\n.*out of order/);
  });

  test("in the middle of a page has no page", async () => {
    const cut = {
      "/": function* () {
        yield "half";
        throw new Error("out of order");
      },
    };
    await expect(open(cut)).rejects.toThrow(/GET http:\/\/localhost:8080\/ was cut: .*\n.*out of order/s);
  });

  test("its refusals are pages", async () => {
    const browser = await open({ "/": () => badRequest("no name") });
    expect([browser.status, browser.text]).toEqual([400, "no name"]);
  });
});

describe("a browser's surroundings", () => {
  test("a mount, headers, variables", async () => {
    const app = site({
      "/": '<a href="/app/seen">here</a><a href="/other">there</a>',
      "/seen": seen,
      "/ip": (web) => web.ctx.ip,
    });
    const browser = await app.browser({
      scriptName: "/app",
      headers: { "Accept-Language": "de" },
      environ: { REMOTE_ADDR: "192.0.2.7" },
    });
    await browser.open("");
    await browser.follow("here");
    expect([browser.path, browser.status]).toEqual(["/app/seen", 200]);
    await browser.open("ip");
    expect(browser.text).toBe("192.0.2.7");
    await browser.open("/app/");
    await expect(browser.follow("there")).rejects.toThrow(
      "http://localhost:8080/other is not this application's",
    );
  });

  test("a stream that a script of the page reads", async () => {
    const events = {
      "/events": async function* (web: Web) {
        const { user } = await web.cookies({ user: "" });
        yield `data: ${user}\n\n`;
        await new Promise((resolve) => web.signal.addEventListener("abort", resolve));
      },
      "/login": (web: Web) => {
        web.setCookie("user", "ann");
        return "";
      },
    };
    const browser = await open(events, "/login");
    const response = await browser.fetch("/events", { stream: true });
    for await (const chunk of response.chunks) {
      expect(String(chunk)).toBe("data: ann\n\n");
      break;
    }
    expect(browser.path).toBe("/login");
  });
});
