// The guestbook's front page as a CGI script that calls its packages directly: what that page costs without a framework and a
// gateway, byte for byte the same. Arguments: the folder of the guestbook's templates.

import { readdirSync, readFileSync, writeSync } from "node:fs";
import { parseCookie } from "cookie";
import mustache from "mustache";

const { GUESTBOOK_DATA, HTTP_COOKIE, SCRIPT_NAME } = process.env;
const text = (path) => readFileSync(path, "utf8");
const [guestbook, layout] = ["guestbook", "layout"].map((name) =>
  text(`${process.argv[2]}/${name}.mustache`),
);
const entries = readdirSync(`${GUESTBOOK_DATA}/entries`).map((file) =>
  JSON.parse(text(`${GUESTBOOK_DATA}/entries/${file}`)),
);
const limits = { name: 60, text: 2000, pictureMegabytes: 5 };
const { name } = parseCookie(HTTP_COOKIE);
const view = { title: "Guestbook", home: SCRIPT_NAME, name, limits, entries };
const page = mustache.render(layout, { ...view, body: mustache.render(guestbook, view) });
const head = `Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(page)}`;
writeSync(1, `${head}\r\n\r\n${page}`);
