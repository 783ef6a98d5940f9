#!/usr/bin/env node
// A guestbook: templates, a form, a cookie that remembers the name, and a picture that is shown back.
//   npm start                                    builds it, and serves it behind lighttpd where that is installed
//   node examples/guestbook/app.js               embedded HTTP server, http://127.0.0.1:8080 or HOST and PORT
//   node examples/guestbook/app.js fcgi 9000     FastCGI on a port, or a socket's path
// A lighttpd that finds it as bin-path or in cgi-bin/ needs no arguments: app.run() finds out how it was started.
// Entries and pictures are kept in data/ next to this file, or in the folder that GUESTBOOK_DATA names.

import { join } from "node:path";
import { application, notFound, seeOther, templates, upload, type Web } from "postern";
import { Entries, type Picture } from "./entries.ts";
import { pictureType } from "./picture-type.ts";

const limits = { name: 60, text: 2000, pictureMegabytes: 5 };
const maxPictureBytes = limits.pictureMegabytes * 1_000_000;
const shown = 100;
const yearSeconds = 365 * 24 * 3600;

const here = import.meta.dirname;
const entries = new Entries(process.env["GUESTBOOK_DATA"] || join(here, "data"));
const render = templates(join(here, "templates"), { layout: "layout" });

/** What stands in the form: what was typed, when it has to be shown again. */
interface Form {
  readonly name: string;
  readonly text: string;
  /** Why it was not accepted. */
  readonly wrong?: string;
}

class Guestbook {
  async GET(web: Web) {
    const { name } = await web.cookies({ name: "" });
    return page(web, { name, text: "" });
  }

  async POST(web: Web) {
    const input = await web.input({ name: "", text: "", picture: upload() });
    const name = plain(input.name).replaceAll("\n", " ");
    const text = plain(input.text);
    const tooLarge = (input.picture?.size ?? 0) > maxPictureBytes;
    const bytes = tooLarge ? undefined : await input.picture?.bytes();
    const extension = bytes && pictureType(bytes);
    let wrong: string | undefined;
    if (name === "" || text === "") wrong = "Please fill in your name and a line.";
    else if (name.length > limits.name) wrong = `Please use a name of up to ${limits.name} characters.`;
    else if (text.length > limits.text) wrong = `Please say it in up to ${limits.text} characters.`;
    else if (tooLarge) wrong = `Please choose a picture of up to ${limits.pictureMegabytes} MB.`;
    else if (bytes && !extension) wrong = "Please choose a PNG, JPEG, GIF or WebP picture.";
    if (wrong) {
      web.status = 422;
      return page(web, { name, text, wrong });
    }
    const picture: Picture | undefined = bytes && extension ? { bytes, extension } : undefined;
    await entries.add(name, text, picture);
    web.setCookie("name", name, { maxAge: yearSeconds });
    throw seeOther("/");
  }
}

class Pictures {
  GET(web: Web, name: string) {
    if (!/^[0-9]+-[0-9a-f]+\.(?:png|jpg|gif|webp)$/.test(name)) throw notFound();
    // A picture's name is never used again.
    web.header("Cache-Control", "public, max-age=31536000, immutable");
    web.header("X-Content-Type-Options", "nosniff");
    return web.file(join(entries.pictures, name));
  }
}

class Style {
  GET(web: Web) {
    return web.file(join(here, "style.css"));
  }
}

async function page(web: Web, form: Form) {
  const list = (await entries.newest(shown)).map((entry) => ({
    ...entry,
    isoTime: entry.signed.toISOString(),
    time: entry.signed.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" }),
  }));
  return render("guestbook", { ...form, title: "Guestbook", home: web.ctx.homepath, limits, entries: list });
}

/** Text without control characters, line breaks as \n, and no blanks at the ends. */
function plain(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trim();
}

export const app = application([
  ["/", Guestbook],
  ["/pictures/([^/]+)", Pictures],
  ["/style\\.css", Style],
]);

app.run(import.meta);
