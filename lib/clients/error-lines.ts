import { StringDecoder } from "node:string_decoder";

/** A line is handed on at the latest when it is this long. */
const MAX_LINE = 8_192;

/** What comes for the log in pieces, handed on in whole lines: other requests may share the log. */
export class ErrorLines {
  readonly #put: (text: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(put: (text: string) => void) {
    this.#put = put;
  }

  push(bytes: Buffer): void {
    this.#rest += this.#decoder.write(bytes);
    const end = this.#rest.lastIndexOf("\n") + 1;
    if (end > 0) this.#put(this.#rest.slice(0, end));
    this.#rest = this.#rest.slice(end);
    if (this.#rest.length > MAX_LINE) this.end();
  }

  /** Hands on what is left, as a line. */
  end(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = "";
    if (rest !== "") this.#put(`${rest}\n`);
  }
}
