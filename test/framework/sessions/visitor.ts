import type { Application } from "../../../lib/gateway/types.ts";
import type { CallResponse } from "../../../lib/testing/call.ts";
import type { TestRequest } from "../../../lib/testing/request.ts";
import { ask } from "../ask.ts";

/** A client that keeps its cookies, one line of `Set-Cookie` at a time, as RFC 6265 §5.3 tells it to. */
export class Visitor {
  readonly #application: Application;
  readonly cookies = new Map<string, string>();

  constructor(application: Application, cookies: Iterable<readonly [string, string]> = []) {
    this.#application = application;
    for (const [name, value] of cookies) this.cookies.set(name, value);
  }

  async ask(target: string, what: TestRequest = {}): Promise<CallResponse> {
    const sent = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(sent === "" ? {} : { Cookie: sent }), ...what.headers };
    const response = await ask(this.#application, target, { ...what, headers });
    for (const line of setCookies(response)) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/; Max-Age=0(;|$)/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** The body of a response, which must be 200. */
  async json(target: string, what?: TestRequest): Promise<unknown> {
    const { status, text, errors } = await this.ask(target, what);
    if (status !== 200) throw new Error(`${target}: ${status} ${text} ${errors}`);
    return JSON.parse(text);
  }

  /** Another client with the same cookies. */
  copy(): Visitor {
    return new Visitor(this.#application, this.cookies);
  }
}

export function setCookies({ headers }: CallResponse): string[] {
  return headers.filter(([name]) => name === "Set-Cookie").map(([, value]) => value);
}
