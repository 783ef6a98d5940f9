// Sockets that systemd opened for this process: sd_listen_fds_with_names(3).

import { fstatSync } from "node:fs";
import { GatewayError } from "../errors.ts";
import { isListening } from "./inherited-socket.ts";

export interface SystemdSocket {
  readonly fd: number;
  /** `FileDescriptorName=` of the socket's unit, by default the unit's own name; empty where no names were given. */
  readonly name: string;
}

/** SD_LISTEN_FDS_START: where they begin, one behind the other. */
const FIRST = 3;

/** What systemd tells of them, and from version 258 on how its LISTEN_PID is to be understood. */
const VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"];

let taken: readonly SystemdSocket[] | undefined;

/** Whether systemd gave sockets to this process. LISTEN_PID may be another process's, whose child we are. */
export function isSocketActivated(environment: NodeJS.ProcessEnv = process.env): boolean {
  const { LISTEN_PID: pid, LISTEN_FDS: count = "0" } = environment;
  return pid === String(process.pid) && count !== "0";
}

/**
 * The sockets that systemd gave to this process; none where it gave none.
 *
 * @throws {GatewayError} `LISTEN_FDS` when the variables say what cannot be
 */
export function systemdSockets(environment: NodeJS.ProcessEnv = process.env): readonly SystemdSocket[] {
  if (environment === process.env && taken !== undefined) return taken;
  if (!isSocketActivated(environment)) return [];
  const { LISTEN_FDS: text = "", LISTEN_FDNAMES: names } = environment;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1 || !isOpen(FIRST + count - 1)) {
    throw new GatewayError(
      "LISTEN_FDS",
      `LISTEN_FDS=${text} is no number of descriptors that this process was given from ${FIRST} on; ` +
        "leave it to systemd, or unset it",
    );
  }
  const named = names ? names.split(":") : new Array<string>(count).fill("");
  if (named.length !== count) {
    throw new GatewayError(
      "LISTEN_FDS",
      `LISTEN_FDNAMES=${names} does not have one name for each of ${count} descriptors; leave it to systemd, or unset it`,
    );
  }
  return named.map((name, index) => ({ fd: FIRST + index, name }));
}

/**
 * The same, for who listens on them. The variables are taken away: a program that the application starts could take
 * them for its own. A server of this process that is started later is told the same.
 *
 * @throws {GatewayError} as `systemdSockets`
 */
export function takeSystemdSockets(): readonly SystemdSocket[] {
  const sockets = systemdSockets();
  if (sockets.length === 0) return sockets;
  taken = sockets;
  for (const name of VARIABLES) delete process.env[name];
  return sockets;
}

/** Whether this process was started with sockets that listen, by systemd, a web server or spawn-fcgi. */
export function startedWithSockets(): boolean {
  return isListening(0) || isSocketActivated();
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}
