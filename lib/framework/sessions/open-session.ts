// One request's hold of a session: what was stored when it came, what becomes of it, and the cookie that follows.

import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ApplicationError } from "../../errors.ts";
import type { CookieOptions } from "../cookies.ts";
import { serviceUnavailable } from "../responses.ts";
import type { Web } from "../web.ts";
import { SessionContents, sizeOf } from "./contents.ts";
import type { SessionSettings } from "./options.ts";
import type { Outage } from "./outage.ts";
import type { Flash, Session, SessionControls } from "./session.ts";
import { newSessionId } from "./session-id.ts";
import type { SessionKeep, SessionStore, StoredSession } from "./store.ts";
import type { Turns } from "./turns.ts";
import { checkKey, textOf } from "./value-text.ts";

const ADDRESS = "@ip";
const FLASH = "@flash.";

/** A use counts when so long has passed since the last one that did, in milliseconds, or a tenth of the timeout. */
const TOUCH_MS = 60_000;

/** So often `update()` begins again because another process was faster. */
const MAX_TRIES = 200;

/** What all requests have in common. */
export interface SessionHouse {
  readonly settings: SessionSettings;
  readonly outage: Outage;
  readonly updates: Turns;
}

export class OpenSession {
  readonly isNew: boolean;
  readonly isExpired: boolean;
  readonly #web: Web;
  readonly #house: SessionHouse;
  readonly #keep: SessionKeep;
  readonly #controls: SessionControls<Record<string, unknown>>;
  readonly #contents: SessionContents;
  /** Where the store has it; `undefined`: nowhere. */
  #storedId: string | undefined;
  /** Where it is to be. */
  #id: string;
  #remainingMs: number;
  #killed: string[] = [];
  #isUpdated = false;

  /** @param stored - the session that `keep.id` names, if there is one */
  constructor(web: Web, house: SessionHouse, keep: SessionKeep, stored: StoredSession | undefined) {
    this.#web = web;
    this.#house = house;
    this.#keep = keep;
    this.isNew = stored === undefined;
    this.isExpired = this.isNew && keep.id !== undefined;
    this.#storedId = stored === undefined ? undefined : keep.id;
    this.#id = this.#storedId ?? newSessionId();
    this.#remainingMs = stored?.remainingMs ?? 0;
    this.#controls = this.#makeControls();
    this.#contents = new SessionContents(stored?.values ?? new Map(), this.#controls, () => {
      this.#checkChangeable();
    });
    this.#initialise();
  }

  get view(): Session<object> {
    return this.#contents.view as Session<object>;
  }

  /** Whether it began at another address than the request comes from. */
  get isElsewhere(): boolean {
    return !this.isNew && this.#contents.own(ADDRESS) !== this.#address();
  }

  /**
   * Stores what has changed. Once the head has gone, that must be nothing that needs a cookie.
   *
   * @throws HttpResponse 503: the store does not work
   * @throws ApplicationError `SESSION_VALUE`, `SESSION_SIZE`, `SESSION_HEAD_SENT`
   */
  async save(): Promise<void> {
    const texts = this.#contents.texts();
    const changes = this.#contents.changes(texts);
    if (changes.size > 0) {
      this.#checkChangeable();
      this.#checkSize(texts);
    }
    const killed = this.#killed;
    this.#killed = [];
    for (const id of killed) await this.#ask((store) => store.delete(id));
    if (this.#storedId !== undefined) await this.#change(this.#storedId, texts, changes);
    else if (changes.size > 0) await this.#create(texts);
    else if (killed.length > 0) this.forgetCookie();
    this.#contents.settleAll(texts);
  }

  /** Makes the client forget its cookie. */
  forgetCookie(): void {
    if (!this.#web.headSent) this.#web.deleteCookie(this.#house.settings.cookieName, this.#cookieOptions());
  }

  async #create(texts: Map<string, string>): Promise<void> {
    if (!this.#house.settings.ignoreChangeIp) texts.set(ADDRESS, this.#address());
    await this.#ask((store) => store.create(this.#id, texts, this.#lifetimeMs));
    this.#storedId = this.#id;
    this.#remainingMs = this.#lifetimeMs;
    this.#sendCookie();
  }

  async #change(
    id: string,
    texts: ReadonlyMap<string, string>,
    changes: Map<string, string | null>,
  ): Promise<void> {
    const isMoved = this.#id !== id;
    if (isMoved) {
      if (!(await this.#move(id))) return this.#replant(texts, changes);
      this.#storedId = this.#id;
      if (!this.#house.settings.ignoreChangeIp) changes.set(ADDRESS, this.#address());
    }
    const isUsed = changes.size > 0 || this.#isTouchDue();
    // Where it was ended meanwhile, it stays so, and the changes go with it.
    if (isUsed) await this.#merge(id, changes);
    if (isUsed) this.#remainingMs = this.#lifetimeMs;
    if (isMoved) this.#sendCookie();
    else if (isUsed || this.#isUpdated) this.#renewCookie();
    this.#isUpdated = false;
  }

  // A store that is late may still do it when the client has been told that it failed.
  async #move(id: string): Promise<boolean> {
    let moving: Promise<boolean> | undefined;
    try {
      return await this.#ask((store) => {
        moving = store.rename(id, this.#id);
        return moving;
      });
    } catch (error) {
      const takeBack = (): Promise<boolean> => this.#keep.store.rename(this.#id, id);
      moving?.then(takeBack, takeBack).catch(() => {});
      throw error;
    }
  }

  // The client hears of a new id only where all went well: else it must find its session under the old one.
  async #merge(id: string, changes: ReadonlyMap<string, string | null>): Promise<void> {
    try {
      await this.#ask((store) => store.merge(this.#id, changes, this.#lifetimeMs));
    } catch (error) {
      if (this.#id !== id) await this.#ask((store) => store.rename(this.#id, id)).catch(() => {});
      throw error;
    }
  }

  /**
   * The session to move was ended while this request ran: by `kill()`, or because somebody logged in twice at once. What it
   * had must not come back; what this request has set begins a new one.
   */
  async #replant(
    texts: ReadonlyMap<string, string>,
    changes: ReadonlyMap<string, string | null>,
  ): Promise<void> {
    this.#storedId = undefined;
    const planted = this.#contents.untouched(texts);
    for (const [key, text] of changes) if (text !== null) planted.set(key, text);
    if (changes.size > 0) await this.#create(planted);
  }

  async #update(key: string, change: (value: unknown) => unknown): Promise<unknown> {
    checkKey(key, this.#controls);
    this.#checkChangeable();
    const id = this.#storedId;
    if (id === undefined) {
      const values = this.view as Record<string, unknown>;
      values[key] = change(values[key]);
      return values[key];
    }
    const { storeTimeoutMs } = this.#house.settings;
    const deadline = performance.now() + storeTimeoutMs;
    return this.#house.updates.take(id, async () => {
      // Behind others that got no answer, each would wait as long as they together.
      if (performance.now() > deadline) {
        await this.#ask(() => Promise.reject(new Error(`no turn in ${storeTimeoutMs} ms`)));
      }
      return this.#updateStored(id, key, change);
    });
  }

  async #updateStored(id: string, key: string, change: (value: unknown) => unknown): Promise<unknown> {
    await this.#storeFirst(id, key);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const before = this.#contents.stored(key);
      const value = change(before === null ? this.#contents.initial(key) : JSON.parse(before));
      const after = textOf(key, value);
      if (after !== before) {
        this.#checkSize(this.#contents.texts());
        const isDone = await this.#ask((store) => store.replace(id, key, before, after, this.#lifetimeMs));
        if (!isDone && (await this.#isBehind(id, key, tries))) continue;
        this.#isUpdated = true;
      }
      this.#contents.settle(key, after);
      return this.#contents.value(key);
    }
    throw serviceUnavailable();
  }

  /** What the handler has set without `update()` counts before it. */
  async #storeFirst(id: string, key: string): Promise<void> {
    const text = textOf(key, this.#contents.value(key));
    const initial = this.#contents.stored(key) === null ? textOf(key, this.#contents.initial(key)) : null;
    if (text === this.#contents.stored(key) || text === initial) return;
    await this.#ask((store) => store.merge(id, new Map([[key, text]]), this.#lifetimeMs));
    this.#isUpdated = true;
    this.#contents.settle(key, text);
  }

  /** Takes over what another process has stored. A session that was ended has no one to be behind. */
  async #isBehind(id: string, key: string, tries: number): Promise<boolean> {
    // Processes that always meet would meet again.
    if (tries > 0) await sleep(Math.random() * Math.min(tries, 20));
    const stored = await this.#ask((store) => store.read(id), "read");
    if (stored === undefined) return false;
    this.#contents.settle(key, stored.values.get(key) ?? null);
    return true;
  }

  #regenerate(): void {
    this.#checkCookie();
    this.#id = newSessionId();
  }

  #kill(): void {
    if (this.#keep.isCookie) this.#checkCookie();
    if (this.#storedId !== undefined) this.#killed.push(this.#storedId);
    this.#storedId = undefined;
    this.#id = newSessionId();
    this.#contents.clear();
    this.#initialise();
  }

  // Each value has a key of its own, so that two requests never lose each other's; the time puts them in order.
  #flash(kind: string, value: unknown): void {
    this.#checkChangeable();
    const text = textOf("flash", [kind, value]);
    const time = Date.now().toString().padStart(15, "0");
    const count = this.#contents.ownKeys(FLASH).length.toString().padStart(5, "0");
    if (text !== null)
      this.#contents.setOwn(`${FLASH}${time}.${count}.${randomBytes(4).toString("hex")}`, text);
  }

  #flashes(wanted?: string): Flash[] {
    const taken: Flash[] = [];
    for (const key of this.#contents.ownKeys(FLASH)) {
      const [kind, value] = JSON.parse(this.#contents.own(key) ?? "[]");
      if (wanted !== undefined && kind !== wanted) continue;
      this.#checkChangeable();
      this.#contents.setOwn(key, undefined);
      taken.push({ kind, value });
    }
    return taken;
  }

  get #lifetimeMs(): number {
    return this.#house.settings.timeoutMs;
  }

  #isTouchDue(): boolean {
    const left = this.#remainingMs;
    return left > this.#lifetimeMs || left < this.#lifetimeMs - Math.min(this.#lifetimeMs / 10, TOUCH_MS);
  }

  #initialise(): void {
    const { initializer } = this.#house.settings;
    if (initializer === undefined) return;
    this.#contents.initialise(typeof initializer === "function" ? initializer(this.#web) : initializer);
  }

  #address(): string {
    return JSON.stringify(this.#web.ctx.ip);
  }

  #ask<A>(call: (store: SessionStore) => Promise<A>, kind: "read" | "write" = "write"): Promise<A> {
    return this.#house.outage.ask(this.#web, kind, () => call(this.#keep.store));
  }

  #renewCookie(): void {
    if (this.#web.headSent) return;
    if (this.#keep.isCookie || this.#house.settings.cookieMaxAge !== undefined) this.#sendCookie();
  }

  #sendCookie(): void {
    const { cookieName, cookieMaxAge } = this.#house.settings;
    const options = this.#cookieOptions();
    if (cookieMaxAge !== undefined) options.maxAge = cookieMaxAge;
    this.#web.setCookie(cookieName, this.#keep.cookieFor(this.#id), options);
  }

  #cookieOptions(): CookieOptions {
    const { cookieAttributes, pathOf } = this.#house.settings;
    return { ...cookieAttributes, path: pathOf(this.#web) };
  }

  /** @throws ApplicationError `SESSION_SIZE` */
  #checkSize(texts: ReadonlyMap<string, string>): void {
    const { maxBytes } = this.#house.settings;
    const size = sizeOf(texts);
    if (size <= maxBytes) return;
    throw new ApplicationError(
      "SESSION_SIZE",
      `the session takes ${size} bytes and maxBytes is ${maxBytes}: keep what is large elsewhere, and its key here`,
    );
  }

  /** @throws ApplicationError `SESSION_HEAD_SENT` */
  #checkChangeable(): void {
    if (this.#storedId === undefined || this.#keep.isCookie) this.#checkCookie();
  }

  #checkCookie(): void {
    if (!this.#web.headSent) return;
    throw new ApplicationError(
      "SESSION_HEAD_SENT",
      "this needs a cookie, and the head of the response has gone out: do it before a stream gives its first chunk",
    );
  }

  #makeControls(): SessionControls<Record<string, unknown>> {
    const session = this;
    return Object.freeze({
      __proto__: null,
      get id() {
        return session.#id;
      },
      isNew: this.isNew,
      isExpired: this.isExpired,
      update: (key: string, change: (value: unknown) => unknown) => this.#update(key, change),
      regenerate: () => this.#regenerate(),
      kill: () => this.#kill(),
      flash: (kind: string, value: unknown) => this.#flash(kind, value),
      flashes: (kind?: string) => this.#flashes(kind),
    });
  }
}
