import { GatewayError } from "../errors.ts";

/** Why a request was not answered by the server that it was forwarded to. */
export class ForwardingError extends GatewayError {
  /** What the client gets instead. */
  readonly status: string;

  constructor(status: string, code: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.status = status;
    // It says what happened elsewhere, and a log has no use for where it was noticed.
    this.stack = `${this.name}: ${message}`;
  }
}

export const BAD_GATEWAY = "502 Bad Gateway";
export const UNAVAILABLE = "503 Service Unavailable";
export const TIMED_OUT = "504 Gateway Timeout";

/** What to do about a failed connect, by the system's code. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; start the server, or correct "address"',
  ECONNREFUSED: 'nobody listens there; start the server, or correct "address"',
  EACCES:
    "this process may not write to the socket; add its user to the socket's group, or change the socket's mode",
  EPERM:
    "this process may not write to the socket; add its user to the socket's group, or change the socket's mode",
  ENOTFOUND: 'no host has that name; correct "address"',
  EHOSTUNREACH: 'that host cannot be reached; correct "address", or the network',
  ENETUNREACH: 'that network cannot be reached; correct "address", or the network',
  EMFILE: 'this process has too many files open; raise its limit, or lower "maxConnections"',
  EAGAIN: "its queue of connections is full; let it have more workers, or a longer queue",
};

/** @param where such as `the FastCGI server at /run/php.sock` */
export function connectFailure(where: string, error: NodeJS.ErrnoException): ForwardingError {
  const { code = "", message } = error;
  const advice = ADVICE[code];
  return new ForwardingError(
    code === "EAGAIN" ? UNAVAILABLE : BAD_GATEWAY,
    "CONNECT_FAILED",
    `cannot connect to ${where}: ${advice === undefined ? message : `${code}, ${advice}`}`,
    { cause: error },
  );
}
