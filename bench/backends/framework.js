// A postern application with a URL map of 30 routes, of which the last answers. Arguments: the socket's path, and what it
// does: "plain" is one header and a string; "page" reads a cookie and the query and renders ten rows in a layout; "packages"
// gets the same page from the packages themselves, in a plain handler.

import { readFileSync } from "node:fs";
import { parseCookie } from "cookie";
import mustache from "mustache";
import { application, templates } from "postern";
import { WSGIServer } from "postern/server/fcgi";
import { reportReady } from "./ready.js";

const [bindAddress, what] = process.argv.slice(2);
const folder = new URL("templates/", import.meta.url);
const render = templates(folder, { layout: "layout" });
const [layout, page] = ["layout", "entries"].map((name) =>
  readFileSync(new URL(`${name}.html`, folder), "utf8"),
);
const entries = Array.from({ length: 10 }, (_none, id) => ({
  id,
  author: "Ada Lovelace",
  text: "Hello, World!",
}));

const handlers = {
  plain: class {
    GET(web) {
      web.header("Cache-Control", "no-cache");
      return "Hello, World!";
    }
  },
  page: class {
    async GET(web) {
      const { name } = await web.cookies({ name: "" });
      const { page } = web.query({ page: "1" });
      web.header("Cache-Control", "no-cache");
      return render("entries", { title: "Guestbook", name, page, entries });
    }
  },
  packages: class {
    GET(web) {
      const { name } = parseCookie(web.environ.HTTP_COOKIE);
      const query = new URLSearchParams(web.environ.QUERY_STRING);
      const view = { title: "Guestbook", name, page: query.get("page"), entries };
      web.header("Cache-Control", "no-cache");
      return mustache.render(layout, { ...view, body: mustache.render(page, view) });
    }
  },
};

class Other {
  GET() {
    return "Another page";
  }
}

const app = application([
  ...Array.from({ length: 29 }, (_none, index) => [`/things${index}/:id`, Other]),
  ["/entries/:id", handlers[what]],
]);

await new WSGIServer(app, { bindAddress }).listening;
reportReady();
