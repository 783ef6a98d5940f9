// Pages for statuses of errors, in the place of bodies that are empty or a line of text.

import { checkOptions } from "../gateway/option-names.ts";
import type { Middleware } from "../gateway/types.ts";
import { guarded } from "./error-page/guarded-body.ts";
import type { PageError, PageKind } from "./error-page/page.ts";
import { Replacement } from "./error-page/replacement.ts";
import { type PageSource, sourceOf } from "./error-page/source.ts";
import { filterResponse } from "./response-filter.ts";

export type { PageError, PageKind, PageSource };

export interface ErrorPageOptions {
  /**
   * Pages by status.
   *
   * @defaultValue none: the standard page, which shows the status and the application's text
   */
  pages?: Readonly<Record<number, PageSource>> | undefined;

  /**
   * Whether statuses from 400 on that `pages` does not name get the standard page; else they stay as they are.
   *
   * @defaultValue `true`
   */
  others?: boolean | undefined;
}

/**
 * Gives errors a page, as HTML, JSON (RFC 9457) or plain text, whichever the client takes best. The status stays, and so
 * do the headers that do not describe the body. Replaced are bodies of at most 4 KiB that are empty, plain text, or HTML
 * without any markup, as the framework's own are; an application's page stays, and plain text for clients that want that.
 *
 * An error that the application throws before anything was sent is logged to `wsgi.errors` and gets the page of 500. Left to
 * the server are those of the client (`ProtocolError`), which have statuses of their own, those after the client has
 * gone, and all of them under the debug page, which says more: put that outside.
 *
 * @example
 * const app = errorPage({ pages: { 404: { file: new URL("404.html", import.meta.url) } } })(application);
 *
 * @throws {GatewayError} `OPTION` when a status or a page is none
 */
export function errorPage(options: ErrorPageOptions = {}): Middleware {
  checkOptions("errorPage()", options, { pages: true, others: true });
  const { pages = {}, others = true } = options;
  const sources = new Map(Object.entries(pages).map(([code, source]) => sourceOf(code, source)));
  return (application) => {
    const replacement = new Replacement(application, sources, others);
    return (environ, startResponse) => {
      const { SCRIPT_NAME, PATH_INFO } = environ;
      // What the application has mounted moves the two; a page is about what this application was asked for.
      const restore = (): void => void Object.assign(environ, { SCRIPT_NAME, PATH_INFO });
      const failed = (error: unknown) => {
        restore();
        return replacement.ofFailure(environ, startResponse, error);
      };
      try {
        const body = filterResponse(application, environ, startResponse, (head, content) => {
          if (head.code >= 400) restore();
          return replacement.ofBody(head, content);
        });
        return body instanceof Promise
          ? body.then((settled) => guarded(settled, failed), failed)
          : guarded(body, failed);
      } catch (error) {
        return failed(error);
      }
    };
  };
}
