import { spawnSync } from "node:child_process";
import { dirname } from "node:path";

/** What makes a command run as nobody, who gets the folders, where that is possible. */
export function ordinaryUser(...folders: readonly string[]): string[] {
  if (process.getuid?.() !== 0) return [];
  spawnSync("chown", ["-R", "nobody:nogroup", ...folders]);
  return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"];
}

/** The variables of a user who has just arrived: a home of its own, no /usr/sbin in PATH, nothing of this run's npm. */
export function newcomer(env: NodeJS.ProcessEnv, home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => {
    // npm's own settings for the run of these tests, such as a cache that the other user may not write.
    return !/^npm_/i.test(name) || name === "npm_config_registry";
  });
  const path = [dirname(process.execPath), "/usr/bin", "/bin"].join(":");
  return { ...Object.fromEntries(kept), HOME: home, PATH: path };
}
