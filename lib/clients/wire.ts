// What a protocol is to its client: one request into bytes, one response out of them.

/** Takes a response as it comes. */
export interface WireEvents {
  /** Bytes in CGI's form: a head, and the body behind it. */
  output(bytes: Buffer): void;
  /** Bytes for the log. */
  errors(bytes: Buffer): void;
  /**
   * The response has ended by the protocol's rules.
   *
   * @param appStatus what a program would have ended with; not 0 when it failed
   */
  end(appStatus: number): void;
}

/** One request on a connection. */
export interface Wire {
  /** What stands in front of the body. */
  readonly head: Buffer;

  /** A piece of the body. */
  frame(chunk: Buffer): readonly Uint8Array[];

  /** What stands behind the body; undefined for nothing. */
  readonly bodyEnd: Buffer | undefined;

  /** Asks the server to give the request up; undefined where only the end of the connection says that. */
  readonly abort: Buffer | undefined;

  /**
   * Takes the next bytes of the connection. Throws what its events throw, and
   *
   * @throws {ProtocolError} when they are no response
   * @throws {ForwardingError} when the server refuses the request
   */
  push(bytes: Buffer): void;

  /** The server has ended its side. Ends the response where that is how it ends. */
  finish(): void;

  /** The connection can take another request. */
  readonly reusable: boolean;
}

/** A protocol, for a client of it. */
export interface WireProtocol {
  /** As it stands in messages: `FastCGI`. */
  readonly name: string;

  /**
   * Begins one request.
   *
   * @param variables with the CONTENT_LENGTH of the body, where it is known
   * @throws {ApplicationError} `VARIABLE` when one cannot be sent
   */
  begin(variables: Variables, events: WireEvents): Wire;
}

export type Variables = ReadonlyMap<string, string>;
