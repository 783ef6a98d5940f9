/**
 * Set in the environment of a thread that a pool has started, which runs the main script again. Where it is not set nobody
 * looks further: loading `node:worker_threads` takes a CGI script longer than reading a variable.
 */
export const THREAD_VARIABLE = "POSTERN_THREAD";

/** Whether this may be such a thread; a program that one has started has its variables too. */
export function mayBePoolThread(): boolean {
  return process.env[THREAD_VARIABLE] !== undefined;
}
