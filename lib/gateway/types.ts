// The gateway interface: PEP 3333 carried over to JavaScript. `docs/gateway.md` is its specification.

import type { Readable, Writable } from "node:stream";

/** A piece of a body. A string is sent as UTF-8. */
export type Chunk = string | Uint8Array;

/** What an application answers with. `return()` of its iterator is called once when it is left early. */
export type Body = Iterable<Chunk> | AsyncIterable<Chunk>;

/** Name and value of one header, code points up to 255 each. */
export type Header = readonly [name: string, value: string];

/** Headers in the order in which they are sent; copied when they are passed. */
export type Headers = Iterable<Header>;

/** Sends a chunk at once; the promise settles when the peer can take more, and rejects once it is gone. */
export type Write = (chunk: Chunk) => Promise<void>;

/**
 * Sets status (`"200 OK"`) and headers of the response. A second call must pass the error that is its reason,
 * and throws that error when the head has been sent already.
 */
export type StartResponse = (status: string, headers: Headers, error?: unknown) => Write;

/** What postern serves: called once for each request. */
export type Application = (environ: Environ, startResponse: StartResponse) => Body | Promise<Body>;

/** Takes an application and gives another. */
export type Middleware = (application: Application) => Application;

/** Makes a body of a file, recognised by `path` and `range` together: a file stream of Node has a `path` too. */
export type FileWrapper = (path: string, range?: FileRange, folder?: string) => FileBody;

/** A part of a file, in bytes; both ends belong to it. */
export interface FileRange {
  readonly start?: number;
  readonly end?: number;
}

/** A body that is a file, opened when its first chunk is asked for. */
export interface FileBody extends AsyncIterable<Uint8Array> {
  /** Where the file is, for middleware that hands it to the web server instead. */
  readonly path: string;
  readonly range: FileRange;
}

/**
 * One request: CGI variables (RFC 3875 §4.1) in capitals, each a string in which one code point is one byte;
 * `wsgi.*` and `postern.*` come from the server and cannot be set by a peer. The object has no prototype,
 * belongs to this request alone and may be changed.
 */
export interface Environ {
  REQUEST_METHOD: string;
  /** Where the application is mounted: `""`, or a path that begins and does not end with `/`. */
  SCRIPT_NAME: string;
  /** The rest of the path, percent-decoded: `""`, or a path that begins with `/`. */
  PATH_INFO: string;
  QUERY_STRING: string;
  SERVER_NAME: string;
  SERVER_PORT: string;
  SERVER_PROTOCOL: string;
  CONTENT_TYPE?: string;
  /** Digits; left out when there is no body or its length is not known. */
  CONTENT_LENGTH?: string;
  REQUEST_URI?: string;
  REMOTE_ADDR?: string;
  REMOTE_PORT?: string;
  REMOTE_USER?: string;
  SERVER_SOFTWARE?: string;
  HTTPS?: string;
  [header: `HTTP_${string}`]: string | undefined;

  "wsgi.version": readonly [1, 0];
  "wsgi.url_scheme": "http" | "https";
  /** Exactly the body of this request; ends at once when there is none. */
  "wsgi.input": Readable;
  /** A text log which reaches the web server's log where the protocol allows it. */
  "wsgi.errors": Writable;
  /** The application may be called again in this process before an earlier body has ended. */
  "wsgi.multithread": boolean;
  /** Other processes may serve the same application. */
  "wsgi.multiprocess": boolean;
  /** This process serves this one request only. */
  "wsgi.run_once": boolean;
  /** Aborted when the client has gone, the request took too long, or the server cannot wait any more. */
  "postern.signal": AbortSignal;
  "postern.file_wrapper": FileWrapper;
  /** The client sent its body chunked, where the web server says so: without CONTENT_LENGTH there is one nonetheless. */
  "postern.chunked"?: true;
  [extension: string]: unknown;
}
