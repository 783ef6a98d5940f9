import { seeOther, type Web } from "postern";
import { form, hidden, textarea, validator } from "postern/forms";
import { findVersion, savePage } from "./pages.ts";
import { show, userOf } from "./site.ts";

const hasText = validator("A page needs a text.", (text: string) => text.trim() !== "");

const Draft = form([
  // The version that the author has seen.
  hidden("base"),
  textarea("text", hasText, { description: "Text", rows: 20, cols: 80 }),
]);

export class Edit {
  async GET(web: Web, name: string) {
    await userOf(web);
    const version = await findVersion(name);
    const draft = Draft({ base: version?.id ?? 0, text: version?.text ?? "" });
    return show(web, "edit", { title: `Edit ${name}`, draft });
  }

  async POST(web: Web, name: string) {
    const user = await userOf(web);
    const draft = await Draft.from(web);
    if (draft.valid) {
      const text = draft.d.text.replaceAll("\r\n", "\n");
      if (await savePage(name, text, user, Number(draft.d.base))) throw seeOther(`/${name}`);
      draft.refuse("Somebody else has saved this page in the meantime.");
      web.status = 409;
    } else web.status = 422;
    return show(web, "edit", { title: `Edit ${name}`, draft });
  }
}
