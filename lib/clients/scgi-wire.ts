import { encodeScgiRequest } from "../protocols/scgi/request-encoder.ts";
import type { Variables, Wire, WireEvents, WireProtocol } from "./wire.ts";

export const scgiProtocol: WireProtocol = {
  name: "SCGI",
  begin: (variables, events) => new ScgiWire(variables, events),
};

/** The response ends with its connection. */
class ScgiWire implements Wire {
  readonly head: Buffer;
  readonly bodyEnd = undefined;
  readonly abort = undefined;
  readonly reusable = false;
  readonly #events: WireEvents;

  constructor(variables: Variables, events: WireEvents) {
    this.head = encodeScgiRequest(Number(variables.get("CONTENT_LENGTH") ?? 0), variables);
    this.#events = events;
  }

  frame(chunk: Buffer): readonly Uint8Array[] {
    return [chunk];
  }

  push(bytes: Buffer): void {
    this.#events.output(bytes);
  }

  finish(): void {
    this.#events.end(0);
  }
}
