import { seeOther, type Web } from "postern";
import { session, show } from "./site.ts";
import { addUser, isPassword } from "./users.ts";

export class LogIn {
  GET(web: Web) {
    return show(web, "log-in", { title: "Log in" });
  }

  async POST(web: Web) {
    const { name, password, join } = await web.input("name", "password", { join: "" });
    const wrong = await check(name, password, join !== "");
    if (wrong !== undefined) {
      web.status = 422;
      return show(web, "log-in", { title: "Log in", name, wrong });
    }
    const visitor = await session(web);
    // A session id that somebody else may know from before is worth nothing now.
    visitor.regenerate();
    visitor.user = name;
    throw seeOther("/");
  }
}

export class LogOut {
  async POST(web: Web) {
    (await session(web)).kill();
    throw seeOther("/");
  }
}

async function check(name: string, password: string, join: boolean): Promise<string | undefined> {
  if (!join)
    return (await isPassword(name, password)) ? undefined : "There is no such user with this password.";
  if (!/^[\p{L}\p{N} ]{1,40}$/u.test(name)) return "A name has up to 40 letters, digits and blanks.";
  if (password.length < 8) return "A password has 8 characters or more.";
  return (await addUser(name, password)) ? undefined : "This name is taken.";
}
