// One address, one form. Importing this file starts nothing: cgi-bin/index.cgi does, once for every request.

import { application, templates, type Web } from "postern";

const render = templates(new URL(".", import.meta.url));

class Hello {
  async GET(web: Web) {
    const { name } = await web.input({ name: "" });
    return render("page", { name, home: web.ctx.homepath });
  }
}

export const app = application([["/", Hello]]);
