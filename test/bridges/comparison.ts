// One request, as it is sent to a framework's application twice: over node:http, and over FastCGI.

import { type IncomingHttpHeaders, request } from "node:http";

export interface Call {
  /** What the test is called, where method and target do not say it. */
  readonly name?: string;
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
  /** Sent without its length. */
  readonly chunked?: boolean;
  /** The status that both must have. */
  readonly status: number;
  /** A cookie that an earlier response set is sent. */
  readonly jar?: boolean;
  /** What a web server in front answers by itself, or changes. */
  readonly notBehindNginx?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** All but those of the connection, and the date. */
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly complete: boolean;
}

/** Those that belong to the connection, and the two that every web server adds on its own. */
const IGNORED = new Set(["connection", "keep-alive", "transfer-encoding", "date", "server"]);

export class Visitor {
  readonly #port: number;
  #cookie = "";

  constructor(port: number) {
    this.#port = port;
  }

  async ask(call: Call): Promise<Answer> {
    const { method = "GET", target: path, body, chunked = false } = call;
    const headers: Record<string, string | string[]> = { Host: "www.example.test", ...call.headers };
    if (call.jar && this.#cookie !== "") headers["Cookie"] = this.#cookie;
    if (body !== undefined && !chunked) headers["Content-Length"] = String(Buffer.byteLength(body));
    const answer = await new Promise<Answer>((resolve, reject) => {
      const sent = request({ port: this.#port, method, path, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", () => {});
        response.on("close", () =>
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? "",
            headers: response.headers,
            rawHeaders: withoutIgnored(response.rawHeaders),
            body: Buffer.concat(chunks),
            complete: response.complete,
          }),
        );
      });
      sent.on("error", reject);
      if (chunked && body !== undefined) sent.write(body);
      sent.end(chunked ? undefined : body);
    });
    const cookies = answer.headers["set-cookie"];
    if (call.jar && cookies !== undefined)
      this.#cookie = cookies.map((cookie) => cookie.replace(/;.*/, "")).join("; ");
    return answer;
  }
}

/** In small letters, in the order of their names; those of one name stay in theirs. */
function withoutIgnored(raw: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? "";
    if (!IGNORED.has(name)) lines.push(`${name}: ${raw[at + 1]}`);
  }
  return lines.sort((one, other) => compare(nameOf(one), nameOf(other)));
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":"));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** What is compared. */
export function visible({ status, reason, rawHeaders, body, complete }: Answer): object {
  return {
    status,
    reason,
    headers: rawHeaders,
    size: body.length,
    body: body.toString("latin1").slice(0, 4000),
    complete,
  };
}
