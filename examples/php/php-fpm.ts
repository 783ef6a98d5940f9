// A PHP-FPM with one small pool on a unix socket, as a child of this process and as its user.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long it may take until it takes connections, in milliseconds. */
const START_MS = 10_000;

/** Starts it, and gives the path of its socket once somebody listens there. It ends with this process, unless that is killed. */
export async function startPhpFpm(): Promise<string> {
  const program = findPhpFpm();
  if (program === undefined) {
    throw new Error("no php-fpm is installed: install it (Debian: apt-get install php-fpm), or set PHP_FPM");
  }
  const folder = mkdtempSync(join(tmpdir(), "postern-php-"));
  const socket = join(folder, "php.sock");
  const config = join(folder, "php-fpm.conf");
  writeFileSync(config, configuration(folder, socket));
  // PHP-FPM refuses to be root unless it is told that this is meant.
  const asRoot = process.getuid?.() === 0 ? ["--allow-to-run-as-root"] : [];
  const child = spawn(program, ["--nodaemonize", "--fpm-config", config, ...asRoot], { stdio: "ignore" });
  // Neither does it keep this process, nor does it outlive it.
  child.unref();
  process.once("exit", () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const ended = once(child, "exit").then(() => {
    throw new Error(`php-fpm did not start; see what it says: ${program} --test --fpm-config ${config}`);
  });
  await Promise.race([ended, untilListening(socket)]);
  return socket;
}

function configuration(folder: string, socket: string): string {
  const user = process.getuid?.() === 0 ? "user = root\ngroup = root\n" : "";
  return `[global]
error_log = ${join(folder, "php-fpm.log")}
[www]
${user}listen = ${socket}
listen.mode = 0600
pm = ondemand
pm.max_children = 5
php_admin_flag[display_errors] = off
php_admin_flag[log_errors] = on
php_admin_value[upload_max_filesize] = 20M
php_admin_value[post_max_size] = 25M
`;
}

/** php-fpm, or the newest with a version in its name as Debian has them. */
function findPhpFpm(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin"];
  for (const folder of folders) {
    const names = namesIn(folder).filter((name) => /^php-fpm[0-9.]*$/.test(name));
    const name = names.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
    if (name !== undefined) return join(folder, name);
  }
  return undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

async function untilListening(socket: string): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const attempt = connect(socket);
    try {
      await once(attempt, "connect");
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    } finally {
      attempt.destroy();
    }
    await sleep(20);
  }
}
