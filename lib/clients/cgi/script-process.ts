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
  /** Settles when nobody has its pipes any more either: what it has started may have kept them. */
  readonly closed: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #output: AsyncIterator<Buffer>;
  #running = true;
  #killing: NodeJS.Timeout | undefined;

  /** @throws what the system says against starting it, such as that its variables are too long */
  constructor({ command, cwd, variables, input, onErrors, onEnd }: ProcessOptions) {
    const [program, ...args] = command;
    const child = spawn(program, args, { cwd, env: variables, detached: true, stdio: "pipe" });
    // Without descriptors it has no pipes, and its "error" only comes later.
    if (child.stdout === undefined) {
      child.once("error", () => {});
      throw new Error(`spawn ${program}: this process has too many files open; raise its limit`);
    }
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
    this.closed = new Promise((resolve) => {
      child.once("close", () => {
        // One of its group that keeps no pipe may be there still, and deaf to TERM.
        if (!this.#signal(0)) clearTimeout(this.#killing);
        resolve();
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

  /** Lets it finish for nobody: what it writes is read, for so long in all. 0 is no limit. */
  async release(timeoutMs: number): Promise<void> {
    const timer = timeoutMs > 0 ? setTimeout(() => this.kill(), timeoutMs) : undefined;
    timer?.unref();
    try {
      while ((await this.read(0)) !== undefined);
    } catch {
      // Its output is closed.
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tells it, and what it has started and has its output, to end, and ends them when they do not. */
  kill(): void {
    const { stdin, stdout, stderr } = this.#child;
    const isOver = !this.#running && stdout.destroyed;
    if (isOver || this.#killing !== undefined) return;
    this.#signal("SIGTERM");
    this.#killing = setTimeout(() => {
      this.#signal("SIGKILL");
      // Who has left the group may have it for ever.
      stderr.destroy();
    }, KILL_MS);
    stdin.destroy();
    stdout.destroy();
  }

  /** Whether there is somebody to get it. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    // 0 would be the group of this process itself.
    if (pid === undefined || pid <= 1) return false;
    try {
      return process.kill(-pid, signal);
    } catch {
      return false;
    }
  }
}
