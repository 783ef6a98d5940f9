// A client of a web server: it sends a target as it is, and says of an answer whether it came whole.

import { type Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { request as requestOverTls } from "node:https";

export interface Question {
  /** @defaultValue `"GET"` */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without a Content-Length of its own it is sent with one. */
  readonly body?: Uint8Array;
  /** Connections that are kept. @defaultValue a connection for this request alone */
  readonly agent?: Agent;
  /** The certificate to trust, for a port that speaks TLS. */
  readonly certificate?: string;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** False when the connection ended before the response did. */
  readonly complete: boolean;
  /** The client's own port. */
  readonly localPort: number | undefined;
}

/** Asks and reads the whole answer. */
export async function ask(port: number, target: string, question: Question = {}): Promise<Answer> {
  const sent = begin(port, target, question);
  sent.end(question.body);
  return readAnswer(await head(sent));
}

/** A request whose body is still to be written. */
export function begin(port: number, target: string, question: Question): ClientRequest {
  const { method = "GET", headers = {}, agent = false, certificate, body } = question;
  const length = body === undefined ? {} : { "Content-Length": String(body.length) };
  const options = {
    host: "127.0.0.1",
    port,
    path: target,
    method,
    headers: { ...length, ...headers },
    agent,
  };
  if (certificate === undefined) return request(options);
  return requestOverTls({ ...options, agent: false, ca: certificate });
}

/** The head of the answer. A web server may answer and close while the body is still on its way. */
export function head(sent: ClientRequest): Promise<IncomingMessage> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.on("error", reject);
  });
  // Who asks may first look at something else.
  answered.catch(() => {});
  return answered;
}

export async function readAnswer(message: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, statusMessage: reason = "", headers, socket } = message;
  const { localPort } = socket;
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message) chunks.push(chunk as Buffer);
  } catch {
    // Cut: `complete` says so.
  }
  return { status, reason, headers, localPort, body: Buffer.concat(chunks), complete: message.complete };
}
