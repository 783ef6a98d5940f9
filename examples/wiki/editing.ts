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
      return conflict(web, name, draft);
    }
    web.status = 422;
    return show(web, "edit", { title: `Edit ${name}`, draft });
  }
}

/** Shows both texts. The author has seen the other one then, and may save again. */
async function conflict(web: Web, name: string, draft: ReturnType<typeof Draft>) {
  const theirs = await findVersion(name);
  draft.fill({ base: theirs?.id ?? 0 });
  draft.refuse(
    "Somebody else has saved this page in the meantime. Take over what is missing, and save again.",
  );
  web.status = 409;
  return show(web, "edit", { title: `Edit ${name}`, draft, theirs });
}
