import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** How long a process may take to end after it was told to, in milliseconds: Apache's three seconds. */
const KILL_MS = 3_000;

export interface ProcessOptions {
  readonly command: readonly [program: string, ...args: string[]];
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string>>;
  /** What is written to its standard input. */
  readonly input: Readable;
  /** Gets what it writes to standard error. */
  readonly onErrors: (text: string) => void;
  /** It has ended, or could not be started. */
  readonly onEnd: () => void;
}

/** One run of a script, in a process group of its own, so that what it starts ends with it. */
export class ScriptProcess {
  /** Why it could not be started. */
  startFailure: Error | undefined;
  /** Why the request's body broke off. */
  inputFailure: Error | undefined;
  /** Settles when it has ended, with the signal if that is what ended it. */
  readonly ended: Promise<string | undefined>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #output: AsyncIterator<Buffer>;
  #running = true;
  #killed = false;

  constructor({ command, cwd, variables, input, onErrors, onEnd }: ProcessOptions) {
    const [program, ...args] = command;
    const child = spawn(program, args, { cwd, env: variables, detached: true, stdio: "pipe" });
    this.#child = child;
    this.ended = new Promise((resolve) => {
      const end = (signal?: string | null): void => {
        if (!this.#running) return;
        this.#running = false;
        onEnd();
        resolve(signal ?? undefined);
      };
      child.once("exit", (_code, signal) => end(signal));
      child.once("error", (error) => {
        this.startFailure = error;
        // One that could not be told to end is there still.
        if (child.pid === undefined) end();
      });
    });
    const decoder = new StringDecoder("utf8");
    child.stderr.on("data", (bytes: Buffer) => onErrors(decoder.write(bytes)));
    child.stderr.on("error", () => {});
    // A script may leave its input unread; a client that breaks off is another thing.
    child.stdin.on("error", () => {});
    input.on("error", (error: Error) => {
      this.inputFailure = error;
      this.kill();
    });
    input.pipe(child.stdin);
    this.#output = child.stdout[Symbol.asyncIterator]();
  }

  /** The next piece of its output, undefined at the end; `"late"` when none comes in time. */
  async read(timeoutMs: number): Promise<Buffer | undefined | "late"> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      if (timeoutMs > 0) timer = setTimeout(() => resolve("late"), timeoutMs);
    });
    const next = this.#output.next();
    // After a time-out nobody waits for it any more.
    next.catch(() => {});
    try {
      const step = await Promise.race([next, late]);
      if (step === "late") return "late";
      return step.done === true ? undefined : step.value;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lets it finish for nobody: what it writes is read, for a while. */
  async release(timeoutMs: number): Promise<void> {
    try {
      for (let bytes = await this.read(timeoutMs); bytes !== undefined; bytes = await this.read(timeoutMs)) {
        if (bytes === "late") return this.kill();
      }
    } catch {
      // Its output is closed.
    }
  }

  /** Tells it to end, and ends it when it does not. */
  kill(): void {
    if (!this.#running || this.#killed) return;
    this.#killed = true;
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), KILL_MS);
    void this.ended.then(() => clearTimeout(timer));
    this.#child.stdout.destroy();
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    // 0 would be the group of this process itself.
    if (pid === undefined || pid <= 1) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Gone already.
    }
  }
}
