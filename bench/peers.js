// What we are measured beside, and is no dependency of ours: npm packages, which are installed into peers/ when they are
// missing, and programs of other languages, which are made there where Debian's packages for it are installed.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findProgram } from "./fronts.js";

const folder = fileURLToPath(new URL("peers/", import.meta.url));
const sources = fileURLToPath(new URL("backends/", import.meta.url));

/** Versions are exact, those of what the packages need too, so that figures of two days can be compared. */
const manifest = {
  private: true,
  dependencies: { "node-fastcgi": "2.0.0", srvx: "1.0.8" },
  overrides: { "fastcgi-stream": "1.0.0", bufferlist: "0.1.0" },
};

/** Each is looked for when a part first asks for it; one that is not there is left out, and the run says so. */
export class Peers {
  #install;
  #found = new Map();

  /** @param {boolean} install whether npm may install, and compilers may make, what is missing */
  constructor(install) {
    this.#install = install;
  }

  /**
   * @param {"node-fastcgi" | "srvx"} name
   * @returns {boolean} whether it is there
   */
  npm(name) {
    return this.#once(name, () => {
      if (isInstalled(name)) return true;
      if (this.#install) {
        process.stdout.write("Installing npm packages into bench/peers/ …\n");
        mkdirSync(folder, { recursive: true });
        writeFileSync(`${folder}package.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
        const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
        spawnSync("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
        if (isInstalled(name)) return true;
        process.stdout.write(`Without ${name}: npm could not install it.\n`);
      } else {
        process.stdout.write(
          `Without ${name}, which is not installed yet; a run without --quick does that.\n`,
        );
      }
      return false;
    });
  }

  /** Go's net/http/fcgi. */
  get go() {
    return this.#compiled("Go", "golang-go", "go-hello", "hello.go", (source, program) => [
      "go",
      "build",
      "-o",
      program,
      source,
    ]);
  }

  /** FastCGI's own library for C. */
  get libfcgi() {
    return this.#compiled("libfcgi", "gcc libfcgi-dev", "libfcgi-hello", "hello.c", (source, program) => [
      "gcc",
      "-O2",
      "-o",
      program,
      source,
      "-lfcgi",
    ]);
  }

  get phpFpm() {
    return this.#program("PHP-FPM", "php-fpm", ["php-fpm8.4", "php-fpm8.3", "php-fpm8.2"]);
  }

  get plack() {
    return this.#once("Plack", () => {
      const plackup = findProgram("plackup");
      const { status } = spawnSync("perl", ["-MFCGI", "-e", "0"], { stdio: "ignore" });
      return plackup !== undefined && status === 0
        ? plackup
        : without("Plack", "libplack-perl libfcgi-perl libfcgi-procmanager-perl");
    });
  }

  get valgrind() {
    return this.#program("valgrind", "valgrind", ["valgrind"]);
  }

  /**
   * @param {"lighttpd" | "nginx"} name
   * @returns {boolean}
   */
  front(name) {
    return this.#program(name, name, [name]) !== undefined;
  }

  #program(name, debian, candidates) {
    return this.#once(name, () => {
      const found = candidates.map(findProgram).find((path) => path !== undefined);
      return found ?? without(name, debian);
    });
  }

  #compiled(name, debian, program, source, command) {
    return this.#once(name, () => {
      const [from, to] = [sources + source, folder + program];
      if (existsSync(to) && statSync(to).mtimeMs >= statSync(from).mtimeMs) return to;
      if (!this.#install) {
        process.stdout.write(
          `Without ${name}, which is not compiled yet; a run without --quick does that.\n`,
        );
        return undefined;
      }
      mkdirSync(folder, { recursive: true });
      const [compiler, ...args] = command(from, to);
      const { status } = spawnSync(compiler, args, { stdio: "ignore" });
      return status === 0 ? to : without(name, debian);
    });
  }

  #once(name, look) {
    if (!this.#found.has(name)) this.#found.set(name, look());
    return this.#found.get(name);
  }
}

function without(name, debian) {
  process.stdout.write(`Without ${name}: Debian has it in ${debian}.\n`);
  return undefined;
}

function isInstalled(name) {
  return existsSync(`${folder}node_modules/${name}`);
}
