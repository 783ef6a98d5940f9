import { notFound, type Web } from "postern";
import { db } from "./database.ts";
import { difference } from "./difference.ts";
import { findVersion } from "./pages.ts";
import { show } from "./site.ts";

export class History {
  async GET(web: Web, name: string) {
    const query = db.selectFrom("version").select(["id", "author", "saved"]).where("page", "=", name);
    const versions = await query.orderBy("id", "desc").limit(200).execute();
    return show(web, "history", { title: `History of ${name}`, name, versions });
  }
}

/** What a version has changed. */
export class Change {
  async GET(web: Web, name: string, id: string) {
    const version = await findVersion(name, Number(id));
    if (version === undefined) throw notFound();
    const query = db.selectFrom("version").select("text").where("page", "=", name);
    const before = await query.where("id", "<", version.id).orderBy("id", "desc").executeTakeFirst();
    const lines = difference(before?.text ?? "", version.text);
    return show(web, "change", { title: `Change of ${name}`, name, version, lines });
  }
}
