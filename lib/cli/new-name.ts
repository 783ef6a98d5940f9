import { builtinModules } from "node:module";

const maxLength = 214;

/**
 * Why npm takes no new package of that name, as the end of a sentence; undefined where it does.
 *
 * @see https://docs.npmjs.com/cli/configuring-npm/package-json#name
 */
export function nameComplaint(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.trim() !== name) return "it begins or ends with a blank";
  if (/^[._-]/.test(name)) return `it begins with "${name[0]}"`;
  if (name.length > maxLength) return `it is longer than ${maxLength} characters`;
  if (name !== name.toLowerCase()) return "it has capital letters";
  const strange = /[^a-z0-9._-]/u.exec(name)?.[0];
  if (strange !== undefined) return strange === " " ? "it has a blank in it" : `it has "${strange}" in it`;
  if (["node_modules", "favicon.ico"].includes(name)) return "it means something else";
  if (builtinModules.includes(name)) return "it is the name of a module of Node";
  return undefined;
}

/** A name that npm takes, as near as possible. */
export function similarName(name: string): string {
  const similar = name
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|[._-]+$/g, "")
    .slice(0, maxLength);
  return nameComplaint(similar) === undefined ? similar : `my-${similar || "site"}`;
}
