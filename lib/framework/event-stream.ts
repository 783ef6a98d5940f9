/** One server-sent event (WHATWG HTML §9.2). What is no string in `data` is sent as JSON. */
export interface ServerSentEvent {
  readonly event?: string;
  readonly data?: unknown;
  readonly id?: string | number;
  /** How long the client waits before it connects again, in milliseconds. */
  readonly retry?: number;
}

/** A result that is sent as server-sent events. Made by `web.events()`. */
export class EventStream {
  readonly #events: AsyncIterable<unknown>;
  readonly #signal: AbortSignal;

  constructor(events: AsyncIterable<unknown>, signal: AbortSignal) {
    this.#events = events;
    this.#signal = signal;
  }

  /**
   * Begins with a comment, which makes the head go out before the first event is there. Ends when the client has
   * gone, even while the source waits for its next event.
   */
  async *chunks(): AsyncGenerator<string, void, undefined> {
    const iterator = this.#events[Symbol.asyncIterator]();
    let leave = (): void => {};
    const onAbort = (): void => leave();
    this.#signal.addEventListener("abort", onAbort);
    try {
      yield ":\n\n";
      while (!this.#signal.aborted) {
        const step = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
          leave = () => resolve({ done: true, value: undefined });
          iterator.next().then(resolve, reject);
        });
        if (step.done) return;
        yield encodeEvent(step.value);
      }
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
      // A source that waits takes note of this when it goes on; nobody can wait for that.
      iterator.return?.().catch(() => {});
    }
  }
}

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
