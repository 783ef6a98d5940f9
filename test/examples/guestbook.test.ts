import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Child } from "../support/child.ts";
import { temporaryFolder } from "../support/folder.ts";
import { cgi, externalSocket, lighttpd, type Mount, spawned, startLighttpd } from "../support/lighttpd.ts";
import { freePort, untilListening } from "../support/port.ts";
import { root } from "../support/postern.ts";

const app = join(root, "examples/guestbook/app.js");
const script = join(root, "examples/cgi-bin/guestbook.cgi");

/** The smallest PNG there is: one grey pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
  "base64",
);

interface Site {
  /** Where the guestbook's own address begins. */
  readonly base: string;
  readonly data: string;
}

type Way = (data: string) => Promise<string>;

function behindLighttpd(mount: Mount, backend: (data: string) => Parameters<typeof startLighttpd>[0]): Way {
  return async (data) => {
    const front = await startLighttpd(backend(data), { ...process.env, GUESTBOOK_DATA: data });
    onTestFinished(front.stop);
    return front.url(mount === "/" ? "" : mount);
  };
}

/** The one way that needs no web server. */
const byHand = "HTTP, started by hand";

/** The same file, started in every way. */
const ways: Readonly<Record<string, Way>> = {
  [byHand]: async (data) => {
    const port = await freePort();
    const env = { ...process.env, GUESTBOOK_DATA: data, PORT: String(port) };
    const child = new Child(process.execPath, [app], { env });
    onTestFinished(() => void child.stop());
    await untilListening(port);
    return `http://127.0.0.1:${port}`;
  },
  "FastCGI by its argument, at /app": async (data) => {
    const socket = join(data, "..", "app.sock");
    const env = { ...process.env, GUESTBOOK_DATA: data };
    const child = new Child(process.execPath, [app, "fcgi", socket], { env });
    onTestFinished(() => void child.stop());
    await untilListening(socket);
    return behindLighttpd("/app", () => externalSocket(socket, "/app"))(data);
  },
  "FastCGI spawned by lighttpd, two processes": behindLighttpd("/", (data) =>
    spawned([process.execPath, app], join(data, ".."), "/", 2),
  ),
  "CGI at /": behindLighttpd("/", (data) => cgi(script, "/", { GUESTBOOK_DATA: data })),
  "CGI at /app": behindLighttpd("/app", (data) => cgi(script, "/app", { GUESTBOOK_DATA: data })),
};

async function start(way: string): Promise<Site> {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const data = join(folder.path, "data");
  return { base: (await ways[way]?.(data)) ?? "", data };
}

function sign(site: Site, fields: Record<string, string | Blob>): Promise<Response> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return fetch(`${site.base}/`, { method: "POST", body, redirect: "manual" });
}

async function page(site: Site, cookie = ""): Promise<string> {
  return (await fetch(`${site.base}/`, { headers: { Cookie: cookie } })).text();
}

/** The address that a page links to, as a browser reads it. */
function link(site: Site, html: string, pattern: RegExp): URL {
  const path = (pattern.exec(html)?.[1] ?? "").replaceAll("&#x2F;", "/");
  return new URL(path, site.base);
}

describe.each(Object.keys(ways))("guestbook through %s", (way) => {
  const missing = lighttpd === undefined && way !== byHand;

  test.skipIf(missing)(
    "signed with a picture it shows name, text and picture, and remembers the name",
    async () => {
      const site = await start(way);
      expect(await page(site)).toContain("Nobody yet");

      const picture = new Blob([png], { type: "image/png" });
      const signed = await sign(site, { name: "Zoë <b>", text: "first\r\nsecond & last", picture });

      expect(signed.status).toBe(303);
      const path = new URL(`${site.base}/`).pathname;
      expect(new URL(signed.headers.get("location") ?? "", site.base).pathname).toBe(path);
      const cookie = signed.headers.get("set-cookie") ?? "";
      expect(cookie).toMatch(new RegExp(`; Path=${path}(;|$)`));
      const html = await page(site, cookie.split(";")[0]);
      expect(html).toContain("<strong>Zoë &lt;b&gt;</strong>");
      expect(html).toContain("<p>first\nsecond &amp; last</p>");
      expect(html).toMatch(/<input [^>]*value="Zoë &lt;b&gt;"/);
      const shown = await fetch(link(site, html, /<img src="([^"]+)"/));
      expect(shown.headers.get("content-type")).toBe("image/png");
      expect(Buffer.from(await shown.arrayBuffer())).toEqual(png);
      const style = await fetch(link(site, html, /href="([^"]+\.css)"/));
      expect([style.status, style.headers.get("content-type")]).toEqual([200, "text/css; charset=utf-8"]);
    },
  );

  test.skipIf(missing)("many who sign at once all stand in it", async () => {
    const site = await start(way);
    const names = Array.from({ length: 12 }, (_, index) => `Guest ${index}`);
    const picture = new Blob([png]);
    await Promise.all(names.map((name) => sign(site, { name, text: "at once", picture })));
    const html = await page(site);
    expect(names.filter((name) => !html.includes(`<strong>${name}</strong>`))).toEqual([]);
    expect(readdirSync(join(site.data, "entries")).filter((name) => !name.endsWith(".json"))).toEqual([]);
  });
});

describe("guestbook and what it does not take", () => {
  const way = byHand;

  test.each([
    ["no name", { name: " \t", text: "hello" }, "Please fill in your name and a line."],
    ["no text", { name: "Ann", text: "\r\n" }, "Please fill in your name and a line."],
    ["a name that is too long", { name: "x".repeat(61), text: "hello" }, "up to 60 characters"],
    ["a text that is too long", { name: "Ann", text: "x".repeat(2001) }, "up to 2000 characters"],
    ["a script as a picture", { name: "Ann", text: "hello", picture: "<script>" }, "PNG, JPEG, GIF or WebP"],
    [
      "SVG",
      { name: "Ann", text: "hello", picture: "<svg xmlns='http://www.w3.org/2000/svg'/>" },
      "PNG, JPEG, GIF or",
    ],
  ])(
    "%s: the form comes back with what was typed and why",
    async (_, { picture, ...fields }: Record<string, string>, why) => {
      const site = await start(way);
      const upload =
        picture === undefined ? {} : { picture: new File([picture], "a.png", { type: "image/png" }) };
      const response = await sign(site, { ...fields, ...upload });
      expect(response.status).toBe(422);
      const html = await response.text();
      expect(html).toMatch(new RegExp(`role="alert">[^<]*${why}`));
      expect(html).toContain(`value="${fields["name"]?.trim()}"`);
      expect(readdirSync(join(site.data, "entries"))).toEqual([]);
    },
  );

  test("a picture past its limit is refused unread and not kept", async () => {
    const site = await start(way);
    // No picture, which only who has read it knows.
    const large = Buffer.alloc(5_000_001);
    const response = await sign(site, { name: "Ann", text: "hello", picture: new Blob([large]) });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain("a picture of up to 5 MB");
    expect(readdirSync(join(site.data, "pictures"))).toEqual([]);
  });

  test.each([
    "/pictures/..%2Fentries",
    "/pictures/../app.js",
    "/pictures/x.png",
    "/templates/layout.mustache",
  ])("%s is not found", async (path) => {
    const site = await start(way);
    expect((await fetch(site.base + path)).status).toBe(404);
  });

  test("an entry that is still being written is not shown", async () => {
    const site = await start(way);
    await sign(site, { name: "Ann", text: "hello" });
    writeFileSync(join(site.data, "entries", "000000000000001-00000000.json.tmp"), '{"name":"Half');
    const html = await page(site);
    expect(html.match(/<li class="entry">/g)).toHaveLength(1);
    expect(html).toContain("<strong>Ann</strong>");
  });
});
