import { seeOther, type Web } from "postern";
import { form, password, regexp, textbox, validator } from "postern/forms";
import { session, show } from "./site.ts";
import { addUser, isPassword } from "./users.ts";

const isLong = validator("A password has 8 characters or more.", (text: string) => text.length >= 8);

const Account = form([
  textbox("name", regexp(/[\p{L}\p{N} ]{1,40}$/u, "A name has up to 40 letters, digits and blanks."), {
    description: "Name",
    autocomplete: "username",
  }),
  password("password", isLong, { description: "Password", autocomplete: "current-password" }),
]);

export class LogIn {
  GET(web: Web) {
    return show(web, "log-in", { title: "Log in", account: Account() });
  }

  async POST(web: Web) {
    const account = await Account.from(web);
    const { join } = await web.input({ join: "" });
    if (account.valid) {
      const { name, password } = account.d;
      const isAccepted = join === "" ? isPassword(name, password) : addUser(name, password);
      if (await isAccepted) {
        const visitor = await session(web);
        // A session id that somebody else may know from before is worth nothing now.
        visitor.regenerate();
        visitor.user = name;
        throw seeOther("/");
      }
      const wrong = join === "" ? "There is no such user with this password." : "This name is taken.";
      account.refuse(wrong);
    }
    web.status = 422;
    return show(web, "log-in", { title: "Log in", account });
  }
}

export class LogOut {
  async POST(web: Web) {
    (await session(web)).kill();
    throw seeOther("/");
  }
}
