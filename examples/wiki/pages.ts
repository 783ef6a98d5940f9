import { db } from "./database.ts";

/** A page as it was saved once. */
export interface Version {
  readonly id: number;
  readonly page: string;
  readonly text: string;
  readonly author: string;
  readonly saved: string;
}

/** The last version of a page, or the one with an id. */
export function findVersion(page: string, id?: number): Promise<Version | undefined> {
  let query = db.selectFrom("version").selectAll().where("page", "=", page);
  if (id !== undefined) query = query.where("id", "=", id);
  return query.orderBy("id", "desc").limit(1).executeTakeFirst();
}

/** Saves a version, unless another one came after `base`, which the author has not seen. */
export async function savePage(page: string, text: string, author: string, base: number): Promise<boolean> {
  const saved = new Date().toISOString();
  const last = db
    .selectFrom("version")
    .select(({ fn, val }) => fn.coalesce(fn.max("id"), val(0)).as("id"))
    .where("page", "=", page);
  // In one statement, so that nobody comes between.
  const inserted = await db
    .insertInto("version")
    .columns(["page", "text", "author", "saved"])
    .expression(
      db
        .selectNoFrom(({ val }) => [
          val(page).as("page"),
          val(text).as("text"),
          val(author).as("author"),
          val(saved).as("saved"),
        ])
        .where(({ eb }) => eb(last, "=", base)),
    )
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n;
}
