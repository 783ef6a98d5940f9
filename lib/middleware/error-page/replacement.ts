import { inspect } from "node:util";
import { ProtocolError } from "../../errors.ts";
import type { Application, Body, Chunk, Environ, StartResponse } from "../../gateway/types.ts";
import { isFileBody } from "../response-filter/body-kinds.ts";
import { HeaderList } from "../response-filter/header-list.ts";
import type { ResponseHead } from "../response-filter.ts";
import { kindFor, type PageError, standardPage, TYPES } from "./page.ts";
import { hasMarkup, isShort, plainnessOf, readShort, textOf } from "./plain-body.ts";
import type { Content, Source } from "./source.ts";

/** What describes a body, and not the response (RFC 9110 §8 and §14). */
const CONTENT_HEADERS = [
  "Content-Type",
  "Content-Length",
  "Content-Language",
  "Content-Location",
  "Content-Disposition",
  "Accept-Ranges",
  "ETag",
  "Last-Modified",
];

/** What goes out in the place of an application's bodies and of its failures. */
export class Replacement {
  readonly #application: Application;
  readonly #sources: ReadonlyMap<number, Source>;
  readonly #others: boolean;

  constructor(application: Application, sources: ReadonlyMap<number, Source>, others: boolean) {
    this.#application = application;
    this.#sources = sources;
    this.#others = others;
  }

  /** The body itself where it is none of ours. */
  ofBody(head: ResponseHead, body: Body): Body | Promise<Body> {
    if (!this.#isOurs(head) || isFileBody(body)) return body;
    if (Array.isArray(body)) return isShort(body) ? this.#replace(head, body) : body;
    return readShort(body).then((read) => (Array.isArray(read) ? this.#replace(head, read) : read));
  }

  /** @throws the error itself where the server has the better word about it */
  ofFailure(environ: Environ, startResponse: StartResponse, error: unknown): Body | Promise<Body> {
    const isLeft =
      error instanceof ProtocolError ||
      environ["postern.debug"] === true ||
      environ["postern.signal"].aborted ||
      !(this.#others || this.#sources.has(500));
    if (isLeft) throw error;
    const page = {
      status: 500,
      reason: "Internal Server Error",
      detail: "",
      kind: kindFor(environ),
      environ,
    };
    const send = (content: Content = standardContent(page)): Body => {
      const headers = new HeaderList([["Content-Type", content.type]]);
      headers.vary("Accept");
      startResponse("500 Internal Server Error", headers.list, asError(error));
      environ["wsgi.errors"].write(`${inspect(error)}\n`);
      return [...content.chunks];
    };
    const content = this.#contentOf(page);
    return content instanceof Promise ? content.then(send) : send(content);
  }

  #isOurs({ code, headers, environ }: ResponseHead): boolean {
    if (code < 400 || plainnessOf(headers) === undefined || !(this.#others || this.#sources.has(code)))
      return false;
    // The debug page's trace is plain text too.
    return code !== 500 || environ["postern.debug"] !== true;
  }

  #replace(head: ResponseHead, chunks: Chunk[]): Body | Promise<Body> {
    const { environ, code: status } = head;
    const detail = textOf(chunks);
    const isText = plainnessOf(head.headers) === "text";
    if (!isText && hasMarkup(detail)) return chunks;
    const page = { status, reason: head.status.slice(4), detail, kind: kindFor(environ), environ };
    const put = (found: Content | undefined): Body => {
      head.headers.vary("Accept");
      // Plain text for whoever wants plain text is there already.
      if (found === undefined && page.kind === "text" && isText && detail !== "") return chunks;
      const content = found ?? standardContent(page);
      for (const name of CONTENT_HEADERS) head.headers.remove(name);
      head.headers.add("Content-Type", content.type);
      return [...content.chunks];
    };
    const content = this.#contentOf(page);
    return content instanceof Promise ? content.then(put) : put(content);
  }

  /** Of a page that fails itself the log is told, and the client gets the standard page. */
  #contentOf(page: PageError): Content | undefined | Promise<Content | undefined> {
    const failed = (error: unknown): undefined => {
      page.environ["wsgi.errors"].write(`the page of status ${page.status} failed: ${inspect(error)}\n`);
    };
    try {
      const content = this.#sources.get(page.status)?.(page, this.#application);
      return content instanceof Promise ? content.catch(failed) : content;
    } catch (error) {
      return failed(error);
    }
  }
}

function standardContent(page: PageError): Content {
  return { type: TYPES[page.kind], chunks: [standardPage(page)] };
}

/** The third argument of `startResponse` is an error, whatever was thrown. */
function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error("the application failed", { cause: thrown });
}
