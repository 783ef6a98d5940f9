import { ApplicationError, refuseUnknownOptions } from "../errors.ts";

/** One server-sent event (WHATWG HTML §9.2). What is no string in `data` is sent as JSON. */
export interface ServerSentEvent {
  readonly event?: string;
  readonly data?: unknown;
  /** What the client sends as `Last-Event-ID` when it connects again: `web.lastEventId`. */
  readonly id?: string | number;
  /** How long the client waits before it connects again, in milliseconds. */
  readonly retry?: number;
}

export interface EventOptions {
  /**
   * After so many seconds without an event a comment is sent, so that nothing on the way takes the connection for a dead one,
   * and a client that has gone is noticed. 0 sends none.
   *
   * @defaultValue `15`, which the specification advises
   */
  readonly heartbeatSeconds?: number | undefined;
}

/** A result that is sent as server-sent events. Made by `web.events()`. */
export class EventStream {
  readonly #events: AsyncIterable<unknown>;
  readonly #signal: AbortSignal;
  readonly #heartbeatMs: number;

  /** @throws ApplicationError `EVENTS`: the time is no number of seconds that a timer can wait */
  constructor(events: AsyncIterable<unknown>, signal: AbortSignal, options: EventOptions) {
    refuseUnknownOptions("web.events()", options, { heartbeatSeconds: true });
    const { heartbeatSeconds = 15 } = options;
    if (!(heartbeatSeconds >= 0 && heartbeatSeconds <= 86_400)) {
      throw new ApplicationError(
        "EVENTS",
        `"heartbeatSeconds" is ${heartbeatSeconds}; give seconds up to 86400, or 0`,
      );
    }
    this.#events = events;
    this.#signal = signal;
    this.#heartbeatMs = heartbeatSeconds * 1000;
  }

  /**
   * Begins with a comment, which makes the head go out before the first event is there. Ends when the client has
   * gone, even while the source waits for its next event.
   */
  async *chunks(): AsyncGenerator<string, void, undefined> {
    const iterator = this.#events[Symbol.asyncIterator]();
    const signal = this.#signal;
    const waiting = new Waiting(this.#heartbeatMs);
    signal.addEventListener("abort", waiting.end);
    try {
      yield COMMENT;
      while (!signal.aborted) {
        const step = Promise.resolve(iterator.next());
        let isThere = false;
        const arrive = (): void => {
          isThere = true;
          waiting.end();
        };
        step.then(arrive, arrive);
        while (!isThere && !signal.aborted) if (await waiting.isSilent()) yield COMMENT;
        if (!isThere) return;
        const next = await step;
        if (next.done) return;
        yield encodeEvent(next.value);
      }
    } finally {
      signal.removeEventListener("abort", waiting.end);
      // A source that waits takes note of this when it goes on; nobody can wait for that.
      void leave(iterator);
    }
  }
}

/** Of a source written by hand, `return()` may give no promise, or throw. */
async function leave(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The response is over, whatever the source thinks of it.
  }
}

/** Waits again and again for one thing. Promise.race() would leave something behind at that thing each time. */
class Waiting {
  readonly #limitMs: number;
  #end = (): void => {};

  /** @param limitMs - 0 waits without end */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  readonly end = (): void => this.#end();

  /** Whether nothing has ended the wait within its time. */
  async isSilent(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const isSilent = await new Promise<boolean>((resolve) => {
      this.#end = () => resolve(false);
      if (this.#limitMs > 0) timer = setTimeout(resolve, this.#limitMs, true);
    });
    clearTimeout(timer);
    return isSilent;
  }
}

const COMMENT = ":\n\n";

function encodeEvent(event: unknown): string {
  if (typeof event !== "object" || event === null) return field("data", text(event)).concat("\n");
  const { event: name, data, id, retry } = event as ServerSentEvent;
  let encoded = "";
  if (name !== undefined) encoded += field("event", line(name));
  if (id !== undefined) encoded += field("id", line(String(id)));
  if (retry !== undefined) encoded += field("retry", String(Math.trunc(retry)));
  if (data !== undefined) encoded += field("data", text(data));
  return `${encoded}\n`;
}

function text(data: unknown): string {
  return typeof data === "string" ? data : (JSON.stringify(data) ?? "");
}

// A line break would begin another field.
function line(value: string): string {
  return value.replace(/[\r\n\0]+/g, " ");
}

function field(name: string, value: string): string {
  return value
    .split(/\r\n|\r|\n/)
    .map((part) => `${name}: ${part}\n`)
    .join("");
}
