// Which address is answered by what. Importing this file starts nothing: main.ts, the tests and the CGI script do.

import { application, seeOther, templates, upload, type Web } from "postern";
import { addMessage, newestMessages } from "./messages.ts";
import { addPicture, newestPictures, picturePath } from "./pictures.ts";

const render = templates(new URL("templates/", import.meta.url), { layout: "layout" });
const menu = [
  { path: "/", text: "Home" },
  { path: "/guestbook", text: "Guestbook" },
  { path: "/pictures", text: "Pictures" },
];

/** A template inside the layout. Links begin with `home`, so that the site also works below a path. */
function page(web: Web, template: string, title: string, view = {}) {
  const entries = menu.map((entry) => ({ ...entry, current: entry.path === web.ctx.path }));
  return render(template, { title, home: web.ctx.homepath, menu: entries, ...view });
}

class Home {
  async GET(web: Web) {
    const { name } = await web.cookies({ name: "" });
    return page(web, "home", "Welcome", { name });
  }
}

class Guestbook {
  async GET(web: Web) {
    const { name } = await web.cookies({ name: "" });
    return this.show(web, { name });
  }

  async POST(web: Web) {
    const input = await web.input({ name: "", text: "" });
    const name = input.name.trim().slice(0, 60);
    const text = input.text.trim().slice(0, 2000);
    if (name === "" || text === "") {
      web.status = 422;
      return this.show(web, { name, text, wrong: "Please fill in your name and a message." });
    }
    await addMessage({ name, text });
    web.setCookie("name", name, { maxAge: 365 * 24 * 3600 });
    // A redirect after a form: reloading the page does not send it again.
    throw seeOther("/guestbook");
  }

  async show(web: Web, form: object) {
    return page(web, "guestbook", "Guestbook", { form, messages: await newestMessages(50) });
  }
}

class Pictures {
  GET(web: Web) {
    return this.show(web);
  }

  async POST(web: Web) {
    const { picture } = await web.input({ picture: upload() });
    const added = picture !== undefined && (await addPicture(await picture.bytes()));
    if (added) throw seeOther("/pictures");
    web.status = 422;
    return this.show(web, { wrong: "Please choose a PNG, JPEG, GIF or WebP picture." });
  }

  async show(web: Web, view = {}) {
    return page(web, "pictures", "Pictures", { ...view, pictures: await newestPictures(30) });
  }
}

class Picture {
  GET(web: Web, name: string) {
    return web.file(picturePath(name));
  }
}

/** lighttpd sends these files by itself when it is in front; everywhere else they come from here. */
class Static {
  GET(web: Web, name: string) {
    return web.file(new URL(`static/${name}`, import.meta.url));
  }
}

export const app = application(
  [
    ["/", Home],
    ["/guestbook", Guestbook],
    ["/pictures", Pictures],
    ["/pictures/([0-9a-z-]+\\.(?:png|jpg|gif|webp))", Picture],
    // A dot stands between letters or digits only, so no path leads out of the folder.
    ["/static/((?:[\\w/-]|\\b\\.\\b)+)", Static],
  ],
  { limits: { maxFileBytes: 5_000_000 } },
);

app.notFound = (web) => page(web, "error", "There is no such page", { advice: "Try one of those above." });
app.errorPage(413, (web) =>
  page(web, "error", "That is too large", { advice: "A picture may have up to 5 MB." }),
);
app.internalError = (web) =>
  page(web, "error", "Something went wrong", { advice: "Please try again later." });
