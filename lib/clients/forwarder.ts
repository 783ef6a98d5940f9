// The application that a client is: each request of the gateway becomes one of the protocol's, and its response the
// gateway's again.

import { ApplicationError } from "../errors.ts";
import type { Application, Body, Chunk, Environ, Header, StartResponse } from "../gateway/types.ts";
import type { Connection } from "./connection.ts";
import { ConnectionPool, type PoolCounts } from "./connection-pool.ts";
import { ForwardedRequest, type RequestParts } from "./forwarded-request.ts";
import { BAD_GATEWAY, ForwardingError } from "./forwarding-error.ts";
import type { ClientLimits, ClientOptions } from "./options.ts";
import { RequestInput } from "./request-input.ts";
import { addExtraVariables, requestVariables } from "./request-variables.ts";
import { parseServerAddress } from "./server-address.ts";
import type { WireProtocol } from "./wire.ts";

/** A gateway application that forwards its requests to another server. */
export interface ForwardingApplication extends Application {
  /** What its connections are doing. */
  connections(): PoolCounts;

  /**
   * Closes idle connections, answers new requests with 503, and waits for those that are in progress. A process need not
   * call it: connections without a request do not keep it from ending.
   */
  close(): Promise<void>;
}

/** A response that needs no other server. */
export interface OwnAnswer {
  readonly status: string;
  readonly headers: readonly Header[];
}

export interface ForwarderParts {
  readonly protocol: WireProtocol;
  readonly options: ClientOptions;
  readonly limits: ClientLimits;
  /** The server has to be told how long a body is. */
  readonly needsLength: boolean;
  /** Changes the variables to what the server needs, or answers in its place. */
  readonly prepare?: (variables: Map<string, string>, environ: Environ) => Promise<OwnAnswer | undefined>;
}

/** Methods that RFC 9110 §9.2.1 calls safe: a request that was lost can be sent once more. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** @throws {GatewayError} `ADDRESS` */
export function createForwarder(parts: ForwarderParts): ForwardingApplication {
  const { protocol, options, limits } = parts;
  const pool = new ConnectionPool(protocol.name, parseServerAddress(options.address), limits);
  const application: Application = async (environ, startResponse) => {
    try {
      return await forward(parts, pool, environ, startResponse);
    } catch (error) {
      return answerFailure(error, environ, startResponse);
    }
  };
  return Object.assign(application, { connections: () => pool.counts, close: () => pool.close() });
}

async function forward(
  { protocol, options, limits, needsLength, prepare }: ForwarderParts,
  pool: ConnectionPool,
  environ: Environ,
  startResponse: StartResponse,
): Promise<Body> {
  const variables = requestVariables(environ, options.filter);
  const answer = await prepare?.(variables, environ);
  if (answer !== undefined) return answerOwn(answer, startResponse);
  addExtraVariables(variables, options.environ, environ);
  const { CONTENT_LENGTH: length } = environ;
  const input = new RequestInput(environ["wsgi.input"], length);
  if (length !== undefined) variables.set("CONTENT_LENGTH", length);
  else if (needsLength) {
    variables.set("CONTENT_LENGTH", String(await input.gather(limits.maxGatheredBytes)));
  }
  const method = environ.REQUEST_METHOD;
  const log = (text: string): void => void environ["wsgi.errors"].write(text);
  const request = await send(protocol, {
    method,
    variables,
    input,
    signal: environ["postern.signal"],
    log,
    pool,
    limits,
  });
  const { status, headers } = await request.head;
  try {
    startResponse(status, headers);
  } catch (error) {
    void request.return();
    if (!(error instanceof ApplicationError)) throw error;
    const message = `${pool.where} sent a head that cannot be passed on: ${error.message}`;
    throw new ForwardingError(BAD_GATEWAY, "RESPONSE_HEAD", message);
  }
  return new ForwardedBody(request, environ, startResponse);
}

/** Sends a request whose head is there, or has failed for good, when this settles. */
async function send(protocol: WireProtocol, parts: RequestParts): Promise<ForwardedRequest> {
  const { pool, signal, method, variables } = parts;
  // A server may close a kept connection at the moment in which a request is sent on it. So those that cannot be sent twice
  // get a connection of their own.
  const mayRepeat = SAFE.has(method) && (variables.get("CONTENT_LENGTH") ?? "0") === "0";
  const first = await pool.take(!mayRepeat, signal);
  const kept = first.answered;
  const request = begin(protocol, first, parts);
  try {
    await request.head;
  } catch (error) {
    if (!(mayRepeat && kept && request.repeatable)) throw error;
    return begin(protocol, await pool.take(true, signal), parts);
  }
  return request;
}

function begin(protocol: WireProtocol, connection: Connection, parts: RequestParts): ForwardedRequest {
  try {
    return new ForwardedRequest(protocol, connection, parts);
  } catch (error) {
    connection.destroy();
    if (!(error instanceof ApplicationError)) throw error;
    throw new ForwardingError("400 Bad Request", error.code, `a request cannot be sent: ${error.message}`);
  }
}

/** The body of a response. One that fails before its first chunk can still be replaced, if nobody has sent its head. */
class ForwardedBody implements AsyncIterableIterator<Chunk> {
  readonly #request: ForwardedRequest;
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  #begun = false;
  #replacement: Iterator<Chunk> | undefined;

  constructor(request: ForwardedRequest, environ: Environ, startResponse: StartResponse) {
    this.#request = request;
    this.#environ = environ;
    this.#startResponse = startResponse;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    if (this.#replacement !== undefined) return this.#replacement.next();
    try {
      const step = await this.#request.next();
      this.#begun = true;
      return step;
    } catch (error) {
      if (this.#begun) throw error;
      this.#replacement = answerFailure(error, this.#environ, this.#startResponse)[Symbol.iterator]();
      return this.#replacement.next();
    }
  }

  async return(): Promise<IteratorResult<Chunk>> {
    await this.#request.return();
    return { value: undefined, done: true };
  }
}

/** Answers in the server's place, and tells the log why. What is no failure of the server's is thrown on. */
function answerFailure(error: unknown, environ: Environ, startResponse: StartResponse): Chunk[] {
  if (!(error instanceof ForwardingError)) throw error;
  const { status } = error;
  // Throws when a head has been sent already.
  startResponse(status, [["Content-Type", "text/plain; charset=utf-8"]], error);
  environ["wsgi.errors"].write(`postern client, ${status.slice(0, 3)}: ${error.message}\n`);
  return [`${status.slice(4)}\n`];
}

function answerOwn({ status, headers }: OwnAnswer, startResponse: StartResponse): Body {
  startResponse(status, [["Content-Type", "text/plain; charset=utf-8"], ...headers]);
  return [`${status.slice(4)}\n`];
}
