// An AJP 1.3 client for tests, in the place of the web server. Numbers and layouts are typed from the protocol's
// reference and not taken from lib, so that a mistake there cannot cancel out here.

import { once } from "node:events";
import { connect, type NetConnectOpts, type Socket } from "node:net";

export const SEND_BODY_CHUNK = 3;
export const SEND_HEADERS = 4;
export const END_RESPONSE = 5;
export const GET_BODY_CHUNK = 6;
export const CPONG = 9;

/** "AB" and two bytes of length. */
const HEADER_BYTES = 4;
/** What a data packet of 8,192 bytes carries. */
export const DATA_BYTES = 8_186;

const METHODS =
  "OPTIONS GET HEAD POST PUT DELETE TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK ACL REPORT VERSION-CONTROL " +
  "CHECKIN CHECKOUT UNCHECKOUT SEARCH MKWORKSPACE UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY";
const methods = METHODS.split(" ");

/** The names that mod_proxy_ajp and mod_jk send as numbers, the first of which is A001. */
const HEADERS =
  "accept accept-charset accept-encoding accept-language authorization connection content-type content-length cookie " +
  "cookie2 host pragma referer user-agent";
const headerNames = HEADERS.split(" ");

export type Pair = readonly [name: string, value: string];

/** A header; `spelled` sends the name as a string though it has a number. */
export type AjpHeader = readonly [name: string, value: string | null, spelled?: "spelled" | undefined];

/** An attribute: its number and its strings, or a number of two bytes. */
export type AjpAttribute = readonly [code: number, ...values: (string | null | number)[]];

export const QUERY_STRING = 0x05;
export const REQ_ATTRIBUTE = 0x0a;
export const SECRET = 0x0c;
export const STORED_METHOD = 0x0d;

export interface AjpHead {
  readonly method?: string;
  readonly uri?: string | null;
  readonly headers?: readonly AjpHeader[];
  readonly attributes?: readonly AjpAttribute[];
  readonly protocol?: string | null;
  readonly remoteAddress?: string | null;
  readonly remoteHost?: string | null;
  readonly serverName?: string | null;
  readonly serverPort?: number;
  readonly isSecure?: boolean;
}

export interface AjpPacket {
  readonly type: number;
  /** What follows the type. */
  readonly content: Buffer;
}

/** What came for one request. */
export interface AjpReply {
  readonly status: number;
  readonly message: string;
  readonly headers: readonly Pair[];
  readonly body: Buffer;
  /** Lengths of GET_BODY_CHUNK. */
  readonly asked: readonly number[];
  /** Undefined when the connection ended without END_RESPONSE. */
  readonly reuse: boolean | undefined;
}

export function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

/** A length, the bytes, a NUL; FFFF alone for a null string. */
export function string(text: string | null): Buffer {
  if (text === null) return u16(0xffff);
  return Buffer.concat([u16(text.length), Buffer.from(text, "latin1"), Buffer.of(0)]);
}

/** A packet of the web server. */
export function packet(...payload: Uint8Array[]): Buffer {
  const content = Buffer.concat(payload);
  return Buffer.concat([Buffer.of(0x12, 0x34), u16(content.length), content]);
}

export function dataPacket(data: Uint8Array): Buffer {
  return packet(u16(data.length), data);
}

/** What mod_jk ends a body with, and lighttpd sends behind every request without one. */
export const EMPTY_PACKET = packet();

export const CPING = packet(Buffer.of(0x0a));

/** The attributes in the order given, with the end behind them. */
function attributesOf(attributes: readonly AjpAttribute[]): Buffer[] {
  const parts = attributes.map(([code, ...values]) =>
    Buffer.concat([
      Buffer.of(code),
      ...values.map((value) => (typeof value === "number" ? u16(value) : string(value))),
    ]),
  );
  return [...parts, Buffer.of(0xff)];
}

/** A header as the web servers send it: its number where it has one. */
function header([name, value, spelled]: AjpHeader): Buffer {
  const number = spelled === undefined ? headerNames.indexOf(name.toLowerCase()) + 1 : 0;
  return Buffer.concat([number === 0 ? string(name) : Buffer.of(0xa0, number), string(value)]);
}

/** FORWARD_REQUEST, by default as for `GET /`. */
export function forwardRequest(head: AjpHead = {}): Buffer {
  const { method = "GET", uri = "/", headers = [], attributes = [] } = head;
  const number = methods.indexOf(method) + 1;
  return packet(
    Buffer.of(0x02, number === 0 ? 0xff : number),
    string(orDefault(head.protocol, "HTTP/1.1")),
    string(uri),
    string(orDefault(head.remoteAddress, "192.0.2.7")),
    string(orDefault(head.remoteHost, null)),
    string(orDefault(head.serverName, "localhost")),
    u16(head.serverPort ?? 80),
    Buffer.of(head.isSecure === true ? 1 : 0),
    u16(headers.length),
    ...headers.map(header),
    ...attributesOf(number === 0 ? [...attributes, [STORED_METHOD, method]] : attributes),
  );
}

/** What is null stays null. */
function orDefault(text: string | null | undefined, byDefault: string | null): string | null {
  return text === undefined ? byDefault : text;
}

/** FORWARD_REQUEST of a POST whose body has this length. */
export function post(uri: string, length: number, more: AjpHead = {}): Buffer {
  const headers: AjpHeader[] = [...(more.headers ?? []), ["Content-Length", String(length)]];
  return forwardRequest({ method: "POST", uri, ...more, headers });
}

/** FORWARD_REQUEST of a POST whose body has a length that nobody knows. */
export function postChunked(uri: string, more: AjpHead = {}): Buffer {
  return forwardRequest({ method: "POST", uri, ...more, headers: [["Transfer-Encoding", "chunked"]] });
}

/** What `SEND_HEADERS` holds, whose names may be numbers. */
function readHead(content: Buffer): { status: number; message: string; headers: Pair[] } {
  const names =
    "Content-Type Content-Language Content-Length Date Last-Modified Location Set-Cookie Set-Cookie2 Servlet-Engine " +
    "Status WWW-Authenticate";
  let at = 0;
  const number = (): number => {
    at += 2;
    return content.readUInt16BE(at - 2);
  };
  const text = (length: number): string => {
    at += length + 1;
    if (content[at - 1] !== 0) throw new Error("a string without a NUL behind it");
    return content.toString("latin1", at - length - 1, at - 1);
  };
  const name = (): string => {
    const length = number();
    if (length < 0xa000) return text(length);
    const coded = names.split(" ")[length - 0xa001];
    if (coded === undefined) throw new Error(`no header has the number ${length.toString(16)}`);
    return coded;
  };
  const status = number();
  const message = text(number());
  const headers: Pair[] = [];
  for (let left = number(); left > 0; left--) headers.push([name(), text(number())]);
  if (at !== content.length) throw new Error("bytes behind the headers");
  return { status, message, headers };
}

export class AjpClient {
  /** All that came, in its order. */
  readonly received: AjpPacket[] = [];
  /** The longest packet that came, with its header. */
  longest = 0;
  readonly #socket: Socket;
  readonly #waiting = new Set<() => void>();
  #rest = Buffer.alloc(0);
  #closed = false;
  /** What is left of a body that is sent as it is asked for. */
  #body: Uint8Array | undefined;
  #dataBytes = DATA_BYTES;

  /** Resolves once it is connected. */
  static async connect(address: NetConnectOpts): Promise<AjpClient> {
    const socket = connect({ allowHalfOpen: true, ...address });
    await once(socket, "connect");
    return new AjpClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    // A reset ends the connection as an end does; what has come so far counts.
    socket.on("error", () => {});
    socket.on("end", () => this.#close());
    socket.on("close", () => this.#close());
  }

  /** Sends bytes as they are. The promise settles when they are all on their way, or the peer has gone. */
  async send(...bytes: Uint8Array[]): Promise<void> {
    for (const piece of bytes) {
      if (this.#socket.destroyed) return;
      await new Promise<void>((resolve) => this.#socket.write(piece, () => resolve()));
    }
  }

  /**
   * Sends a body from now on as GET_BODY_CHUNK asks for it, and its end behind it. A body whose length was announced
   * begins unasked, as the web servers do it.
   */
  async feed(body: Uint8Array, { unasked = true, dataBytes = DATA_BYTES } = {}): Promise<void> {
    this.#body = body;
    this.#dataBytes = dataBytes;
    if (unasked && body.length > 0) await this.send(this.#nextData(dataBytes));
  }

  /** A request with its body, and what came for it. */
  async ask(head: AjpHead, body: Uint8Array = Buffer.alloc(0)): Promise<AjpReply> {
    const { headers = [], ...rest } = head;
    const length: Pair[] = body.length > 0 ? [["Content-Length", String(body.length)]] : [];
    await this.send(forwardRequest({ ...rest, headers: [...headers, ...length] }));
    await this.feed(body);
    return this.reply();
  }

  /** Sends FIN and goes on reading. */
  end(): void {
    this.#socket.end();
  }

  /** Goes away at once, as a web server does whose client has gone. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Stops and starts reading, for a peer that does not take what it is sent. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The first packet of a type, waiting for it where it has not come yet; undefined when the connection ends first. */
  async packet(type: number): Promise<AjpPacket | undefined> {
    for (;;) {
      const found = this.received.find((one) => one.type === type);
      if (found !== undefined || this.#closed) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Settles when so many packets of a type have come, or the connection has ended. */
  async packets(type: number, count: number): Promise<void> {
    while (this.received.filter((one) => one.type === type).length < count && !this.#closed) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Settles when the server has ended the connection. */
  async closed(): Promise<void> {
    while (!this.#closed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Everything up to END_RESPONSE or the end of the connection. Takes it out of `received`. */
  async reply(): Promise<AjpReply> {
    const last = await this.packet(END_RESPONSE);
    const end = last === undefined ? this.received.length : this.received.indexOf(last) + 1;
    const own = this.received.splice(0, end);
    const of = (type: number) => own.filter((one) => one.type === type).map((one) => one.content);
    const [head, ...more] = of(SEND_HEADERS);
    if (more.length > 0) throw new Error("two heads of one response");
    const none = { status: 0, message: "", headers: [] };
    return {
      ...(head === undefined ? none : readHead(head)),
      body: Buffer.concat(of(SEND_BODY_CHUNK).map((content) => content.subarray(2, -1))),
      asked: of(GET_BODY_CHUNK).map((content) => content.readUInt16BE(0)),
      reuse: last && last.content[0] === 1,
    };
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= HEADER_BYTES) {
      if (this.#rest.toString("latin1", 0, 2) !== "AB")
        throw new Error("a packet that does not begin with AB");
      const end = HEADER_BYTES + this.#rest.readUInt16BE(2);
      if (this.#rest.length < end) break;
      this.longest = Math.max(this.longest, end);
      this.#receive({ type: this.#rest.readUInt8(4), content: this.#rest.subarray(5, end) });
      this.#rest = this.#rest.subarray(end);
    }
    this.#wake();
  }

  #receive(one: AjpPacket): void {
    if (one.type === SEND_BODY_CHUNK && one.content.length !== one.content.readUInt16BE(0) + 3) {
      throw new Error("a body chunk whose length lies");
    }
    this.received.push(one);
    if (one.type === GET_BODY_CHUNK && this.#body !== undefined) {
      void this.send(this.#nextData(one.content.readUInt16BE(0)));
    }
  }

  #nextData(asked: number): Buffer {
    const body = this.#body ?? Buffer.alloc(0);
    const data = body.subarray(0, Math.min(asked, this.#dataBytes));
    this.#body = body.subarray(data.length);
    return dataPacket(data);
  }

  #close(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
