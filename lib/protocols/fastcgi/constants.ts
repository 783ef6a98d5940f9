// The numbers of the FastCGI 1.0 specification, under its names. Section numbers are its own.

/** §8: the `type` byte of a record. */
export const RecordType = {
  BeginRequest: 1,
  AbortRequest: 2,
  EndRequest: 3,
  Params: 4,
  Stdin: 5,
  Stdout: 6,
  Stderr: 7,
  Data: 8,
  GetValues: 9,
  GetValuesResult: 10,
  UnknownType: 11,
} as const;

/** §5.1: what the application is to a request. */
export const Role = { Responder: 1, Authorizer: 2, Filter: 3 } as const;

/** §5.5: how a request ended, as far as the protocol is concerned. */
export const ProtocolStatus = {
  RequestComplete: 0,
  CantMultiplexConnection: 1,
  Overloaded: 2,
  UnknownRole: 3,
} as const;

/** §5.1: the web server closes the connection; without it the application does, after its answer. */
export const KEEP_CONNECTION = 1;

/** §3.3: the id of records that belong to no request. */
export const NULL_REQUEST_ID = 0;

export const VERSION = 1;
export const HEADER_BYTES = 8;
