import { createHash, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../errors.ts";

/** What a web server has to send with each request, kept as a digest: so that neither a log nor a dump shows it. */
export class AjpSecret {
  readonly #digest: Buffer;

  /** @throws {GatewayError} `AJP_SECRET` when it is empty */
  constructor(secret: string) {
    if (typeof secret !== "string" || secret === "") {
      throw new GatewayError(
        "AJP_SECRET",
        'option "secret" is empty; give a long random text, or leave it out',
      );
    }
    this.#digest = digestOf(Buffer.from(secret));
  }

  /** Takes the same time whatever was sent, of code points that are bytes. */
  matches(sent: string | undefined): boolean {
    return timingSafeEqual(digestOf(Buffer.from(sent ?? "", "latin1")), this.#digest);
  }
}

function digestOf(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
