import { cpSync, mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { newcomer } from "./ordinary-user.ts";
import { root, type Stand } from "./postern.ts";

/** What a clone has not: packages, and what a build or a visitor made. */
const made =
  /^(\.git|(test\/)?node_modules|dist|coverage|examples\/guestbook\/data|templates\/\w+\/(node_modules|data))(\/|$)|^(examples|templates)\/.*\.js(\.map)?$/;

/** A copy of the repository as a clone has it, and the variables of a user who has just arrived. */
export function freshClone(stand: Stand): string {
  const clone = join(stand.folder, "clone");
  cpSync(root, clone, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !made.test(relative(root, path)),
  });
  const home = join(stand.folder, "home");
  mkdirSync(home);
  stand.env = newcomer(stand.env, home);
  return clone;
}
