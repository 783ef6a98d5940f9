import { findProgram } from "./lighttpd.ts";

/** How the package managers that are about are told to install a package; the first one found counts. */
const managers: Readonly<Record<string, string>> = {
  "apt-get": "sudo apt-get install",
  dnf: "sudo dnf install",
  zypper: "sudo zypper install",
  apk: "sudo apk add",
  pacman: "sudo pacman -S",
  pkg: "sudo pkg install",
  brew: "brew install",
};

/** The command that installs a package on this machine, as far as can be told. */
export function installCommand(name: string): string {
  const found = Object.entries(managers).find(([manager]) => findProgram(manager, process.env) !== undefined);
  return `${found?.[1] ?? "sudo apt-get install"} ${name}`;
}
