// The program that DESIGN.md shows first, word for word but for where "postern" is.

import { expect, test } from "vitest";
import { application, seeOther, templates, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

const render = templates(new URL("templates/", import.meta.url), { layout: "layout" });
const guests: string[] = [];

class Guestbook {
  GET() {
    return render("guestbook", { guests });
  }
  async POST(web: Web) {
    const { name } = await web.input({ name: "" });
    guests.push(name);
    throw seeOther("/");
  }
}

class Hello {
  GET(_web: Web, name: string) {
    return `Hello, ${name}!`;
  }
}

const app = application([
  ["/", Guestbook],
  ["/hello/(.*)", Hello],
]);

app.run(import.meta); // as a main script: CGI, FastCGI, SCGI or HTTP, whatever started it; imported: does nothing

test("the guestbook", async () => {
  expect((await ask(app, "/hello/World")).text).toBe("Hello, World!");
  const signed = await ask(app, "/", { data: { name: "<Ada>" }, scriptName: "/app" });
  expect([signed.status, signed.header("Location")]).toEqual([303, "/app/"]);
  const page = await ask(app, "/");
  expect(page.header("Content-Type")).toBe("text/html; charset=utf-8");
  expect(page.text).toBe("<title>Guests</title>\n<ul>\n  <li>&lt;Ada&gt;</li>\n</ul>\n\n");
});
