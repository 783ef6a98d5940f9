import { HEADER_BYTES, ProtocolStatus, RecordType } from "../protocols/fastcgi/constants.ts";
import { encodeRecord, paddingOf, writeHeader } from "../protocols/fastcgi/record-encoder.ts";
import { encodeRequestHead } from "../protocols/fastcgi/request-encoder.ts";
import { ResponseDecoder } from "../protocols/fastcgi/response-decoder.ts";
import { BAD_GATEWAY, ForwardingError, UNAVAILABLE } from "./forwarding-error.ts";
import type { Variables, Wire, WireEvents, WireProtocol } from "./wire.ts";

/** A connection has one request at a time: PHP-FPM, and most that are not our own, refuse a second one. */
const REQUEST_ID = 1;
/** Content of one STDIN record, as of our own servers' STDOUT. */
const RECORD_BYTES = 32_768;
const EMPTY = Buffer.alloc(0);
const PADDING = Buffer.alloc(7);
const BODY_END = encodeRecord(RecordType.Stdin, REQUEST_ID, EMPTY);
const ABORT = encodeRecord(RecordType.AbortRequest, REQUEST_ID, EMPTY);

/** @param keepConnections asks the server to leave connections open */
export function fcgiProtocol(keepConnections: boolean): WireProtocol {
  return {
    name: "FastCGI",
    begin: (variables, events) => new FcgiWire(keepConnections, variables, events),
  };
}

class FcgiWire implements Wire {
  readonly head: Buffer;
  readonly bodyEnd = BODY_END;
  readonly abort: Buffer | undefined;
  readonly #keeps: boolean;
  readonly #decoder: ResponseDecoder;

  constructor(keeps: boolean, variables: Variables, events: WireEvents) {
    this.head = encodeRequestHead(REQUEST_ID, keeps, variables);
    // Where the connection is closed behind the answer, closing it now says the same and is understood by more.
    this.abort = keeps ? ABORT : undefined;
    this.#keeps = keeps;
    this.#decoder = new ResponseDecoder(REQUEST_ID, {
      stdout: (bytes) => events.output(bytes),
      stderr: (bytes) => events.errors(bytes),
      end(appStatus, protocolStatus) {
        if (protocolStatus !== ProtocolStatus.RequestComplete) throw refusal(protocolStatus);
        events.end(appStatus);
      },
    });
  }

  get reusable(): boolean {
    return this.#keeps && this.#decoder.clean;
  }

  frame(chunk: Buffer): readonly Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < chunk.length; at += RECORD_BYTES) {
      const content = chunk.subarray(at, at + RECORD_BYTES);
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      writeHeader(header, 0, RecordType.Stdin, REQUEST_ID, content.length);
      pieces.push(header, content);
      const padding = paddingOf(content.length);
      if (padding > 0) pieces.push(PADDING.subarray(0, padding));
    }
    return pieces;
  }

  push(bytes: Buffer): void {
    this.#decoder.push(bytes);
  }

  finish(): void {
    // A response ends with END_REQUEST alone.
  }
}

/** §5.5: the server did not take the request. */
function refusal(protocolStatus: number): ForwardingError {
  switch (protocolStatus) {
    case ProtocolStatus.Overloaded:
      return new ForwardingError(UNAVAILABLE, "OVERLOADED", "it is overloaded (FCGI_OVERLOADED)");
    case ProtocolStatus.CantMultiplexConnection:
      return new ForwardingError(
        BAD_GATEWAY,
        "CANT_MPX_CONN",
        "it takes the connection for one with several requests (FCGI_CANT_MPX_CONN), which no client here makes",
      );
    case ProtocolStatus.UnknownRole:
      return new ForwardingError(
        BAD_GATEWAY,
        "UNKNOWN_ROLE",
        "it is no responder (FCGI_UNKNOWN_ROLE); let it take that role",
      );
    default:
      return new ForwardingError(
        BAD_GATEWAY,
        "PROTOCOL_STATUS",
        `it ended the request with protocolStatus ${protocolStatus}, which FastCGI does not have`,
      );
  }
}
