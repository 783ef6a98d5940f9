// A FastCGI response out of a byte stream that may be cut anywhere (specification §5.3, §5.5). Does no I/O.

import { ProtocolError } from "../../errors.ts";
import { RecordType } from "./constants.ts";
import { RecordDecoder } from "./record-decoder.ts";

/** Takes the parts of a response as they arrive. Bytes are valid for as long as those that were pushed. */
export interface TakeResponse {
  stdout(bytes: Buffer): void;
  stderr(bytes: Buffer): void;
  /** Once; nothing comes behind it. */
  end(appStatus: number, protocolStatus: number): void;
}

/** The response to one request. Records of others, and of management, are passed over. */
export class ResponseDecoder {
  readonly #requestId: number;
  readonly #take: TakeResponse;
  readonly #decoder = new RecordDecoder((type, requestId, bytes, start, end) => {
    if (requestId === this.#requestId) this.#takeRecord(type, bytes.subarray(start, end));
  });
  #ended = false;
  #surplus = false;

  constructor(requestId: number, take: TakeResponse) {
    this.#requestId = requestId;
    this.#take = take;
  }

  /** The response has ended and nothing came behind it: the connection can take another request of the same id. */
  get clean(): boolean {
    return this.#ended && !this.#surplus && this.#decoder.atBoundary;
  }

  /**
   * Takes the next bytes of the connection. Nothing more can be decoded after an error.
   *
   * @throws {ProtocolError} `FCGI_VERSION`, or `FCGI_END_REQUEST` when that record is too short
   */
  push(bytes: Buffer): void {
    if (this.#ended) this.#surplus = true;
    this.#decoder.push(bytes);
  }

  #takeRecord(type: number, content: Buffer): void {
    if (this.#ended) {
      this.#surplus = true;
      return;
    }
    if (type === RecordType.EndRequest) {
      if (content.length < 8) {
        throw new ProtocolError("FCGI_END_REQUEST", `END_REQUEST has ${content.length} bytes instead of 8`);
      }
      this.#ended = true;
      this.#take.end(content.readUInt32BE(0), content.readUInt8(4));
    } else if (content.length > 0) {
      if (type === RecordType.Stdout) this.#take.stdout(content);
      else if (type === RecordType.Stderr) this.#take.stderr(content);
    }
  }
}
