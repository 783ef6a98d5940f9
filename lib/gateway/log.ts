// Where a server's own lines go. What an application writes goes to `wsgi.errors` instead.

export type LogLevel = "debug" | "info" | "error";

/** Takes one line without its line break. Must not throw. */
export type Log = (level: LogLevel, line: string) => void;

/** Whether lines of a level are wanted: of level `debug` only where the variable `POSTERN_LOG` is `debug`. */
export function isWanted(level: LogLevel): boolean {
  return level !== "debug" || process.env["POSTERN_LOG"] === "debug";
}

/** Writes wanted lines to standard error, which is never part of a response. */
export const logToStderr: Log = (level, line) => {
  if (isWanted(level)) writeToStderr(`postern: ${line}\n`);
};

let guarded = false;

/** Standard error may be closed, or a pipe that nobody reads any more; that is no reason to fail. */
export function writeToStderr(text: string | Uint8Array): void {
  // Else the error would end the process, or be logged as one that nothing caught, which is another write.
  if (!guarded) process.stderr.on("error", () => {});
  guarded = true;
  process.stderr.write(text);
}

/** Text that came from a peer, made fit for one line of a log: control characters are written as escapes. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
