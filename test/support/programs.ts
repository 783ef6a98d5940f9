import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

interface Program {
  readonly name: string;
  readonly program: string;
  /** Where it is, if that is not in PATH: a module of a web server. */
  readonly file?: string;
  readonly package: string;
}

/** The programs that tests start; scripts/packages.js installs them from the same list. */
const programs = JSON.parse(
  readFileSync(new URL("programs.json", import.meta.url), "utf8"),
) as readonly Program[];

/**
 * Where one of the programs of programs.json is; undefined where it is missing, so that its tests can be skipped
 * by name. With `CI=true` missing is an error.
 */
export function findProgram(program: string): string | undefined {
  const entry = programs.find((candidate) => candidate.program === program);
  if (entry === undefined) throw new Error(`${program} is not in test/support/programs.json`);
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  const places = entry.file === undefined ? folders.map((folder) => join(folder, program)) : [entry.file];
  const path = places.find((candidate) => existsSync(candidate));
  if (path === undefined && process.env["CI"] === "true") {
    throw new Error(
      `${entry.name} is missing, and with CI=true no test is skipped: apt-get install ${entry.package}`,
    );
  }
  return path;
}
