// Options that say where a server listens and how it starts and stops.

import type { Loader } from "../gateway/loader.ts";

/** A path (contains `/`), a port, `"host:port"`, or host and port. */
export type BindAddress = string | number | { readonly host: string; readonly port: number };

export const DEFAULT_BACKLOG = 511;
export const DEFAULT_GRACE_MS = 10_000;

export interface WorkerOptions extends PreforkOptions {
  /**
   * Where to listen; several in an array. A URL, such as `"http://localhost:9000"` or nginx's `"unix:/run/app.sock"`, is none.
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
   * Connections that may wait to be accepted, 1 or more; Linux takes no more than `net.core.somaxconn` says.
   *
   * @defaultValue `511`, as Node's, nginx's and Apache's
   */
  backlog?: number;

  /**
   * Worker model `threads`: how many requests are answered at once, each in a thread of its own. A thread has one request
   * until its response has ended, so a long event stream holds one: serve those with another worker model. Each thread
   * runs the main script again and has its own copy of what the application keeps in memory. At most 1,024.
   *
   * @defaultValue the number of processors, at least 2
   */
  maxThreads?: number;

  /**
   * How long a graceful stop waits for requests in progress, in milliseconds; 0 is no limit. After it their `postern.signal` is
   * aborted and their connections are closed. A process of `prefork` that another has replaced and that does not end, as one
   * that computes for ever, is killed 11 seconds later; with 0 it is left alone.
   *
   * @defaultValue `10_000`
   */
  shutdownGraceMs?: number;

  /**
   * Whether `run()` handles TERM and INT (stop), HUP (reload; from a terminal that hangs up: stop) and USR1 (opens log
   * files anew). A second TERM or INT stops at once.
   *
   * @defaultValue `true`
   */
  signals?: boolean;

  /**
   * A file that need not exist: when it appears, or is touched or replaced, that does what HUP does, for hosts that give no
   * signals. It is looked at once a second, and cannot be a folder. Whoever may write there can have the application started again as often as it
   * likes.
   *
   * @defaultValue none
   */
  restartFile?: string;

  /**
   * What loaded the start-up file and provides the socket, whatever `bindAddress` says. Set by `serve()`.
   *
   * @defaultValue nothing did
   */
  loader?: Loader;

  /**
   * A file for the number of the process to signal. It is there as long as connections are accepted, and is removed when
   * the server has stopped. One whose process has gone is replaced; one whose process runs refuses the start.
   *
   * @defaultValue none
   */
  pidFile?: string;

  /**
   * What this application is called where an operator looks, such as `ps`.
   *
   * @defaultValue the main script's name without folder and ending
   */
  name?: string;

  /**
   * Whether `run()` makes the process's title `postern: ` and the name. One that it has been given, as by `node --title`,
   * stays. Without `signals` the process belongs to somebody else, and so does its title.
   *
   * @defaultValue `true`
   */
  title?: boolean;
}

/** When a process of `prefork`, or a thread of `threads`, is replaced by a new one. It answers until that is ready. */
export interface LifetimeOptions {
  /**
   * After how many requests, against memory that an application loses; 0 is never. Each draws its own number, up to a
   * tenth less or more, so that they do not all leave at once.
   *
   * @defaultValue `0`
   */
  maxRequests?: number;

  /**
   * With how much memory in RAM, in bytes; 0 is no limit. Of a process it is looked at a few times a second, while there
   * are requests, and Node itself takes 40 to 60 MB; of a thread its heap counts, which begins at about 5 MB. A limit
   * below what the application needs to start would replace workers all the time.
   *
   * @defaultValue `0`
   */
  maxMemoryBytes?: number;
}

/** Of the worker model `prefork`, in flup's and PHP-FPM's words. */
export interface PreforkOptions extends LifetimeOptions {
  /**
   * How many processes at the most answer requests; one more for each that is being replaced. They are there for as many
   * CPUs: one process of Node answers many requests at once that wait for something else, but computes for one at a time. No
   * more than 1,024.
   *
   * @defaultValue `availableParallelism()`, at least 2; as many as `maxSpare`, where that is more
   */
  maxChildren?: number;

  /**
   * How many processes should have nothing to do, so that somebody has time for the next request. A process has something
   * to do when for 0.3 seconds it has had a request in progress or was at work for more than half of the time. With fewer
   * spare ones another is started, up to `maxChildren`. 0 starts processes on demand, as PHP-FPM does: the first one at
   * the first connection, and each leaves after `maxIdleMs`. The parent then accepts the connections and hands them on,
   * which costs more for each; it is for applications that are seldom asked.
   *
   * @defaultValue `1`
   */
  minSpare?: number;

  /**
   * How many processes without anything to do are kept; so many are started at first. Of more than that one leaves
   * every second.
   *
   * @defaultValue `maxChildren`: a process that is there is cheaper than one that has to be started
   */
  maxSpare?: number;

  /**
   * How long a process may have no connection before it leaves, in milliseconds, with `minSpare: 0`. One that a web server
   * keeps open counts.
   *
   * @defaultValue `10_000`, as PHP-FPM's `process_idle_timeout`
   */
  maxIdleMs?: number;
}
