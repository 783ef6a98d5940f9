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

  constructor(events: AsyncIterable<unknown>) {
    this.#events = events;
  }

  /** Begins with a comment, which makes the head go out before the first event is there. */
  async *chunks(): AsyncGenerator<string, void, undefined> {
    yield ":\n\n";
    for await (const event of this.#events) yield encodeEvent(event);
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
