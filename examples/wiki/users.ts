import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { db } from "./database.ts";

const hash = promisify<string, Buffer, number, Buffer>(scrypt);

/** Creates a user, unless the name is taken. */
export async function addUser(name: string, password: string): Promise<boolean> {
  const salt = randomBytes(16);
  const hashed = await hash(password, salt, 32);
  const row = { name, password: `${salt.toString("hex")}:${hashed.toString("hex")}` };
  const added = await db
    .insertInto("user")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return added.numInsertedOrUpdatedRows === 1n;
}

export async function isPassword(name: string, password: string): Promise<boolean> {
  const user = await db.selectFrom("user").select("password").where("name", "=", name).executeTakeFirst();
  const [salt = "", hashed = ""] = (user?.password ?? "").split(":");
  const given = await hash(password, Buffer.from(salt, "hex"), 32);
  // An unknown name takes as long as a wrong password.
  return hashed !== "" && timingSafeEqual(given, Buffer.from(hashed, "hex"));
}
