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

/**
 * Refuses options that nothing would read, such as mistyped ones. What only few programs pass to a large choice of options is
 * told the nearest by `checkOptions` of `gateway/option-names.ts`; this one, which every script loads, names them all.
 *
 * @param of - whose options they are, such as `etag()`
 * @param advise - what to do instead of a name
 * @throws {GatewayError} `UNKNOWN_OPTION`; `OPTION` when they are no object
 */
export function refuseUnknownOptions(
  of: string,
  options: object,
  known: object,
  advise = (_name: string): string => `it has ${Object.keys(known).join(", ")}`,
): void {
  // Middleware that is handed on as it is gets an application in the place of its options.
  if (typeof options === "function")
    throw new GatewayError(
      "OPTION",
      `the options of ${of} are an object, and this is a function: call ${of} first`,
    );
  if (typeof options !== "object" || options === null)
    throw new GatewayError("OPTION", `the options of ${of} are an object, and this is ${String(options)}`);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name))
      throw new GatewayError("UNKNOWN_OPTION", `${of} has no option "${name}"; ${advise(name)}`);
  }
}

/** The peer (a web server or its client) broke the protocol. It loses its request or its connection. */
export class ProtocolError extends GatewayError {}

/** The application broke the gateway interface: no `startResponse`, a header with a line break and so on. */
export class ApplicationError extends GatewayError {}
