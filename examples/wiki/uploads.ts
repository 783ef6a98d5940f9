import { join } from "node:path";
import { notFound, seeOther, upload, type Web } from "postern";
import { data, db } from "./database.ts";
import { show, userOf } from "./site.ts";

const maxBytes = 5_000_000;

export class Files {
  async GET(web: Web, page: string) {
    return list(web, page);
  }

  async POST(web: Web, page: string) {
    await userOf(web);
    const { file } = await web.input({ file: upload() });
    if (file === undefined || file.filename === "" || file.size > maxBytes) {
      web.status = 422;
      return list(web, page, `Choose a file of up to ${maxBytes / 1_000_000} MB.`);
    }
    const row = { page, name: file.filename };
    // The row is there for others when the file is. A file without a row, which a crash would leave, is replaced.
    await db.transaction().execute(async (changes) => {
      const { id } = await changes.insertInto("upload").values(row).returning("id").executeTakeFirstOrThrow();
      await file.save(pathOf(id), { overwrite: true });
    });
    throw seeOther(`/${page}/files`);
  }
}

export class File {
  async GET(web: Web, page: string, id: string) {
    const query = db.selectFrom("upload").selectAll().where("id", "=", Number(id)).where("page", "=", page);
    const found = await query.executeTakeFirst();
    if (found === undefined) throw notFound();
    // To be kept, not to be shown: what a stranger has uploaded must not run as a page of this site.
    web.attachment(found.name);
    return web.file(pathOf(found.id), "application/octet-stream");
  }
}

async function list(web: Web, page: string, wrong?: string) {
  const files = await db.selectFrom("upload").select(["id", "name"]).where("page", "=", page).execute();
  return show(web, "files", { title: `Files of ${page}`, page, files, wrong });
}

function pathOf(id: number): string {
  return join(data, "uploads", String(id));
}
