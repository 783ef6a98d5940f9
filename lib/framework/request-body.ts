// The body of one request, read once and in the way it is first asked for.

import { Buffer } from "node:buffer";
import { ApplicationError } from "../errors.ts";
import type { Environ } from "../gateway/types.ts";
import { wholeBody } from "../gateway/whole-body.ts";
import { fieldDecoder } from "./charset.ts";
import type { Exchange } from "./exchange.ts";
import type { InputLimits } from "./limits.ts";
import type { Part } from "./multipart.ts";
import { addValue, parseFields } from "./query.ts";
import { badRequest, contentTooLarge } from "./responses.ts";
import type { NamedValues } from "./values.ts";

const MULTIPART = /^multipart\/form-data\s*(;|$)/i;
const URLENCODED = /^(application\/x-www-form-urlencoded\s*(;|$)|$)/i;

export class RequestBody {
  readonly #exchange: Exchange;
  readonly #environ: Environ;
  readonly #limits: Readonly<Required<InputLimits>>;
  #data: Promise<Buffer> | undefined;
  #form: Promise<NamedValues> | undefined;
  #streamed = false;

  constructor(exchange: Exchange, limits: Readonly<Required<InputLimits>>) {
    this.#exchange = exchange;
    this.#environ = exchange.environ;
    this.#limits = limits;
  }

  /** The whole body; the same bytes each time. */
  data(maxBytes: number = this.#limits.maxDataBytes): Promise<Buffer> {
    if (this.#data === undefined) {
      this.#claim();
      this.#data = readAll(this.#environ, maxBytes);
    }
    return this.#data;
  }

  /** @throws HttpResponse 400: not JSON in UTF-8; 413: too long */
  async json(): Promise<unknown> {
    const data = await this.data(this.#limits.maxJsonBytes);
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
    } catch {
      throw badRequest("bad request: the body is not JSON");
    }
  }

  /** The fields and files of a form; none when the body is no form. */
  form(): Promise<NamedValues> {
    this.#form ??= this.#readForm();
    return this.#form;
  }

  /** The parts of a form as they arrive. */
  async *parts(): AsyncGenerator<Part, void, undefined> {
    if (!MULTIPART.test(this.#type)) {
      for (const [name, value] of await this.#fields()) yield { kind: "field", name, value };
      return;
    }
    const { readParts } = await import("./multipart.ts");
    yield* readParts(this.#source(), this.#type, this.#limits);
  }

  get #type(): string {
    return this.#environ.CONTENT_TYPE ?? "";
  }

  async #readForm(): Promise<NamedValues> {
    const values: NamedValues = new Map();
    if (!MULTIPART.test(this.#type)) {
      for (const [name, value] of await this.#fields()) addValue(values, name, value);
      return values;
    }
    const { Spool } = await import("./spool.ts");
    const spool = new Spool(this.#limits.spoolBytes);
    this.#exchange.atEnd(() => spool.remove());
    let held = 0;
    for await (const part of this.parts()) {
      if (part.kind === "field") {
        held += Buffer.byteLength(part.name) + Buffer.byteLength(part.value);
        if (held > this.#limits.maxDataBytes) throw contentTooLarge();
        addValue(values, part.name, part.value);
        continue;
      }
      const file = await spool.keep(part);
      // What a browser sends for a file field in which nothing was chosen.
      if (part.filename !== "" || file.size > 0) addValue(values, part.name, file);
    }
    return values;
  }

  async #fields(): Promise<[name: string, value: string][]> {
    const method = this.#environ.REQUEST_METHOD;
    if (method === "GET" || method === "HEAD" || !URLENCODED.test(this.#type)) return [];
    const decode = fieldDecoder(this.#type);
    const text = (await this.data()).toString(decode === undefined ? "utf8" : "latin1");
    const fields = parseFields(text, this.#limits, decode);
    if (fields === undefined) throw contentTooLarge();
    for (const field of fields) {
      for (const text of field) {
        if (Buffer.byteLength(text) > this.#limits.maxFieldBytes) throw contentTooLarge();
      }
    }
    return fields;
  }

  #source(): AsyncIterable<Uint8Array> {
    if (this.#data === undefined) {
      this.#claim();
      return this.#environ["wsgi.input"];
    }
    const data = this.#data;
    return (async function* () {
      yield await data;
    })();
  }

  #claim(): void {
    if (this.#streamed) {
      throw new ApplicationError(
        "BODY_CONSUMED",
        "the body has been read as a multipart form: use web.input() or web.parts(), once, and not web.data()",
      );
    }
    this.#streamed = true;
  }
}

async function readAll(environ: Environ, maxBytes: number): Promise<Buffer> {
  if (Number(environ.CONTENT_LENGTH ?? 0) > maxBytes) throw contentTooLarge();
  return wholeBody(environ["wsgi.input"], maxBytes, contentTooLarge);
}
