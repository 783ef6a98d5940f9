import { sql } from "kysely";
import type { Web } from "postern";
import { db } from "./database.ts";
import { show } from "./site.ts";

export class Search {
  async GET(web: Web) {
    const { q } = web.query({ q: "" });
    return show(web, "search", { title: "Search", q, found: q === "" ? [] : await pagesWith(q) });
  }
}

/** Pages whose last version has a text in it; of the letters A to Z the case does not count. */
async function pagesWith(text: string) {
  const latest = db
    .selectFrom("version")
    .select(({ fn }) => fn.max("id").as("id"))
    .groupBy("page");
  const pattern = `%${text.replace(/[%_\\]/g, "\\$&")}%`;
  return db
    .selectFrom("version")
    .select("page")
    .where("id", "in", latest)
    .where(sql<boolean>`text like ${pattern} escape '\\'`)
    .orderBy("page")
    .limit(50)
    .execute();
}
