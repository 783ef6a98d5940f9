import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { db } from "./database.ts";

const hash = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** With Node's other defaults one of the settings that OWASP's Password Storage Cheat Sheet names: 16 MiB, five times. */
const COST = { parallelization: 5 };

/** Creates a user, unless the name is taken. */
export async function addUser(name: string, password: string): Promise<boolean> {
  const salt = randomBytes(16);
  const hashed = await hash(password, salt, 32, COST);
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
  const given = await hash(password, Buffer.from(salt, "hex"), 32, COST);
  // An unknown name takes as long as a wrong password.
  return hashed !== "" && timingSafeEqual(given, Buffer.from(hashed, "hex"));
}
