import { seeOther, type Web } from "postern";
import { findVersion, savePage } from "./pages.ts";
import { show, userOf } from "./site.ts";

export class Edit {
  async GET(web: Web, name: string) {
    await userOf(web);
    const version = await findVersion(name);
    return editor(web, name, version?.text ?? "", version?.id ?? 0);
  }

  async POST(web: Web, name: string) {
    const user = await userOf(web);
    const input = await web.input("text", "base");
    const text = input.text.replaceAll("\r\n", "\n");
    const base = Number(input.base);
    if (text.trim() === "") {
      web.status = 422;
      return editor(web, name, text, base, "A page needs a text.");
    }
    if (await savePage(name, text, user, base)) throw seeOther(`/${name}`);
    web.status = 409;
    return editor(web, name, text, base, "Somebody else has saved this page in the meantime.");
  }
}

function editor(web: Web, name: string, text: string, base: number, wrong?: string) {
  return show(web, "edit", { title: `Edit ${name}`, name, text, base, wrong });
}
