// Options that say where a server listens and how it starts and stops.

/** A path (contains `/`), a port, `"host:port"`, or host and port. */
export type BindAddress = string | number | { readonly host: string; readonly port: number };

export interface WorkerOptions {
  /**
   * Where to listen; several in an array.
   *
   * @defaultValue the listening socket inherited on descriptor 0, or systemd's `LISTEN_FDS`
   */
  bindAddress?: BindAddress | readonly BindAddress[];

  /**
   * Permissions of a unix socket. Whoever may write to the socket may set any CGI variable, `REMOTE_USER` included.
   *
   * @defaultValue `0o660`: owner and group
   */
  socketMode?: number;

  /**
   * Group of a unix socket, by name or number: usually the web server's, such as `"www-data"`.
   *
   * @defaultValue the process's own group
   */
  socketGroup?: string | number;

  /**
   * The umask while a unix socket is made; instead of `socketMode`.
   *
   * @defaultValue derived from `socketMode`, so that the permissions hold from the first moment
   */
  umask?: number;

  /**
   * Connections that may wait to be accepted.
   *
   * @defaultValue `511`, as Node's, nginx's and Apache's
   */
  backlog?: number;

  /**
   * How long a graceful stop waits for requests in progress, in milliseconds; 0 is no limit. After it their `postern.signal` is
   * aborted and their connections are closed.
   *
   * @defaultValue `10_000`
   */
  shutdownGraceMs?: number;

  /**
   * Whether `run()` handles TERM and INT (stop) and HUP (reload; from a terminal that hangs up: stop). A second
   * TERM or INT stops at once.
   *
   * @defaultValue `true`
   */
  signals?: boolean;
}
