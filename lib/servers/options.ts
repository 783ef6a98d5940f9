// Options that every protocol takes. Those of one protocol alone are declared in its own file.

import type { Log } from "../gateway/log.ts";
import type { Repairs } from "../gateway/repair.ts";

export interface ServerOptions {
  /**
   * Variables merged over every request's, such as `{ REMOTE_USER: "" }` to distrust a front end's.
   *
   * @defaultValue none
   */
  environ?: Readonly<Record<string, string>>;

  /**
   * Where the application is mounted (`""` or `"/app"`), for front ends that cannot say it. `SCRIPT_NAME` becomes
   * this and `PATH_INFO` is what follows it in the path of `REQUEST_URI`, or, where that has dot segments, in the path
   * that the front end made of it.
   *
   * @defaultValue what the front end says
   */
  scriptName?: string;

  /**
   * Undoes what a web server is known to do to `SCRIPT_NAME` and `PATH_INFO` in its stock configuration; a
   * front end that needs no repair gets none. An array names the repairs that may be made: `nginx-fastcgi`,
   * `nginx-scgi`, `apache-proxy` and `apache-uwsgi`. Lines of level `debug` say which was made, and why.
   *
   * @defaultValue `true`: all of them
   */
  repair?: Repairs;

  /**
   * Longest block of variables or headers of one request, in bytes. Past it the answer is 431.
   *
   * @defaultValue `65_536`: PHP-FPM's and nginx's buffers end far below it
   */
  maxParamsBytes?: number;

  /**
   * Longest request body, in bytes. A longer one that says so is answered 413 without calling the application;
   * one that does not say so ends `wsgi.input` with an error of code `BODY_TOO_LARGE`.
   *
   * @defaultValue `Infinity`: web servers in front have a limit of their own (nginx 1 MB, lighttpd none)
   */
  maxBodyBytes?: number;

  /**
   * Requests answered at once in this process, from all its addresses. Past it FastCGI answers OVERLOADED, the others
   * 503, without Retry-After as nginx and Apache: nobody knows when there will be room.
   *
   * @defaultValue `Infinity`
   */
  maxConcurrent?: number;

  /**
   * How long an application may take for one request, in milliseconds; 0 is no limit. Past it `postern.signal`
   * is aborted with a `TimeoutError`; where nothing has been sent yet the client gets a 504.
   *
   * @defaultValue `0`, as PHP-FPM's `request_terminate_timeout`
   */
  requestTimeoutMs?: number;

  /**
   * How long a peer may stall, in milliseconds; 0 is no limit: with an incomplete head, between requests on a kept
   * connection, in the middle of a body of which the application has taken all that came, or without reading what it is
   * sent. Past it the connection is closed. An application that computes is not disturbed.
   *
   * @defaultValue `120_000`
   */
  idleTimeoutMs?: number;

  /**
   * Shows the trace of an application's error in the response. Dangerous anywhere but on your own machine.
   *
   * @defaultValue `false`
   */
  debug?: boolean;

  /**
   * Takes the server's own lines.
   *
   * @defaultValue the `logFile`, or standard error; lines of level `debug` only with `POSTERN_LOG=debug`
   */
  log?: Log;

  /**
   * A file for the server's own lines, and for what applications write to `wsgi.errors` where it does not go to the web
   * server alone. Lines are appended, each with time and process, so that several processes may share a file. USR1 opens
   * it anew, as logrotate wants it. Who made the file says who may read it: it is made with `0o640`. What a crash of
   * Node prints, a start that fails, and `console` stay on standard error and output.
   *
   * @defaultValue standard error
   */
  logFile?: string;

  /**
   * What `wsgi.multiprocess` says. Set by the worker model.
   *
   * @defaultValue `false`
   */
  multiprocess?: boolean;
}

/** Of protocols that only web servers speak, not browsers. */
export interface PeerOptions {
  /**
   * Addresses and networks that may connect over TCP. Whoever may connect can set any variable, `REMOTE_USER`
   * included. For FastCGI the variable `FCGI_WEB_SERVER_ADDRS` is honoured as well. Unix sockets are not concerned.
   *
   * @defaultValue loopback
   */
  allowedServers?: readonly string[];
}
