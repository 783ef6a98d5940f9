// Where a server's own lines go. What an application writes goes to `wsgi.errors` instead.

export type LogLevel = "debug" | "info" | "error";

/** Takes one line without its line break. Must not throw. */
export type Log = (level: LogLevel, line: string) => void;

/**
 * Writes to standard error, which is never part of a response. Lines of level `debug` are dropped unless the
 * variable `POSTERN_LOG` is `debug`.
 */
export const logToStderr: Log = (level, line) => {
  if (level === "debug" && process.env["POSTERN_LOG"] !== "debug") return;
  process.stderr.write(`postern: ${line}\n`);
};

/** Text that came from a peer, made fit for one line of a log: control characters are written as escapes. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
