/**
 * The base of everything postern throws on purpose. Match on `code`, which is stable, not on the text.
 *
 * The class answers whose fault it was and so what survives; the code answers which fault. An error of any
 * other class that escapes from postern is a bug in postern.
 */
export class GatewayError extends Error {
  /** Stable and in capitals, such as `ADDRESS_IN_USE`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The peer (a web server or its client) broke the protocol. It loses its request or its connection. */
export class ProtocolError extends GatewayError {}

/** The application broke the gateway interface: no `startResponse`, a header with a line break and so on. */
export class ApplicationError extends GatewayError {}
