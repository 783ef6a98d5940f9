import { ApplicationError, ProtocolError } from "../../errors.ts";
import { HOP_BY_HOP, isBodyless } from "../../gateway/head.ts";
import { answerPlainly } from "../../gateway/plain-answer.ts";
import type { Body, Chunk, Environ, Header, StartResponse } from "../../gateway/types.ts";
import { type DecodedResponseHead, ResponseHeadDecoder } from "../../protocols/cgi/response-head-decoder.ts";
import type { ScriptProcess } from "./script-process.ts";

/** How long a script may take to end behind its output, in milliseconds, until how it ended does not matter any more. */
const EXIT_MS = 500;

export interface ResponseLimits {
  readonly timeoutMs: number;
  readonly maxHeadBytes: number;
}

/** What a script answers, as a response of the gateway. */
export class ScriptResponse {
  readonly #name: string;
  readonly #process: ScriptProcess;
  readonly #environ: Environ;
  readonly #limits: ResponseLimits;

  constructor(name: string, process: ScriptProcess, environ: Environ, limits: ResponseLimits) {
    this.#name = name;
    this.#process = process;
    this.#environ = environ;
    this.#limits = limits;
  }

  /**
   * Waits for the head.
   *
   * @throws the signal's reason where the client has gone, and what broke its request off
   */
  async start(startResponse: StartResponse): Promise<Body> {
    const decoder = new ResponseHeadDecoder(this.#limits.maxHeadBytes);
    try {
      for (;;) {
        const bytes = await this.#read();
        if (bytes === "late")
          return this.#refuse(startResponse, "504 Gateway Timeout", "is silent for too long");
        if (bytes === undefined) return await this.#refuseWithoutHead(startResponse);
        const taken = decoder.push(bytes);
        if (decoder.head === undefined) continue;
        const headers = headersOf(decoder.head);
        startResponse(decoder.head.status, headers);
        if (isBodyless(Number(decoder.head.status.slice(0, 3)))) {
          void this.#process.release(this.#limits.timeoutMs);
          return [];
        }
        return this.#body(bytes.subarray(taken));
      }
    } catch (error) {
      this.#process.kill();
      if (!(error instanceof ProtocolError) || !error.code.startsWith("RESPONSE_HEAD")) throw error;
      return this.#refuse(startResponse, "502 Bad Gateway", `sent a bad head: ${error.message}`);
    }
  }

  async *#body(first: Uint8Array): AsyncGenerator<Chunk> {
    let isOver = false;
    try {
      if (first.length > 0) yield first;
      for (;;) {
        const bytes = await this.#read();
        if (bytes === undefined) break;
        if (bytes === "late") throw this.#giveUp("is silent for too long, and its response is cut");
        yield bytes;
      }
      isOver = true;
      const signal = await this.#signalThatEnded();
      this.#environ["postern.signal"].throwIfAborted();
      if (signal !== undefined) throw this.#fault(`was ended by ${signal}`);
    } finally {
      if (!isOver) this.#leave();
    }
  }

  /** @throws the signal's reason where the client has gone, and what broke its request off */
  async #read(): Promise<Buffer | undefined | "late"> {
    const output = await this.#process.read(this.#limits.timeoutMs).catch(() => undefined);
    this.#environ["postern.signal"].throwIfAborted();
    if (this.#process.inputFailure !== undefined) throw this.#process.inputFailure;
    return output;
  }

  /** The client has gone; else it has all that it wants, and the script may finish what it does. */
  #leave(): void {
    if (this.#environ["postern.signal"].aborted) this.#process.kill();
    else void this.#process.release(this.#limits.timeoutMs);
  }

  async #refuseWithoutHead(startResponse: StartResponse): Promise<Body> {
    const signal = await this.#signalThatEnded();
    this.#environ["postern.signal"].throwIfAborted();
    const { startFailure } = this.#process;
    const ending = signal === undefined ? "it ended" : `${signal} ended it`;
    return this.#refuse(startResponse, "502 Bad Gateway", `sent no head: ${startFailure?.message ?? ending}`);
  }

  #giveUp(what: string): ApplicationError {
    this.#process.kill();
    return this.#fault(what);
  }

  #refuse(startResponse: StartResponse, status: string, why: string): Body {
    this.#process.kill();
    this.#environ["wsgi.errors"].write(`${this.#fault(why).message}\n`);
    return answerPlainly(startResponse, status);
  }

  #fault(what: string): ApplicationError {
    return new ApplicationError("CGI_SCRIPT", `the script ${this.#name} ${what}`);
  }

  #signalThatEnded(): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), EXIT_MS);
    });
    return Promise.race([this.#process.ended, enough]).finally(() => clearTimeout(timer));
  }
}

/** @throws {ProtocolError} `RESPONSE_HEAD` when the length of the body is none */
function headersOf({ status, headers }: DecodedResponseHead): Header[] {
  const lengths = new Set<string>();
  const bodyless = isBodyless(Number(status.slice(0, 3)));
  const kept = headers.filter(([name, value]) => {
    const lower = name.toLowerCase();
    if (lower === "content-length") {
      const isNew = !lengths.has(value);
      lengths.add(value);
      return isNew && !bodyless;
    }
    // A script that speaks for the server names what belongs to the connection.
    return !HOP_BY_HOP.has(lower) && !(bodyless && lower === "content-type");
  });
  if (lengths.size > 1 || ![...lengths].every((length) => /^\d{1,15}$/.test(length)))
    throw new ProtocolError("RESPONSE_HEAD", "its Content-Length is not one number of bytes");
  return kept;
}
