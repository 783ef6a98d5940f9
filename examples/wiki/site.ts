// What all parts of the wiki share: the application, sessions and templates.

import { join } from "node:path";
import { type App, application, seeOther, templates, type Web } from "postern";
import { sessions } from "postern/sessions";
import { diskStore } from "postern/sessions/disk";
import { data } from "./database.ts";

export const app: App = application([]);

/** Who is logged in; `""` is nobody. */
export const session = sessions(app, diskStore(join(data, "sessions")), { initializer: { user: "" } });

const render = templates(new URL("templates/", import.meta.url), { layout: "layout" });

/** A page of the site. */
export async function show(web: Web, template: string, view: object) {
  const { user } = await session(web);
  return render(template, { ...view, user, home: web.ctx.homepath });
}

/** The user's name; who is not logged in is sent to do that. */
export async function userOf(web: Web): Promise<string> {
  const { user } = await session(web);
  if (user === "") throw seeOther("/log-in");
  return user;
}
