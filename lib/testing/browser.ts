// A browser without a screen and without scripts, for an application in this process: it follows links and
// redirects, fills forms, keeps cookies, and says of itself in its requests what a real one says.

import { GatewayError } from "../errors.ts";
import type { Application } from "../gateway/types.ts";
import { BrowserForm, type Submission } from "./browser-form.ts";
import { type BrowserLink, linksOf } from "./browser-link.ts";
import { type Asked, type BrowserOptions, BrowserTransport } from "./browser-transport.ts";
import type { CallResponse, OpenResponse } from "./call.ts";
import type { CookieJar } from "./cookie-jar.ts";
import { encodeMultipart, encodePlain, encodeUrl } from "./form-encoding.ts";
import { type HtmlElement, HtmlPage } from "./html-page.ts";
import { selectElements } from "./html-selector.ts";
import { DEFAULT_POLICY, type ReferrerPolicy, referrerPolicy } from "./referrer.ts";
import type { TestRequest, TestStreamRequest } from "./request.ts";

export interface OpenOptions {
  /** The page, such as `https://elsewhere.example/`, that sends the browser here; left out, the user does. */
  readonly from?: string;
}

/** A page that is shown, and how to ask for it again. */
interface Entry {
  readonly asked: Asked;
  readonly url: URL;
  readonly response: CallResponse;
  readonly page: HtmlPage;
  readonly forms: readonly BrowserForm[];
}

/** How many links or forms a complaint lists. */
const LISTED = 20;

/**
 * A user's browser.
 *
 * @example
 * const browser = await app.browser();
 * await browser.open("/");
 * await browser.follow("Sign in");
 * await browser.form().fill({ name: "Ada", password: "…" }).submit();
 * expect(browser.text).toContain("Hello, Ada");
 */
export class Browser {
  readonly #transport: BrowserTransport;
  #history: Entry[] = [];
  /** Of the entry that is shown. */
  #at = -1;
  #last: CallResponse | undefined;
  #passed: readonly URL[] = [];

  /** @throws {GatewayError} `OPTION`: a host that is none */
  constructor(application: Application, options: BrowserOptions = {}) {
    this.#transport = new BrowserTransport(application, options);
  }

  /** What the application has set. */
  get cookies(): CookieJar {
    return this.#transport.cookies;
  }

  /** The address of the page that is shown. */
  get url(): URL {
    return this.#entry.url;
  }

  /** Path, query and fragment of the address. */
  get path(): string {
    const { pathname, search, hash } = this.url;
    return pathname + search + hash;
  }

  /** The last response, also one that is not shown: a 204, a download. */
  get response(): CallResponse {
    return this.#last ?? this.#entry.response;
  }

  get status(): number {
    return this.response.status;
  }

  /** The redirects that led to the last response. */
  get redirects(): readonly URL[] {
    return this.#passed;
  }

  /** The page as it was sent. */
  get html(): string {
    return this.#entry.response.text;
  }

  get title(): string {
    return this.#entry.page.title;
  }

  /** What can be read on the page, blocks on lines of their own; of another type than HTML the whole text. */
  get text(): string {
    const { response, page } = this.#entry;
    return isHtml(response) ? page.text : response.text;
  }

  /**
   * Opens an address, as a user does that types it.
   *
   * @param target relative to the page that is shown
   * @throws {GatewayError} `LEFT_SITE`: another application answers there; `REDIRECTS`: too many; `CUT`: the
   * application failed in the middle of the body; `ERRORS_LOGGED`, with `fatal`
   */
  open(target: string, { from }: OpenOptions = {}): Promise<CallResponse> {
    return this.#show(this.#asked(target, { from: from === undefined ? undefined : new URL(from) }));
  }

  /**
   * Sends a form that is not on the page: of a script's making, or of another site's with `from`.
   *
   * @param target relative to the page that is shown
   * @throws {GatewayError} as `open()`
   */
  post(target: string, data: TestRequest["data"] = {}, { from }: OpenOptions = {}): Promise<CallResponse> {
    const sender = from === undefined ? this.#shown?.url : new URL(from);
    return this.#show(this.#asked(target, { from: sender, method: "POST", request: { data } }));
  }

  /**
   * Asks as a script of the page does: with its cookies, without showing what comes. With `stream` a response that has
   * no end, such as server-sent events, can be read while it is sent.
   *
   * @throws {GatewayError} as `open()`
   */
  async fetch(target: string, request: TestStreamRequest): Promise<OpenResponse>;
  async fetch(target: string, request?: TestRequest): Promise<CallResponse>;
  async fetch(
    target: string,
    description: TestRequest | TestStreamRequest = {},
  ): Promise<CallResponse | OpenResponse> {
    const { method, ...request } = description;
    const hasBody = [request.data, request.json, request.files].some((body) => body !== undefined);
    const asked = this.#asked(target, {
      from: this.#shown?.url ?? this.#transport.start,
      method: method ?? (hasBody ? "POST" : "GET"),
      mode: "cors",
      request,
    });
    const { response } = await this.#transport.load(asked);
    return response;
  }

  /** The links of the page, in its order. */
  links(): BrowserLink[] {
    return linksOf(this.#entry.page, this.#base());
  }

  /**
   * The first link that fits.
   *
   * @param which what it says, or its `href` as it stands in the page; a regular expression is tried on both
   * @throws {GatewayError} `NO_LINK`
   */
  link(which: string | RegExp): BrowserLink {
    const links = this.links();
    const fits = (text: string): boolean => (which instanceof RegExp ? which.test(text) : text === which);
    const found = links.find(({ text }) => fits(text)) ?? links.find(({ href }) => fits(href));
    if (found !== undefined) return found;
    const said = links.map(({ text, href }) => `"${text}" (${href})`);
    throw this.#missing("NO_LINK", `no link ${shown(which)}`, said);
  }

  /**
   * Follows the first link that fits. One to a place in the page itself asks for nothing.
   *
   * @throws {GatewayError} `NO_LINK`; and as `open()`
   */
  async follow(which: string | RegExp): Promise<CallResponse> {
    const link = this.link(which);
    const entry = this.#entry;
    if (link.url.hash !== "" && isSameDocument(link.url, entry.url)) {
      this.#push({ ...entry, url: link.url });
      return entry.response;
    }
    const asked = this.#asked(link.url.href, { from: entry.url });
    return this.#show(link.noReferrer ? { ...asked, policy: "no-referrer" } : asked);
  }

  /** The forms of the page, in its order. */
  forms(): readonly BrowserForm[] {
    return this.#entry.forms;
  }

  /**
   * A form of the page.
   *
   * @param which its name, its id or its action, or its place counted from 0; left out, the only one
   * @throws {GatewayError} `NO_FORM`: there is none, or more than one to choose from
   */
  form(which?: string | number): BrowserForm {
    const forms = this.forms();
    const fits = (form: BrowserForm, index: number): boolean =>
      which === index || ["name", "id", "action"].some((name) => form.element.attribute(name) === which);
    const [found, second] = which === undefined ? forms : [forms.find(fits)];
    if (found !== undefined && second === undefined) return found;
    const said = forms.map(
      ({ element, names }) => `${startTag(element)} with ${names.join(", ") || "no fields"}`,
    );
    const what =
      which === undefined
        ? found
          ? "more than one form: choose one"
          : "no form"
        : `no form ${shown(which)}`;
    throw this.#missing("NO_FORM", what, said);
  }

  /**
   * The elements that a selector finds on the page.
   *
   * @param selector tags, `.class`, `#id`, `[attribute]`, `[attribute=value]`, and blanks for descendants
   * @throws {GatewayError} `SELECTOR`: it holds anything else
   */
  select(selector: string): HtmlElement[] {
    return selectElements(this.#entry.page, selector);
  }

  /**
   * Goes back to the page before, as it was left, or asks for it again where it was not to be stored.
   *
   * @throws {GatewayError} `NO_PAGE`: there is none
   */
  back(): Promise<CallResponse> {
    return this.#go(-1);
  }

  /**
   * Goes forward again.
   *
   * @throws {GatewayError} `NO_PAGE`: there is none
   */
  forward(): Promise<CallResponse> {
    return this.#go(1);
  }

  /** Asks for the page again; one that came of a form, without a redirect, sends the form again. */
  async reload(): Promise<CallResponse> {
    return this.#replace(this.#at);
  }

  /** Closes the browser and opens it again: cookies without an expiry, and the history, are gone. */
  restart(): void {
    this.cookies.endSession();
    this.#forget();
  }

  /** As a new browser: without cookies and history. */
  reset(): void {
    this.cookies.clear();
    this.#forget();
  }

  #forget(): void {
    this.#history = [];
    this.#at = -1;
    this.#last = undefined;
    this.#passed = [];
  }

  get #shown(): Entry | undefined {
    return this.#history[this.#at];
  }

  get #entry(): Entry {
    const entry = this.#shown;
    if (entry === undefined)
      throw new GatewayError("NO_PAGE", 'the browser shows no page yet: open("/") one');
    return entry;
  }

  /** What relative addresses of the page are relative to. */
  #base(): URL {
    const { page, url } = this.#entry;
    const base = page.elements.find(({ tag, attributes }) => tag === "base" && attributes.has("href"));
    const href = base?.attribute("href") ?? "";
    return URL.canParse(href, url.href) ? new URL(href, url) : url;
  }

  #asked(target: string, how: Partial<Asked>): Asked {
    const base = this.#shown?.url ?? this.#transport.start;
    if (!URL.canParse(target, base.href))
      throw new GatewayError("LEFT_SITE", `${JSON.stringify(target)} is no address`);
    const policy = how.from !== undefined && how.from === this.#shown?.url ? this.#policy() : DEFAULT_POLICY;
    return {
      url: new URL(target, base),
      method: "GET",
      from: undefined,
      policy,
      mode: "navigate",
      request: {},
      ...how,
    };
  }

  #policy(): ReferrerPolicy {
    const { response, page } = this.#entry;
    const meta = page.elements.find(
      ({ tag, attributes }) => tag === "meta" && attributes.get("name")?.toLowerCase() === "referrer",
    );
    return (
      referrerPolicy(meta?.attribute("content")) ??
      referrerPolicy(response.header("Referrer-Policy")) ??
      DEFAULT_POLICY
    );
  }

  async #submit({ action, method, encoding, entries }: Submission): Promise<CallResponse> {
    const { url } = this.#entry;
    const target = new URL(action === "" ? url : new URL(action, this.#base()));
    if (method === "GET") {
      target.search = String(encodeUrl(entries).bytes);
      return this.#show(this.#asked(target.href, { from: url }));
    }
    const encode =
      encoding === "multipart/form-data"
        ? encodeMultipart
        : encoding === "text/plain"
          ? encodePlain
          : encodeUrl;
    const { bytes, type } = await encode(entries);
    const request = { data: bytes, headers: { "Content-Type": type } };
    return this.#show(this.#asked(target.href, { from: url, method, request }));
  }

  async #show(asked: Asked): Promise<CallResponse> {
    const entry = await this.#loadPage(asked);
    if (entry !== undefined) this.#push(entry);
    return this.response;
  }

  #push(entry: Entry): void {
    this.#history.splice(++this.#at, this.#history.length, entry);
  }

  async #go(step: number): Promise<CallResponse> {
    const entry = this.#history[this.#at + step];
    if (entry === undefined) {
      throw new GatewayError("NO_PAGE", `there is no page ${step < 0 ? "before" : "behind"} this one`);
    }
    const stored = !/\bno-store\b/i.test(entry.response.header("Cache-Control") ?? "");
    if (!stored) return this.#replace(this.#at + step);
    this.#at += step;
    this.#last = undefined;
    return entry.response;
  }

  async #replace(at: number): Promise<CallResponse> {
    const entry = await this.#loadPage((this.#history[at] ?? this.#entry).asked);
    if (entry !== undefined) {
      this.#history[at] = entry;
      this.#at = at;
    }
    return this.response;
  }

  /** The page at an address; `undefined` where a browser goes on showing the one it shows. */
  async #loadPage(asked: Asked): Promise<Entry | undefined> {
    const { response: loaded, asked: last, passed } = await this.#transport.load(asked);
    const response = loaded as CallResponse;
    this.#last = response;
    this.#passed = passed;
    const attached = /^\s*attachment\b/i.test(response.header("Content-Disposition") ?? "");
    if (response.status === 204 || response.status === 205 || attached) return undefined;
    const page = new HtmlPage(isHtml(response) ? response.text : "");
    const forms = page.elements
      .filter(({ tag }) => tag === "form")
      .map((element) => new BrowserForm(page, element, (submission) => this.#submit(submission)));
    return { asked: last, url: last.url, response, page, forms };
  }

  #missing(code: string, what: string, found: readonly string[]): GatewayError {
    const { url, response } = this.#entry;
    const list = found.slice(0, LISTED).join(", ") || "none";
    const more = found.length > LISTED ? `, and ${found.length - LISTED} more` : "";
    return new GatewayError(
      code,
      `${what} on ${url.href} (${response.status} ${response.reason}): there are ${list}${more}`,
    );
  }
}

function isSameDocument(one: URL, other: URL): boolean {
  return one.href.replace(/#.*/s, "") === other.href.replace(/#.*/s, "");
}

function isHtml(response: CallResponse): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(response.header("Content-Type") ?? "");
}

function startTag({ html }: HtmlElement): string {
  return html.slice(0, html.indexOf(">") + 1);
}

function shown(which: string | number | RegExp): string {
  return typeof which === "string" ? JSON.stringify(which) : String(which);
}
